"""What a search has spent before its find is a candidate."""

import dataclasses

from deeplab_nas.engine.configs.search import SECOND_ORDER, SearchConfig
from deeplab_nas.engine.networks import supernet_cost
from deeplab_nas.engine.reporting.history import History
from deeplab_nas.engine.runs.run_directory import RunDirectory


@dataclasses.dataclass(frozen=True)
class SpentSearch:
    """What a search took; the evaluations that end it, forward alone, are not in it.

    Attributes:
        steps: Optimizer steps of the weights, and of alpha and beta.
        images: Images that these steps have seen, those seen twice counted twice.
        config: The search.
    """

    steps: int
    images: int
    config: SearchConfig

    def multiply_adds(self, num_classes: int) -> int:
        """Of the forward passes of all images through the whole supernet.

        Args:
            num_classes: Number of classes of the data.
        """
        size = self.config.data.train_crop_size
        return self.images * supernet_cost.measure(self.config.supernet, num_classes, *size)


def of(run: str) -> SpentSearch:
    """Reads what a search has spent.

    Args:
        run: Its run directory.

    Raises:
        UserError: It is none of a search that has evaluated an epoch.
    """
    directory = RunDirectory(run)
    config = directory.checked_settings(SearchConfig)
    last = History(directory.history_path).results("epoch", ("step", "epoch"))[-1]
    with_alpha = max(last["epoch"] - config.architecture_start_epoch, 0)
    of_alpha = last["step"] // last["epoch"] * with_alpha
    optimization = config.optimization
    passes = optimization.architecture_accumulation_steps
    if optimization.architecture_gradient == SECOND_ORDER:
        # The step that is unrolled, and the two sides of the difference.
        passes += 3
    batches = last["step"] + of_alpha * passes
    return SpentSearch(last["step"] + of_alpha, batches * config.data.train_batch_size, config)
