"""What the candidates of a selection cost, and the band around them."""

import os
from collections.abc import Mapping

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.data.split import Split
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.selection.pool import band, candidate_costs, scored_images
from deeplab_nas.selection.pool.band import BandConfig, Limits
from deeplab_nas.selection.pool.candidate_costs import Asked, Costs

_FILE = "costs.json"


class PoolCosts:
    """What candidates cost for one image of the size of a crop, measured when it is asked for."""

    def __init__(
        self, config: TrainConfig, train: Split, folder: str, scored: bool, latency: bool = False
    ):
        """Measures nothing yet.

        Args:
            config: The training of the candidates.
            train: The split that they are trained on.
            folder: Where what was measured is kept.
            scored: Whether the scores of the untrained networks are computed too.
            latency: Whether the latency is measured too.
        """
        self._asked = Asked(
            config.network,
            train.descriptor.num_classes,
            config.data.train_crop_size,
            images=scored_images.of_split(config.data, train, config.seed) if scored else None,
            latency=latency,
            precision=config.mixed_precision,
        )
        self._cache = os.path.join(folder, _FILE)

    def of(self, architectures: Mapping[str, Architecture]) -> dict[str, Costs]:
        """The costs of candidates by name."""
        measured = candidate_costs.measure(list(architectures.values()), self._asked, self._cache)
        return dict(zip(architectures, measured, strict=True))

    def limits(self, config: BandConfig, pool: Mapping[str, Architecture]) -> Limits | None:
        """The limits of a band; None where candidates may cost what they will.

        Raises:
            UserError: It is a share of the median of candidates, of which there are none.
        """
        if not config.band:
            return None
        middle = None
        if config.band_middle_path:
            middle = self.of({"": nas_genotypes.resolve(config.band_middle_path)})[""]
        return band.limits(config, self.of(pool).values(), middle)
