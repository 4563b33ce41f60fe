"""The label ids that the owners of data sets use, which are not yet the classes."""

from deeplab_nas.data import datasets
from tfrecords_tools.sources.labels import id_map

_VOID_OF_CAMVID = 11


def cityscapes() -> id_map.IdMap:
    """Of `*_labelIds.png`: the 34 ids of the data set's own table, of which 19 are classes."""
    descriptor = datasets.describe("cityscapes", "")
    classes = dict.fromkeys(range(34), id_map.IGNORED)
    classes |= {label: number for number, label in enumerate(descriptor.submission_ids)}
    return id_map.of_ids(
        classes,
        "the label ids of Cityscapes, 0 to 33,",
        "take the original *_labelIds.png, and name files of train ids *_labelTrainIds.png",
    )


def cityscapes_train() -> id_map.IdMap:
    """Of `*_labelTrainIds.png`: the classes themselves."""
    classes = {label: label for label in (*range(19), id_map.IGNORED)}
    return id_map.of_ids(
        classes,
        "the train ids of Cityscapes, 0 to 18 and 255,",
        "make the file anew, or name files of raw ids *_labelIds.png",
    )


def camvid() -> id_map.IdMap:
    """Of the SegNet tutorial: 11 classes, then void."""
    classes = {label: label for label in (*range(_VOID_OF_CAMVID), id_map.IGNORED)}
    classes[_VOID_OF_CAMVID] = id_map.IGNORED
    return id_map.of_ids(
        classes,
        "the label ids of CamVid's 11 classes, 0 to 10, 11 or 255 to ignore,",
        "take the labels of the SegNet tutorial, or build_folder for others",
    )


def ade20k() -> id_map.IdMap:
    """Of the scene parsing benchmark: 0 where there is no class, then the 150 classes."""
    classes = {0: id_map.IGNORED} | {label: label - 1 for label in range(1, 151)}
    return id_map.of_ids(
        classes,
        "the label ids of the scene parsing benchmark, 0 to 150,",
        "take the annotations of ADEChallengeData2016, or build_folder for others",
    )
