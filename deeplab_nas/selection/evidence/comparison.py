"""Two networks, each trained by one seed or several: how far one is ahead, and how sure that is."""

import dataclasses
import os

import numpy as np

from deeplab_nas.engine.scoring import image_matrices, metrics
from deeplab_nas.engine.scoring.image_matrices import ImageMatrices
from deeplab_nas.errors import UserError
from deeplab_nas.selection.evidence import statistics
from deeplab_nas.selection.evidence.compare_config import CompareConfig
from deeplab_nas.selection.evidence.statistics import Estimate


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What the trainings of two networks came to on the same images.

    Attributes:
        images: How many there are.
        first: mIoU of each training of the first network.
        second: The same of the second.
        difference: Of their means, first minus second, with an interval over seeds and images.
        better: Share of the pairs of trainings in which the first network is ahead.
    """

    images: int
    first: tuple[float, ...]
    second: tuple[float, ...]
    difference: Estimate
    better: float


def compare(config: CompareConfig) -> Comparison:
    """Compares two networks by what their trainings made of each image of a split.

    Args:
        config: A `CompareConfig`.

    Raises:
        UserError: A folder has no matrices, or they are not of the same images and classes.
    """
    known = {folder: _load(folder) for folder in (*config.first, *config.second)}
    _check_alike(known)
    matrices = [
        np.stack([known[folder].matrices for folder in folders])
        for folders in (config.first, config.second)
    ]
    first, second = (
        tuple(metrics.mean_iou(each.sum(axis=0)) for each in of_network) for of_network in matrices
    )
    difference = statistics.mean_iou_difference(*(each[None] for each in matrices), config.seed)
    better = statistics.better_share(first, second)
    return Comparison(matrices[0].shape[1], first, second, difference, better)


def _load(folder: str) -> ImageMatrices:
    return image_matrices.load(os.path.join(folder, image_matrices.FILE))


def _check_alike(known: dict[str, ImageMatrices]) -> None:
    (place, one), *others = known.items()
    if len(one.names) < 2:
        raise UserError(
            f"Expected 2 images or more in {place}, found one: evaluate on a whole split."
        )
    for folder, other in others:
        if other.names != one.names or other.matrices.shape != one.matrices.shape:
            raise UserError(
                f"Expected evaluations of the same images and classes, found others in {folder} "
                f"than in {place}: evaluate all with the same --eval_split."
            )
