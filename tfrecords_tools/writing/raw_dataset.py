"""A data set as its owners publish it, and the program that makes its shards."""

import dataclasses
import pathlib
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from deeplab_nas.data import manifests
from deeplab_nas.data.datasets import DatasetDescriptor
from deeplab_nas.errors import UserError
from deeplab_nas.settings import setting
from tfrecords_tools.sources import pairs
from tfrecords_tools.sources.labeled_image import LabeledImage
from tfrecords_tools.writing import class_report, shards
from tfrecords_tools.writing.build_options import BadExamples, BuildOptions


@dataclasses.dataclass(frozen=True)
class RawDataset:
    """What a builder has to know of a data set besides its descriptor.

    Attributes:
        descriptor: Facts of the data set.
        root_flag: Name of the flag of its folder.
        splits: Splits that can be built.
        num_shards: Shards a split.
        find: Finds the pairs of a split below the folder; gives those that lack a file to
            `BadExamples`.
        default_splits: Those of `splits` that are built unless others are asked for.
        load: Makes an example of a pair.
        settings: What `load` depends on besides the pair, as flags such as
            `--half_resolution=True`.
        unlabelled: Those of `splits` whose labels are ignored everywhere.
    """

    descriptor: DatasetDescriptor
    root_flag: str
    splits: tuple[str, ...]
    num_shards: int
    find: Callable[[pathlib.Path, str, BadExamples], list[pairs.Pair]]
    default_splits: Callable[[pathlib.Path], Sequence[str]]
    load: Callable[[pairs.Pair], LabeledImage] = pairs.load
    settings: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()

    def build(
        self,
        root: str,
        output_dir: str,
        splits: Sequence[str] = (),
        options: BuildOptions | None = None,
    ) -> tuple[manifests.Manifest, ...]:
        """Writes the shards of some splits.

        Args:
            root: Folder of the data set as it is unpacked.
            output_dir: Folder of the shards, local or gs://.
            splits: Some of `splits`; empty for the default ones.
            options: How; see `shards.write_splits`.

        Returns:
            The manifests of the splits.

        Raises:
            UserError: A split is unknown, or a folder or file is missing or does not fit. Nothing
                is written before every split has been found.
        """
        options = options or BuildOptions()
        folder = pathlib.Path(root)
        if not folder.is_dir():
            raise UserError(f"Expected a folder at --{self.root_flag}={root}, found none.")
        splits = splits or self.default_splits(folder)
        check_splits(splits, self.splits)
        found = [self._found(folder, split, options) for split in splits]
        return shards.write_splits(output_dir, found, options)

    def _found(self, folder, split, options) -> shards.Split:
        bad = BadExamples(options.skip_bad)
        unlabelled = split in self.unlabelled
        return shards.Split(
            name=split,
            items=self.find(folder, split, bad),
            load=self.load,
            descriptor=self.descriptor,
            num_shards=self.num_shards,
            identify=pairs.identify,
            skipped=tuple(bad.sentences),
            settings=self.settings,
            check=class_report.take_any if unlabelled else class_report.require_labels,
        )


def check_splits(splits: Sequence[str], there: Iterable[str]) -> None:
    """Raises `UserError` for a split that is not there or is named twice."""
    for number, split in enumerate(splits):
        if split not in there:
            raise UserError(f"Expected --splits to be some of {', '.join(there)}, found {split}.")
        if split in splits[:number]:
            raise UserError(f"Expected every split once in --splits, found {split} again.")


def splits_setting(splits: Sequence[str], default: str) -> Any:
    """Makes the field of the splits that a program builds; `default` says what empty stands for."""
    return setting((), f"Splits to build, of {', '.join(splits)}; empty: {default}.")


def build(dataset: RawDataset, root: str, config: Any) -> None:
    """Builds what the flags of a program name, and prints what came of it.

    Args:
        dataset: The data set.
        root: Its folder.
        config: A `BuildConfig` with a field `splits`.

    Raises:
        UserError: As `RawDataset.build`.
    """
    built = dataset.build(root, config.output_dir, config.splits, config.options)
    tell(built)
    published = dict(zip(dataset.descriptor.splits, dataset.descriptor.split_sizes, strict=False))
    for manifest in built:
        expected = published.get(manifest.split, manifest.num_examples)
        if expected != manifest.num_examples:
            print(
                f"{manifest.split} was published with {expected} examples: check that all of it is "
                "there.",
                file=sys.stderr,
            )


def tell(built: Sequence[manifests.Manifest]) -> None:
    """Prints a line a split, and on stderr which classes have no pixel."""
    for manifest in built:
        left_out = f", {len(manifest.skipped)} left out" if manifest.skipped else ""
        print(
            f"{manifest.split}: {manifest.num_examples} examples{left_out}, "
            f"{manifest.num_classes} classes"
        )
        for warning in class_report.warnings(manifest):
            print(warning, file=sys.stderr)
