"""How fast an exported network answers, with batch normalisation folded and as it was trained.

    python -m benchmarks.serving --sizes=321x321 --formats=saved_model --formats=litert

Prints one JSON line: for each size and format the latency of one image (p50 and p99, in seconds, of
`requests` requests), images a second, and the share of the machine's peak, which is that of a 3x3
convolution of 256 to 64 channels, measured in the same run. The variants of a size are called in
turn, so that a slow minute of the machine hits them all. The weights are random: time does not
depend on them.
"""

import json
import pathlib
import tempfile

from flags import program

import numpy as np
import tensorflow as tf
from absl import flags

from benchmarks.measured import measured_process
from deeplab_nas.core import folding, nas_genotypes, segmenter
from deeplab_nas.core.cost import network_cost
from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.serving import litert, service

_CALIBRATION_IMAGES = 3

flags.DEFINE_integer("filter_multiplier", 20, "F. Paper: 20, 32 or 48.", lower_bound=1)
flags.DEFINE_integer("num_classes", 19, "Number of classes.", lower_bound=1)
flags.DEFINE_list("sizes", ["321x321", "513x513", "1025x2049"], "Height x width, in pixels.")
flags.DEFINE_multi_enum(
    "formats",
    ["saved_model"],
    ["saved_model", "bfloat16", "litert", "litert_int8"],
    "What to measure; saved_model is measured folded and not folded.",
)
flags.DEFINE_float("seconds", 60.0, "Time of the requests for one size.", lower_bound=1.0)
flags.DEFINE_integer("threads", 0, "Threads in all; 0: one a core.", lower_bound=0)


def main(_):
    measurements = []
    with tempfile.TemporaryDirectory() as folder:
        for size in flags.FLAGS.sizes:
            height, width = (int(side) for side in size.split("x"))
            variants = _export(pathlib.Path(folder) / size, (height, width))
            measured = _measure(variants, size)
            measurements.append({"height": height, "width": width, **measured})
    settings = {name: flags.FLAGS[name].value for name in ("filter_multiplier", "num_classes")}
    print(json.dumps({"benchmark": "serving", **settings, "measurements": measurements}))


def _network(dtype="float32"):
    return segmenter.build(
        nas_genotypes.auto_deeplab(),
        flags.FLAGS.filter_multiplier,
        flags.FLAGS.num_classes,
        dtype=dtype,
    )


def _export(folder, size):
    """Exports every wanted variant; returns their paths by name and the multiply-adds."""
    folder.mkdir(parents=True)
    network = _network()
    folded = folding.fold(network)
    makers = {
        "saved_model": {
            "not_folded": lambda path: _save(network, path),
            "folded": lambda path: _save(folded, path),
        },
        "bfloat16": {
            "bfloat16_folded": lambda path: _save(folding.fold(_network("mixed_bfloat16")), path)
        },
        "litert": {"litert": lambda path: path.write_bytes(litert.convert(folded, size))},
        "litert_int8": {
            "litert_int8": lambda path: path.write_bytes(
                litert.convert(folded, size, _calibration_images(size))
            )
        },
    }
    paths = {}
    for kind in flags.FLAGS.formats:
        for name, make in makers[kind].items():
            paths[name] = str(folder / name) + (".tflite" if kind.startswith("litert") else "")
            make(pathlib.Path(paths[name]))
    return {"paths": paths, "multiply_adds": network_cost.measure(network, *size).multiply_adds}


def _save(model, path):
    module = service.Service(model, InferenceConfig(), 2**30, assets=())
    tf.saved_model.save(module, str(path), signatures=module.served)


def _calibration_images(size):
    rng = np.random.default_rng(0)
    shape = (_CALIBRATION_IMAGES, 1, *size, 3)
    return list(rng.uniform(0, 255, shape).astype(np.float32))


def _measure(variants, size):
    arguments = [f"--size={size}", f"--multiply_adds={variants['multiply_adds']}"]
    arguments += [f"--seconds={flags.FLAGS.seconds}", f"--threads={flags.FLAGS.threads}"]
    arguments += [f"--variant={name}={path}" for name, path in variants["paths"].items()]
    return measured_process.run("serving_requests", arguments, size)


if __name__ == "__main__":
    program.run(main)
