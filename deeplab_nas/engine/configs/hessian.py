"""Whether a search looks at how sharp its minimum is, and ends by that, as one value."""

import dataclasses

from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, setting


@dataclasses.dataclass(frozen=True)
class HessianConfig(Settings):
    """Eigenvalues of the Hessian of the loss in alpha and beta, and an early stop (RobustDARTS)."""

    hessian_every_epochs: int = setting(
        0,
        "Epochs between two computations of the largest and the smallest eigenvalue of the Hessian "
        "of the loss in alpha and beta; 0: none.",
        paper="0; RobustDARTS: 2",
        least=0,
    )
    hessian_batch_size: int = setting(
        0, "Images of trainB that they are computed on, always the same ones; 0: a batch.", least=0
    )
    hessian_crop_size: tuple[int, int] | None = setting(
        None,
        "Height and width in pixels of these images, or one number for both; unset: those of "
        "--train_crop_size. Smaller ones take less time.",
        least=1,
    )
    early_stop: bool = setting(
        False,
        "Whether the search ends where the largest eigenvalue has grown too fast, with the "
        "architecture of the epoch before it grew.",
        paper="no; RobustDARTS",
    )
    early_stop_window: int = setting(
        5,
        "With --early_stop: eigenvalues that are averaged, an odd number.",
        paper="5 in RobustDARTS",
        least=1,
    )
    early_stop_offset: int = setting(
        4,
        "With --early_stop: how many eigenvalues before the newest average the one lies that it is "
        "compared with, and whose architecture is returned.",
        paper="4 in RobustDARTS's code",
        least=1,
    )
    early_stop_ratio: float = setting(
        0.75,
        "With --early_stop: the search ends where that average is less than this share of the "
        "newest.",
        paper="0.75 in RobustDARTS",
        above=0,
        most=1,
    )
    early_stop_min_epoch: int = setting(
        10,
        "With --early_stop: the first epoch whose architecture may be returned.",
        paper="10 in RobustDARTS's code",
        least=1,
    )

    def check_together(self) -> None:
        if self.early_stop and not self.hessian_every_epochs:
            raise UserError(
                "Expected --hessian_every_epochs with --early_stop, found 0: set it, such as to 2."
            )
        if self.early_stop_window % 2 == 0:
            raise UserError(
                f"Expected an odd --early_stop_window, found {self.early_stop_window}: take "
                f"{self.early_stop_window + 1}."
            )
