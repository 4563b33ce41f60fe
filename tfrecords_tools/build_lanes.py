"""Builds a drawn data set on which the path through the resolutions provably matters.

    python -m tfrecords_tools.build_lanes --classes_by=detail --output_dir=data/detail

With `detail` the class of a small disc stands in its strokes, which needs resolution to the end;
with `context` it is the colour of a lamp far away, which needs a large field of view. The pictures
are the same. Search and training read it with `--dataset=folder`.
"""

import dataclasses

from flags import program

from deeplab_nas.data import datasets, manifests
from deeplab_nas.settings import setting
from tfrecords_tools.drawn import lanes, photographs
from tfrecords_tools.sources.labeled_image import LabeledImage
from tfrecords_tools.writing import raw_dataset, shards
from tfrecords_tools.writing.build_options import BuildConfig

# What the manifest says the pictures are made of: raise it with every change of them.
VERSION = 1

NUM_EXAMPLES = {"train": 512, "val": 128}
_NUM_SHARDS = {"train": 4, "val": 1}
_SEEDS = {"train": 1, "val": 2}


@dataclasses.dataclass(frozen=True, kw_only=True)
class BuildLanesConfig(BuildConfig):
    """Which of the two data sets, and where it goes."""

    classes_by: str = setting(
        "detail", "What makes the class of a disc, {choices}.", choices=tuple(lanes.QUESTIONS)
    )


def build(config: BuildLanesConfig) -> tuple[manifests.Manifest, ...]:
    """Draws the data set and writes its shards; returns the manifests of its splits.

    Raises:
        UserError: The folder holds other shards of such names, or cannot be written.
    """
    question = config.classes_by

    def load(item: tuple[str, int]) -> LabeledImage:
        split, number = item
        image, labels = lanes.draw(_SEEDS[split], number)
        return photographs.labeled(f"{split}_{number:05d}", image, labels[question])

    splits = [
        shards.Split(
            name=split,
            items=[(split, number) for number in range(count)],
            load=load,
            descriptor=datasets.folder(tuple(NUM_EXAMPLES), lanes.QUESTIONS[question]),
            num_shards=_NUM_SHARDS[split],
            identify=lambda run: f"lanes {VERSION} {question} {run}",
        )
        for split, count in NUM_EXAMPLES.items()
    ]
    return shards.write_splits(config.output_dir, splits, config.options)


def main(config: BuildLanesConfig) -> None:
    """Builds the data set where the configuration says."""
    raw_dataset.tell(build(config))


if __name__ == "__main__":
    program.run(BuildLanesConfig, main)
