"""The size of the search space."""

import dataclasses

from deeplab_nas.core.operations import SEARCH_OPERATIONS, check_candidates
from deeplab_nas.settings import Settings, setting
from deeplab_nas.supernet.operations import OPERATION_SETS


@dataclasses.dataclass(frozen=True)
class SupernetConfig(Settings):
    """The supernet; the defaults are the paper's (Auto-DeepLab, section 4.1 and 5.1)."""

    num_layers: int = setting(12, "L, cells on a path.", paper="12", least=1)
    num_blocks: int = setting(5, "B, blocks in a cell.", paper="5", least=1)
    filter_multiplier: int = setting(
        8, "F; a block at output stride s has F * s / 4 filters.", paper="8 in the search", least=1
    )
    operation_set: str = setting(
        "official",
        "Candidate operations: official (atrous convolutions are full, as in the official network) "
        "or darts (depthwise-separable).",
        paper="eight operations, the form not stated",
        choices=tuple(OPERATION_SETS),
    )
    batch_norm_decay: float = setting(
        0.9,
        "Decay of the batch normalisation's moving mean and variance, a share from 0 to 1.",
        paper="not stated",
        least=0,
        below=1,
    )
    operations: tuple[str, ...] = setting(
        SEARCH_OPERATIONS,
        "Candidate operations on every edge, in the order of alpha's columns.",
        paper="the default",
    )

    def check_together(self) -> None:
        check_candidates(self.operations)

    def filters(self, level: int) -> int:
        """Channels of a block at a level, 0 to 3."""
        return self.filter_multiplier * 2**level
