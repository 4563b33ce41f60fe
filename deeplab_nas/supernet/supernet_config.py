"""The size of the search space."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class SupernetConfig:
    """Settings of the supernet; the defaults are the paper's (Auto-DeepLab, section 4.1 and 5.1).

    Attributes:
        num_layers: L, the cells on a path.
        num_blocks: B, the blocks in a cell.
        filter_multiplier: F, so that a block at output stride s has F * s / 4 filters.
        operation_set: `official` (atrous convolutions are full) or `darts` (depthwise-separable).
        batch_norm_decay: Decay of the moving mean and variance, which only evaluation reads.
    """

    num_layers: int = 12
    num_blocks: int = 5
    filter_multiplier: int = 8
    operation_set: str = "official"
    batch_norm_decay: float = 0.9
