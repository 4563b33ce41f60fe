"""Everything that a comparison of two networks depends on, as one value."""

import dataclasses

from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, setting

_FOLDERS = (
    "Folders that evaluations with --save_image_matrices were written to, one a training of the "
    "{} network."
)


@dataclasses.dataclass(frozen=True)
class CompareConfig(Settings):
    """Whose evaluations are compared."""

    first: tuple[str, ...] = setting((), _FOLDERS.format("first"))
    second: tuple[str, ...] = setting((), _FOLDERS.format("second"))
    seed: int = setting(1, "Of the bootstrap.", least=0)

    def check_together(self) -> None:
        for name in ("first", "second"):
            if not getattr(self, name):
                raise UserError(
                    f"Expected folders of evaluations at --{name}, found none: give one a training."
                )
