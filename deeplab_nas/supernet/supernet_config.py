"""The size of the search space."""

import dataclasses
import itertools

from deeplab_nas.core.operations import SEARCH_OPERATIONS, check_candidates
from deeplab_nas.errors import UserError
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

    fixed_path: tuple[int, ...] = setting(
        (),
        "Level of each layer, 0 to 3 for the output strides 4 to 32, of the one path whose cell is "
        "searched, such as 0,1,2,2,1; empty: all paths.",
        paper="all paths",
        least=0,
        most=3,
    )

    def check_together(self) -> None:
        check_candidates(self.operations)
        path = ",".join(map(str, self.fixed_path))
        if self.fixed_path and len(self.fixed_path) != self.num_layers:
            raise UserError(
                f"Expected --fixed_path to have a level for each of --num_layers={self.num_layers} "
                f"layers, found {path}: change one of them."
            )
        for before, level in itertools.pairwise((0, *self.fixed_path)):
            if abs(level - before) > 1:
                raise UserError(
                    "Expected --fixed_path to begin at level 0 or 1 and to move by at most one "
                    f"level a layer, found {path}."
                )

    def filters(self, level: int) -> int:
        """Channels of a block at a level, 0 to 3."""
        return self.filter_multiplier * 2**level
