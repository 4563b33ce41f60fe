"""Everything that an export depends on, as one value."""

import dataclasses

from deeplab_nas.engine.configs.inference import InferenceConfig


@dataclasses.dataclass(frozen=True)
class ExportConfig:
    """A trained network to a version directory.

    Attributes:
        checkpoint: Run directory of a training (its best weights, else its newest), or one
            checkpoint in it.
        export_dir: Folder of the versions, local or gs://.
        export_version: Number of the version; 0 for the one after the highest there.
        format: saved_model, litert or keras.
        inference: How images are seen; `litert` and `keras` see them whole, once, as they are.
        mixed_precision: float32, bfloat16 or float16; saved_model and keras.
        fold_batch_norm: Whether to multiply batch normalisation into the convolutions.
        max_pixels: Most pixels of an image that the SavedModel takes.
        image_size: `(height, width)` in pixels of the one size that a LiteRT model sees; None for
            the crop of the training.
        quantize: What a LiteRT model computes in: none (float32) or int8.
        dataset_dir: Folder of the shards whose images calibrate int8; empty for that of the
            training.
        num_calibration_images: How many, from the training split.
    """

    checkpoint: str
    export_dir: str
    export_version: int = 0
    format: str = "saved_model"
    inference: InferenceConfig = InferenceConfig()
    mixed_precision: str = "float32"
    fold_batch_norm: bool = True
    max_pixels: int = 2**22
    image_size: tuple[int, int] | None = None
    quantize: str = "none"
    dataset_dir: str = ""
    num_calibration_images: int = 100
