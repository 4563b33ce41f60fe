"""One conversion, or Pillow's part of it, in a process of its own; prints one JSON line."""

import concurrent.futures
import io
import json
import pathlib
import tempfile
import time

from flags import program

from absl import flags
from PIL import Image

from deeplab_nas.engine.devices.host_memory import peak_memory_gib
from tfrecords_tools import build_cityscapes, build_voc2012
from tfrecords_tools.writing.build_options import BadExamples, BuildOptions

flags.DEFINE_enum("kind", None, ["cityscapes", "voc2012"], "Data set.", required=True)
flags.DEFINE_enum("how", None, ["builder", "pillow"], "What is measured.", required=True)
flags.DEFINE_string("root", None, "Its folder.", required=True)
flags.DEFINE_integer("num_workers", 2, "Threads.", lower_bound=1)


def main(_):
    values = flags.FLAGS
    raw, split = {
        "cityscapes": (build_cityscapes.cityscapes(), "train_fine"),
        "voc2012": (build_voc2012.VOC2012, "train"),
    }[values.kind]
    pairs = raw.find(pathlib.Path(values.root), split, BadExamples(skip=False))
    with tempfile.TemporaryDirectory() as output_dir:
        start = time.perf_counter()
        if values.how == "builder":
            raw.build(values.root, output_dir, [split], BuildOptions(values.num_workers))
        else:
            with concurrent.futures.ThreadPoolExecutor(values.num_workers) as pool:
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
    program.run(main)
