"""One conversion, or Pillow's part of it, in a process of its own; prints one JSON line."""

import concurrent.futures
import dataclasses
import io
import json
import pathlib
import tempfile
import time

from flags import program

from PIL import Image

from deeplab_nas.engine.devices.host_memory import peak_memory_gib
from deeplab_nas.settings import Settings, required, setting
from tfrecords_tools import build_cityscapes, build_voc2012
from tfrecords_tools.writing.build_options import BadExamples, BuildOptions


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConversionRunConfig(Settings):
    """One conversion."""

    kind: str = required("Data set: {choices}.", choices=("cityscapes", "voc2012"))
    how: str = required("What is measured: {choices}.", choices=("builder", "pillow"))
    root: str = required("Folder of the data set.", path=True)
    num_workers: int = setting(2, "Threads.", least=1)


def main(config: ConversionRunConfig) -> None:
    raw, split = {
        "cityscapes": (build_cityscapes.cityscapes(), "train_fine"),
        "voc2012": (build_voc2012.VOC2012, "train"),
    }[config.kind]
    pairs = raw.find(pathlib.Path(config.root), split, BadExamples(skip=False))
    with tempfile.TemporaryDirectory() as output_dir:
        start = time.perf_counter()
        if config.how == "builder":
            raw.build(
                config.root, output_dir, [split], BuildOptions(num_workers=config.num_workers)
            )
        else:
            with concurrent.futures.ThreadPoolExecutor(config.num_workers) as pool:
                list(pool.map(_decode_and_encode, pairs))
        seconds = time.perf_counter() - start
    measured = {"images_per_second": len(pairs) / seconds, "peak_gib": peak_memory_gib()}
    print(json.dumps(measured))


def _decode_and_encode(pair):
    Image.open(pair.image).load()
    with Image.open(pair.label) as label:
        label.load()
        label.save(io.BytesIO(), "PNG")


if __name__ == "__main__":
    program.run(ConversionRunConfig, main)
