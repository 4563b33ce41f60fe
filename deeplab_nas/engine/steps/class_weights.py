"""The weight of each class in the loss: given, or from how often it occurs where one trains."""

from deeplab_nas.data import class_statistics, manifests
from deeplab_nas.data.split import Split
from deeplab_nas.engine.configs.optimization import MEDIAN_FREQUENCY
from deeplab_nas.errors import UserError


def resolve(
    label_weights: tuple[float, ...] | str | None, split: Split, dataset_dir: str
) -> tuple[float, ...] | None:
    """Finds the weights that a training is to use.

    Args:
        label_weights: A number a class, `MEDIAN_FREQUENCY`, or None for 1 everywhere.
        split: The training split.
        dataset_dir: Folder of the shards.

    Returns:
        A number a class, or None for 1 everywhere.

    Raises:
        UserError: The numbers are not one a class, or the split has no manifest with statistics.
    """
    if label_weights == MEDIAN_FREQUENCY:
        manifest = manifests.read(dataset_dir, split.index.split)
        if manifest is None or manifest.statistics is None:
            raise UserError(
                f"Expected pixels by class in {manifests.path(dataset_dir, split.index.split)} for "
                f"--label_weights={MEDIAN_FREQUENCY}, found none: build the shards again, or for "
                "shards without manifest run python -m tfrecords_tools.verify --write_manifest "
                f"--dataset={split.descriptor.name} --dataset_dir={dataset_dir} "
                f"--splits={split.index.split}."
            )
        return class_statistics.median_frequency_weights(manifest.statistics)
    descriptor = split.descriptor
    if label_weights is not None and len(label_weights) != descriptor.num_classes:
        raise UserError(
            f"Expected --label_weights for the {descriptor.num_classes} classes of "
            f"{descriptor.name}, found {len(label_weights)}: give one number a class, or "
            f"{MEDIAN_FREQUENCY}."
        )
    return label_weights
