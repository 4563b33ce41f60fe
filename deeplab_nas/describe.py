"""Says what a network is and what it costs: `python -m deeplab_nas.describe`."""

import dataclasses
import json

from flags import describe_flags, network_flags, program

from absl import flags

from deeplab_nas.core.cost import cost_table, network_cost
from deeplab_nas.drawing import architecture as architecture_drawing
from deeplab_nas.drawing import labels
from deeplab_nas.engine.networks import networks
from deeplab_nas.engine.runs import run_directory

describe_flags.define()


def main(_):
    network = network_flags.network_config(flags.FLAGS)
    num_classes = describe_flags.num_classes(flags.FLAGS)
    size = describe_flags.input_size(flags.FLAGS)
    architecture = networks.architecture(network)
    if flags.FLAGS.output_png:
        _draw(architecture, flags.FLAGS.output_png)
    measured = network_cost.measure(networks.build(network, architecture, num_classes), *size)
    if flags.FLAGS.json:
        facts = {
            **dataclasses.asdict(network),
            "num_classes": num_classes,
            "cell": architecture.cell,
            "path": architecture.path,
            "input_size": size,
            **dataclasses.asdict(measured),
        }
        print(json.dumps(facts))
    else:
        print(_heading(network, architecture, num_classes, size))
        print(cost_table.render(measured))


def _draw(architecture, path):
    picture = architecture_drawing.draw_architecture(architecture)
    run_directory.write_png(path, picture, "name another --output_png")


def _heading(network, architecture, num_classes, size):
    blocks = "; ".join(labels.block_label(pairs) for pairs in architecture.cell)
    return (
        f"{network.architecture}, F = {network.filter_multiplier}, {num_classes} classes, "
        f"images of {size[0]}x{size[1]}\n"
        f"Path (output strides): {labels.path_label(architecture.path)}\n"
        f"Cell: {blocks}\n"
    )


if __name__ == "__main__":
    program.run(main)
