"""How fast raw data sets become shards, beside what Pillow alone needs for the same files.

    python -m benchmarks.conversion

Makes Cityscapes (2048x1024 PNG, labelTrainIds) and PASCAL VOC (500x375 JPEG, palette PNG) as they
are unpacked, and prints one JSON line: images a second of the builders and of the bare floor, which
decodes image and label with Pillow and encodes the label again on as many threads; their ratio,
which is the median over turns; and the peak memory of both, each in a process of its own.
"""

import dataclasses
import json
import pathlib
import statistics
import tempfile

from flags import program

from benchmarks.measured import made_images, measured_process
from deeplab_nas.data import datasets
from deeplab_nas.settings import Settings, setting

# A file is written under several names: time depends on its size, and making it takes long.
_DISTINCT = 12


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConversionConfig(Settings):
    """How much is converted, and how often."""

    cityscapes_images: int = setting(60, "Pairs of 2048x1024.", least=1)
    voc_images: int = setting(1000, "Pairs of 500x375.", least=1)
    repetitions: int = setting(5, "Turns; the medians are shown.", least=1)
    num_workers: int = setting(2, "Threads.", least=1)


def main(config: ConversionConfig) -> None:
    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, make, count in (
            ("cityscapes", _make_cityscapes, config.cityscapes_images),
            ("voc2012", _make_voc, config.voc_images),
        ):
            root = pathlib.Path(folder) / kind
            make(root, count)
            measured[kind] = _measure(config, kind, root)
    print(json.dumps({"benchmark": "conversion", "num_workers": config.num_workers, **measured}))


def _make_cityscapes(root, count):
    for number in range(count):
        stem = f"ulm/ulm_{number:06d}_000019"
        image = root / "leftImg8bit" / "train" / f"{stem}_leftImg8bit.png"
        label = root / "gtFine" / "train" / f"{stem}_gtFine_labelTrainIds.png"
        ids = [*range(19), 255]
        _make_pair(root, number, image, label, (1024, 2048), ids, {})


def _make_voc(root, count):
    names = [f"2007_{number:06d}" for number in range(count)]
    lists = root / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("\n".join(names))
    for number, name in enumerate(names):
        image = root / "JPEGImages" / f"{name}.jpg"
        label = root / "SegmentationClass" / f"{name}.png"
        _make_pair(root, number, image, label, (375, 500), [0, 5, 15, 255], {"quality": 92})


def _make_pair(root, number, image, label, size, ids, options):
    for path in (image, label):
        path.parent.mkdir(parents=True, exist_ok=True)
    made = [root / f"made_{number % _DISTINCT}{path.suffix}" for path in (image, label)]
    made[1] = made[1].with_name("label_" + made[1].name)
    if not made[0].exists():
        made_images.photograph(number, *size).save(made[0], **options)
        picture = made_images.labels(number, *size, ids)
        if options:
            colors = datasets.pascal_colormap(256)
            picture.putpalette([channel for color in colors for channel in color])
        picture.save(made[1])
    for source, target in zip(made, (image, label), strict=True):
        target.write_bytes(source.read_bytes())


def _measure(config, kind, root):
    shared = {"kind": kind, "root": root, "num_workers": config.num_workers}
    turns = [
        {
            how: measured_process.run(
                "measured.conversion_run", shared | {"how": how}, f"{how} of {kind}"
            )
            for how in ("builder", "pillow")
        }
        for _ in range(config.repetitions)
    ]
    found = {
        how: {
            name: round(statistics.median(turn[how][name] for turn in turns), 2)
            for name in ("images_per_second", "peak_gib")
        }
        for how in ("builder", "pillow")
    }
    ratios = [
        turn["pillow"]["images_per_second"] / turn["builder"]["images_per_second"] for turn in turns
    ]
    return {**found, "times_pillow": round(statistics.median(ratios), 3)}


if __name__ == "__main__":
    program.run(ConversionConfig, main)
