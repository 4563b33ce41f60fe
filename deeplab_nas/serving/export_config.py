"""Everything that an export depends on, as one value."""

import dataclasses

from deeplab_nas.engine.configs.devices import mixed_precision
from deeplab_nas.engine.configs.evaluate import CHECKPOINT
from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.errors import UserError
from deeplab_nas.serving.exporter import FORMATS
from deeplab_nas.serving.litert import QUANTIZATIONS
from deeplab_nas.settings import Settings, required, setting


@dataclasses.dataclass(frozen=True)
class ExportConfig(Settings):
    """A trained network to a version directory."""

    checkpoint: str = required(CHECKPOINT, example="runs/first", path=True)
    export_dir: str = required(
        "Folder of the versions, local or gs://.", example="exported/first", path=True
    )
    export_version: int = setting(
        0, "Number of the version; 0: the one after the highest there.", least=0
    )
    format: str = setting(
        "saved_model",
        "What to write: {choices}. litert sees one image of --image_size.",
        choices=FORMATS,
    )
    inference: InferenceConfig = InferenceConfig()
    mixed_precision: str = mixed_precision()
    fold_batch_norm: bool = setting(
        True, "Multiply batch normalisation into the convolutions: same predictions, less time."
    )
    max_pixels: int = setting(
        2**22,
        "Most pixels that the SavedModel sees at once, of an image file or of all the images of a "
        "batch of pixels, also after a resize; it bounds the memory of a request.",
        least=1,
    )
    image_size: tuple[int, int] | None = setting(
        None,
        "Height and width in pixels of the images of litert and of the requests that warm a server "
        "up, or one number for both; unset: the crop of the training.",
        least=1,
    )
    quantize: str = setting(
        "none", "What litert computes in: {choices}. none: float32.", choices=QUANTIZATIONS
    )
    dataset_dir: str = setting(
        "",
        "Folder of the shards whose images calibrate int8; empty: that of the training.",
        path=True,
    )
    num_calibration_images: int = setting(
        100, "How many images of the training split calibrate int8.", least=1
    )

    def check_together(self) -> None:
        if self.format != "saved_model" and self.inference.without_resize != InferenceConfig():
            raise UserError(
                "Expected --format=saved_model for scales, flips or windows, found "
                f"--format={self.format}, which sees an image whole and once: leave them out."
            )
        if self.format == "keras" and self.inference.min_resize_value:
            raise UserError(
                "Expected --format=saved_model or --format=litert for a resize, found "
                "--format=keras, which holds the network alone: leave --min_resize_value out."
            )
        if self.format != "litert" and self.quantize != "none":
            raise UserError(
                f"Expected --format=litert for --quantize={self.quantize}, found "
                f"--format={self.format}."
            )
        plain = (ExportConfig.mixed_precision, ExportConfig.fold_batch_norm)
        if self.format == "litert" and (self.mixed_precision, self.fold_batch_norm) != plain:
            raise UserError(
                "Expected --mixed_precision=float32 and --fold_batch_norm for --format=litert, "
                "found other values: leave them out; --quantize=int8 makes it smaller."
            )
