"""Everything that a prediction on image files depends on, as one value."""

import dataclasses

from deeplab_nas.engine.configs.inference import InferenceConfig


@dataclasses.dataclass(frozen=True)
class PredictConfig:
    """Image files to label maps.

    Attributes:
        checkpoint: Run directory of a training (its best weights, else its newest), or one
            checkpoint in it; empty where a server is asked.
        input: Files, folders (read with their sub-folders) and globs.
        output_dir: Folder of `labels/`, `overlays/` and `legend.png`.
        inference: How images are seen.
        mixed_precision: float32, bfloat16 or float16.
        server: URL of a network behind TF Serving, such as `http://host:8501/v1/models/NAME`; empty
            to compute here.
        model_card: `model_card.json` of what is served, for names and colours of the classes; empty
            for the colours of PASCAL VOC and no legend.
    """

    input: tuple[str, ...]
    output_dir: str
    checkpoint: str = ""
    inference: InferenceConfig = InferenceConfig()
    mixed_precision: str = "float32"
    server: str = ""
    model_card: str = ""
