"""Everything that the training of a discrete network depends on, as one value."""

import dataclasses

from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.configs.run import RunConfig
from deeplab_nas.settings import setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig(RunConfig):
    """A whole training; the defaults are the paper's on Cityscapes (Auto-DeepLab, section 5.2)."""

    data: DataConfig = DataConfig(train_crop_size=(769, 769), train_batch_size=8)
    network: NetworkConfig = NetworkConfig()
    optimization: OptimizationConfig = OptimizationConfig()
    initial_checkpoint: str = setting(
        "",
        "Run directory, checkpoint, or checkpoint of the official code to begin with; empty: "
        "random weights.",
        paper="none on Cityscapes, one trained on COCO for VOC",
        path=True,
    )
    initialize_last_layer: bool = setting(
        True, "Whether the last layers are taken from it as well.", official="yes"
    )
    fine_tune_batch_norm: bool = setting(
        True,
        "Whether batch norm is trained, over all replicas together; without it there is no drop "
        "path either.",
        paper="yes",
    )
    batch_norm_decay: float = setting(
        0.9997,
        "Decay of the batch normalisation's moving mean and variance, a share from 0 to 1.",
        official="0.9997",
        least=0,
        below=1,
    )
    drop_path_keep_prob: float = setting(
        1.0,
        "Probability of keeping a branch of the last cell at the end of training; earlier cells "
        "and steps keep more. 1: no drop path.",
        paper="used, its value not stated",
        above=0,
        most=1,
    )
    moving_average_decay: float = setting(
        0.0,
        "Decay a step of the average of the weights that is evaluated and served in their place; "
        "0: none.",
        paper="not stated",
        least=0,
        below=1,
    )
    eval_interval_steps: int = setting(
        10_000,
        "Steps between two evaluations on --val_split; 0: only at the end.",
        paper="not stated",
        least=0,
    )
