"""From the label ids that a data set's owners use to its classes."""

import numpy as np

from deeplab_nas.data.datasets import DatasetDescriptor


def class_table(descriptor: DatasetDescriptor) -> np.ndarray:
    """The class of every raw id, uint8 `[256]`; those that are no class are ignored."""
    table = np.full([256], descriptor.ignore_label, np.uint8)
    table[list(descriptor.submission_ids)] = np.arange(descriptor.num_classes)
    return table
