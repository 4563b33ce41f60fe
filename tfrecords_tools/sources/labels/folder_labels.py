"""How the label files of a folder become classes: as they are, by a map of ids, or by colours."""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import numpy as np

from deeplab_nas.data import datasets, manifests
from deeplab_nas.errors import UserError
from deeplab_nas.settings import setting
from tfrecords_tools.sources import pairs
from tfrecords_tools.sources.labels import class_inference, id_map, label_colors, label_files
from tfrecords_tools.writing import class_report
from tfrecords_tools.writing.build_options import BuildOptions

_ON_COLORS = "give --label_colors=FILE, which names the class of each colour"


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelConfig(id_map.IdMapConfig):
    """What the label files mean."""

    _WAYS = ("label_colors", *id_map.IdMapConfig._WAYS)

    num_classes: int = setting(
        0, "Classes, background included, 2 or more; 0 infers them.", least=0, most=256
    )
    label_colors: str = setting(
        "",
        "File of the classes of colour-coded labels, a line each: name, r, g, b; colours named "
        "ignore or void are ignored.",
        path=True,
    )
    class_names: tuple[str, ...] = setting((), "One name a class, separated by commas.")

    def check_together(self) -> None:
        super().check_together()
        if self.num_classes == 1:
            raise UserError(
                "Expected --num_classes to be 2 or more, background included, found 1: a network "
                "of one class has nothing to learn."
            )
        if self.label_colors:
            for name in ("ignore_label", "class_names"):
                if getattr(self, name) != getattr(LabelConfig, name):
                    raise UserError(
                        f"Expected no --{name} with --label_colors, whose file says it, found "
                        f"{id_map.shown_value(getattr(self, name))!r}: leave it out."
                    )
        if (self.first_label or self.label_map) and self.num_classes > id_map.IGNORED:
            raise UserError(
                f"Expected --num_classes of at most {id_map.IGNORED} with --label_map or "
                f"--first_label, which leave 255 to ignored pixels, found {self.num_classes}."
            )


@dataclasses.dataclass(frozen=True)
class FolderLabels:
    """How label files become classes.

    Attributes:
        read: Makes classes, uint8 `[height, width]`, of the contents of a file and its name.
        settings: What `read` depends on, as flags.
        descriptor: Facts of the data set.
        check: Raises `UserError` where the pixels by class of a whole split cannot be meant.
        told: Sentences for whoever builds.
    """

    read: Callable[[bytes, str], np.ndarray]
    settings: tuple[str, ...]
    descriptor: datasets.DatasetDescriptor
    check: Callable[[manifests.Manifest], None] = functools.partial(
        class_report.require_labels, advice=class_report.ON_IGNORED
    )
    told: tuple[str, ...] = ()


def of(
    config: LabelConfig,
    splits: tuple[str, ...],
    found: Sequence[pairs.Pair],
    other: manifests.Manifest | None,
    options: BuildOptions,
) -> FolderLabels:
    """Says how the labels of some pairs are read, and infers what is not given.

    Args:
        config: What is given.
        splits: Names of the splits.
        found: The pairs; all labels are read where the number of classes is to be inferred.
        other: Manifest of another split of the same set, or None.
        options: Threads, and whether files that cannot be read are left out.

    Raises:
        UserError: A flag or the file of colours contradicts itself or the labels.
    """
    if config.label_colors:
        return _by_colors(config, splits)
    if config.label_map:
        mapped = id_map.parse(config.label_map, config.ignore_label, config.num_classes)
        return _by_map(config, splits, mapped, config.num_classes or mapped.num_classes)
    num_classes = config.num_classes
    if not num_classes:
        read = functools.partial(label_files.read_ids, on_colors=_ON_COLORS)
        pixels = class_inference.count_ids(found, read, options)
        num_classes = class_inference.infer(pixels, config.ignore_label, config.first_label, other)
    if config.first_label:
        mapped = id_map.from_first(config.first_label, num_classes, config.ignore_label)
        return _by_map(config, splits, mapped, num_classes)
    labelled = FolderLabels(
        read=functools.partial(label_files.read_label, on_colors=_ON_COLORS),
        settings=_settings(config),
        descriptor=datasets.folder(splits, _names(config, num_classes), config.ignore_label),
    )
    if config.num_classes:
        return dataclasses.replace(labelled, check=class_report.require_classes)
    return labelled


def _by_map(config, splits, mapped: id_map.IdMap, num_classes: int) -> FolderLabels:
    return FolderLabels(
        read=functools.partial(mapped.read, on_colors=_ON_COLORS),
        settings=_settings(config),
        descriptor=datasets.folder(
            splits,
            _names(config, num_classes),
            id_map.IGNORED,
            submission_ids=mapped.submission_ids(num_classes),
        ),
    )


def _by_colors(config, splits) -> FolderLabels:
    colors = label_colors.load(config.label_colors)
    count = len(colors.class_names)
    if config.num_classes not in (0, count):
        raise UserError(
            f"Expected {config.num_classes} classes in --label_colors={colors.path}, found "
            f"{count}: correct the file or leave --num_classes out."
        )
    ignored = "; ".join(f"{name} {color}" for name, color in colors.ignored)
    return FolderLabels(
        read=colors.read,
        settings=_settings(config, f"{colors.colormap} {colors.ignored}"),
        descriptor=datasets.folder(
            splits, colors.class_names, id_map.IGNORED, colormap=colors.colormap
        ),
        told=(f"Ignored colours: {ignored}.",) if ignored else (),
    )


def _settings(config, colors="") -> tuple[str, ...]:
    return (*config.label_flags, f"--label_colors={colors}")


def _names(config, num_classes: int) -> tuple[str, ...]:
    names = config.class_names or tuple(f"class_{label}" for label in range(num_classes))
    if len(names) != num_classes:
        raise UserError(
            f"Expected {num_classes} class names, found {len(names)}: change --class_names or "
            "--num_classes."
        )
    return names
