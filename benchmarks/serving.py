"""How fast an exported network answers, with batch normalisation folded and as it was trained.

    python -m benchmarks.serving --sizes=321x321 --formats=saved_model --formats=litert

Prints one JSON line: for each size and format the latency of one image (p50 and p99, in seconds, of
`requests` requests), images a second, and the share of the machine's peak, which is that of a 3x3
convolution of 256 to 64 channels, measured in the same run. The variants of a size are called in
turn, so that a slow minute of the machine hits them all. The weights are random: time does not
depend on them.
"""

import dataclasses
import json
import pathlib
import tempfile

from flags import program

import numpy as np
import tensorflow as tf

from benchmarks.measured import measured_process
from benchmarks.measured.network_measurement import MeasuredNetwork, image_sizes
from deeplab_nas.core import folding, nas_genotypes, segmenter
from deeplab_nas.core.cost import network_cost
from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.serving import litert, service
from deeplab_nas.settings import setting

_CALIBRATION_IMAGES = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServingBenchmarkConfig(MeasuredNetwork):
    """What is exported and asked, and for how long."""

    sizes: tuple[str, ...] = setting(
        ("321x321", "513x513", "1025x2049"), "Height x width, in pixels."
    )
    formats: tuple[str, ...] = setting(
        ("saved_model",),
        "What to measure, of {choices}; may be repeated; saved_model is measured folded and not "
        "folded.",
        choices=("saved_model", "bfloat16", "litert", "litert_int8"),
        repeated=True,
    )
    seconds: float = setting(60.0, "Time of the requests for one size.", least=1)

    def check_together(self) -> None:
        image_sizes("sizes", self.sizes)


def main(config: ServingBenchmarkConfig) -> None:
    measurements = []
    for size in image_sizes("sizes", config.sizes):
        with tempfile.TemporaryDirectory() as folder:
            variants = _export(config, pathlib.Path(folder), size)
            measured = _measure(config, variants, size)
        measurements.append({"height": size[0], "width": size[1], **measured})
    network = {"filter_multiplier": config.filter_multiplier, "num_classes": config.num_classes}
    print(json.dumps({"benchmark": "serving", **network, "measurements": measurements}))


def _network(config, dtype="float32"):
    return segmenter.build(
        nas_genotypes.auto_deeplab(),
        NetworkConfig(filter_multiplier=config.filter_multiplier),
        config.num_classes,
        dtype=dtype,
    )


def _export(config, folder, size):
    """Exports every wanted variant; returns their paths by name and the multiply-adds."""
    network = _network(config)
    folded = folding.fold(network)
    makers = {
        "saved_model": {
            "not_folded": lambda path: _save(network, path),
            "folded": lambda path: _save(folded, path),
        },
        "bfloat16": {
            "bfloat16_folded": lambda path: _save(
                folding.fold(_network(config, "mixed_bfloat16")), path
            )
        },
        "litert": {"litert": lambda path: path.write_bytes(litert.convert(folded, size))},
        "litert_int8": {
            "litert_int8": lambda path: path.write_bytes(
                litert.convert(folded, size, _calibration_images(size))
            )
        },
    }
    paths = {}
    for kind in config.formats:
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


def _measure(config, variants, size):
    settings = {
        "size": size,
        "multiply_adds": variants["multiply_adds"],
        "seconds": config.seconds,
        "threads": config.threads,
        "variant": [f"{name}={path}" for name, path in variants["paths"].items()],
    }
    return measured_process.run("measured.serving_requests", settings, f"{size[0]}x{size[1]}")


if __name__ == "__main__":
    program.run(ServingBenchmarkConfig, main)
