"""Which discrete network, and what it does in training: a value each."""

import dataclasses
from typing import Any

from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, setting

# Far beyond what anybody trains. Settings are also read from files of unknown origin.
_LARGEST = {"filter_multiplier": 4096, "atrous_rates": 1024, "image_pooling_crop_size": 2**16}
_MOST_RATES = 16


@dataclasses.dataclass(frozen=True)
class NetworkConfig(Settings):
    """What decides a network's variables and numbers; names follow the official flags."""

    architecture: str = setting(
        "auto_deeplab",
        "Name, auto_deeplab (the paper's) or pnasnet, or the path of a JSON file that a search "
        "wrote.",
        path=True,
    )
    output_stride: int | None = setting(
        None,
        "8, 16 or 32: the backbone of pnasnet, 16 if unset. Another architecture has the stride of "
        "its path.",
    )
    filter_multiplier: int = setting(
        20, "F; a block at output stride s has F * s / 4 filters.", paper="20, 32 or 48", least=1
    )
    nas_remove_os32_stride: bool = setting(
        False,
        "Whether cells at output stride 32 run at 16, with their own number of filters.",
        paper="no",
    )
    atrous_rates: tuple[int, ...] | None = setting(
        None,
        "Rates of the ASPP; unset: 12,24,36 at output stride 8 and in proportion at others.",
        paper="12,24,36",
        least=1,
    )
    add_image_level_feature: bool = setting(
        True, "Whether the ASPP has a branch of pooled features.", paper="yes"
    )
    image_pooling_crop_size: tuple[int, int] | None = setting(
        None,
        "Height and width in pixels that this branch averages over, or one number for both; unset: "
        "the whole image.",
        paper="769,769 on Cityscapes, by its Multi-Adds",
        least=1,
    )
    aspp_convs_filters: int = setting(
        256,
        "Channels of each branch of the ASPP and of its output.",
        paper="256",
        official="256",
        least=1,
    )
    aspp_with_separable_conv: bool = setting(
        False,
        "Whether the ASPP's 3x3 convolutions are depthwise separable.",
        paper="no",
        official="yes",
    )
    use_decoder: bool = setting(True, "Whether there is a decoder at output stride 4.", paper="yes")
    decoder_filters: int = setting(
        256, "Channels of the decoder's 3x3 convolutions.", paper="256", official="256", least=1
    )
    decoder_use_separable_conv: bool = setting(
        False,
        "Whether the decoder's 3x3 convolutions are depthwise separable.",
        paper="no",
        official="yes",
    )

    def check_together(self) -> None:
        for name, largest in _LARGEST.items():
            value = getattr(self, name)
            values = value if isinstance(value, tuple) else (value or 0,)
            if max(values, default=0) > largest:
                raise UserError(f"Expected --{name} of at most {largest}, found {max(values)}.")
        if len(self.atrous_rates or ()) > _MOST_RATES:
            raise UserError(
                f"Expected at most {_MOST_RATES} --atrous_rates, found {len(self.atrous_rates)}."
            )
        if self.output_stride is not None and self.architecture != "pnasnet":
            raise UserError(
                f"Expected --output_stride with --architecture=pnasnet only, found "
                f"{self.output_stride} with {self.architecture}: leave it out, the architecture's "
                "path has a stride."
            )


@dataclasses.dataclass(frozen=True)
class TrainingOptions(Settings):
    """What a network does in training, apart from what decides its variables."""

    dropout_keep_prob: float = setting(
        0.9, "Share of the features that leave the ASPP.", above=0, most=1
    )
    drop_path_keep_prob: float = setting(
        1.0,
        "Share of the branches of the last cell at the end of training; 1 drops none.",
        above=0,
        most=1,
    )
    training_number_of_steps: int | None = setting(
        None, "Length of the drop path's schedule; needed if paths are dropped.", least=1
    )
    batch_norm_decay: float = setting(
        0.9997, "Decay of the moving statistics; 1 leaves them as they are.", least=0, most=1
    )
    synchronized: bool = setting(
        False, "Whether replicas share the statistics of the global batch."
    )
    fine_tune_batch_norm: bool = setting(
        True,
        "Whether training normalises by the batch's statistics. Without it no path is dropped "
        "either, as in the official code.",
    )
    fold_batch_norm: bool = setting(
        False, "Whether batch normalisations are offsets only; see `folding.fold`."
    )
    seed: int = setting(0, "Seed of dropout and drop path.")

    @property
    def batch_norm_options(self) -> dict[str, Any]:
        """Keyword arguments of `batch_norm.BatchNorm`."""
        return {
            "decay": self.batch_norm_decay,
            "synchronized": self.synchronized,
            "folded": self.fold_batch_norm,
        }
