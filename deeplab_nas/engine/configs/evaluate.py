"""Everything that an evaluation depends on, as one value."""

import dataclasses

from deeplab_nas.data import datasets
from deeplab_nas.engine.configs.devices import DeviceConfig, mixed_precision
from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.settings import required, setting

CHECKPOINT = (
    "Run directory of a training (its best weights, else its newest), or one checkpoint in it."
)


@dataclasses.dataclass(frozen=True)
class EvaluateConfig(DeviceConfig):
    """An evaluation of a trained network on a split."""

    checkpoint: str = required(CHECKPOINT, example="runs/first", path=True)
    _: dataclasses.KW_ONLY
    eval_logdir: str = setting(
        "",
        "Folder of metrics.json, the picture and the predictions; empty: the run directory.",
        path=True,
    )
    dataset: str = setting(
        "",
        "Name of the data set: {choices}. Empty: that of the training.",
        choices=datasets.names(),
    )
    dataset_dir: str = setting(
        "", "Folder of the TFRecord shards, local or gs://. Empty: that of the training.", path=True
    )
    eval_split: str = setting(
        "", "Split to evaluate on. Empty: the validation split of the training.", paper="val_fine"
    )
    eval_batch_size: int = setting(
        1, "Images a batch over all replicas, where all images have one size.", least=1
    )
    inference: InferenceConfig = InferenceConfig()
    mixed_precision: str = mixed_precision()
    save_predictions: bool = setting(
        False,
        "Write a label map for each image into predictions/, with the ids and names that the data "
        "set's evaluation server takes.",
    )
    save_image_matrices: bool = setting(
        False,
        "Write the confusion matrix of each image into image_matrices.npz, from which "
        "deeplab_nas.compare computes intervals over images.",
    )
