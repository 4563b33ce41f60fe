"""Whether a search looks at how sharp its minimum in alpha and beta is, as one value."""

import dataclasses

from deeplab_nas.settings import Settings, setting


@dataclasses.dataclass(frozen=True)
class HessianConfig(Settings):
    """The eigenvalues of the Hessian of the loss in alpha and beta (RobustDARTS)."""

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
