"""How fast training batches come out of shards, beside how fast a training step takes them.

    python -m benchmarks.input_pipeline

Makes shards of the sizes of CamVid, PASCAL VOC and Cityscapes (whole, and halved as the paper's
search reads it) and prints one JSON line. For each it tells the batches a second that the input
pipeline gives when nothing else runs, those that training steps of the paper's network take (F = 8
for CamVid, as its recipe has, else F = 20), and how many times more the first are; the seconds to
the first batch of a run, and of one that goes on at step 100,000; and the peak memory. Each is
measured in a process of its own.
"""

import dataclasses
import io
import json
import tempfile

from flags import program

import numpy as np

from benchmarks.measured import made_images, measured_process
from deeplab_nas.data import datasets
from deeplab_nas.settings import Settings, setting
from tfrecords_tools.sources.labeled_image import LabeledImage
from tfrecords_tools.writing import shards


@dataclasses.dataclass(frozen=True)
class _Case:
    """One data set and how it is cropped; sizes are height x width, in pixels."""

    dataset: str
    size: tuple[int, int]
    file_format: str
    crop: int
    batch: int
    filter_multiplier: int
    num_batches: int


_CASES = {
    "camvid": _Case("camvid", (180, 240), "png", 129, 4, 8, 600),
    "voc": _Case("pascal_voc_seg", (375, 500), "jpeg", 513, 2, 20, 200),
    "cityscapes_half": _Case("cityscapes", (512, 1024), "png", 321, 2, 20, 100),
    "cityscapes": _Case("cityscapes", (1024, 2048), "png", 769, 2, 20, 40),
}
_NUM_EXAMPLES = 32


@dataclasses.dataclass(frozen=True, kw_only=True)
class InputPipelineConfig(Settings):
    """What is measured, and how often."""

    case: tuple[str, ...] = setting(
        tuple(_CASES),
        "What to measure, of {choices}; may be repeated.",
        choices=tuple(_CASES),
        repeated=True,
    )
    repetitions: int = setting(3, "Timed training steps, after two that are not.", least=1)


def main(config: InputPipelineConfig) -> None:
    measured = {name: _measure(_CASES[name], config.repetitions) for name in config.case}
    print(json.dumps({"benchmark": "input_pipeline", **measured}))


def _measure(case, repetitions):
    with tempfile.TemporaryDirectory() as folder:
        _write(case, folder)
        pipeline = measured_process.run(
            "measured.input_pipeline_run",
            {
                "dataset": case.dataset,
                "dataset_dir": folder,
                "crop": case.crop,
                "batch": case.batch,
                "num_batches": case.num_batches,
            },
            f"batches of {case.dataset}",
        )
    step = measured_process.run(
        "measured.network_step",
        {
            "kind": "training",
            "size": case.crop,
            "batch": case.batch,
            "filter_multiplier": case.filter_multiplier,
            "repetitions": repetitions,
        },
        f"training at {case.crop}",
    )
    return {
        **dataclasses.asdict(case),
        **pipeline,
        "steps_per_second": round(1 / step["seconds"], 3),
        "times_step": round(pipeline["batches_per_second"] * step["seconds"], 1),
    }


def _write(case, folder):
    descriptor = datasets.describe(case.dataset, "")
    ids = [*range(descriptor.num_classes), descriptor.ignore_label]

    def load(number):
        buffer = io.BytesIO()
        made_images.photograph(number, *case.size).save(buffer, case.file_format)
        label = made_images.labels(number, *case.size, ids)
        return LabeledImage(str(number), buffer.getvalue(), np.array(label))

    split = shards.Split("train", range(_NUM_EXAMPLES), load, descriptor, num_shards=4)
    shards.write_split(folder, split)


if __name__ == "__main__":
    program.run(InputPipelineConfig, main)
