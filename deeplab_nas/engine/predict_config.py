"""Everything that a prediction on image files depends on, as one value."""

import dataclasses

from deeplab_nas.engine.inference_config import InferenceConfig


@dataclasses.dataclass(frozen=True)
class PredictConfig:
    """Image files to label maps.

    Attributes:
        checkpoint: Run directory of a training (its best weights, else its newest), or one
            checkpoint in it.
        input: Files, folders (read with their sub-folders) and globs.
        output_dir: Folder of `labels/`, `overlays/` and `legend.png`.
        inference: How images are seen.
        mixed_precision: float32, bfloat16 or float16.
    """

    checkpoint: str
    input: tuple[str, ...]
    output_dir: str
    inference: InferenceConfig = InferenceConfig()
    mixed_precision: str = "float32"
