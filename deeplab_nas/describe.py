"""Says what a network is and what it costs: `python -m deeplab_nas.describe`."""

import dataclasses
import json

from flags import program

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.cost import cost_table, network_cost
from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.drawing import architecture as architecture_drawing
from deeplab_nas.engine.networks import networks
from deeplab_nas.files import atomic
from deeplab_nas.settings import Settings, setting


@dataclasses.dataclass(frozen=True)
class DescribeConfig(Settings):
    """What to describe, and how."""

    network: NetworkConfig = NetworkConfig()
    num_classes: int = setting(19, "Number of classes.", paper="19 for Cityscapes", least=1)
    input_size: tuple[int, int] = setting(
        (1025, 2049),
        "Height and width of the image in pixels, or one number for both.",
        paper="1025,2049, Cityscapes",
        least=1,
    )
    json: bool = setting(False, "Print one JSON object instead of a table.")
    output_png: str = setting(
        "", "Picture of the path and the cell, written here; empty: none.", path=True
    )


def main(config: DescribeConfig) -> None:
    """Prints the network and its cost, and draws it where that is asked for."""
    network, size = config.network, config.input_size
    architecture = networks.architecture(network)
    if config.output_png:
        picture = architecture_drawing.draw_architecture(architecture)
        atomic.write_png(config.output_png, picture, "name another --output_png")
    model = networks.build(network, architecture, config.num_classes)
    measured = network_cost.measure(model, *size)
    if config.json:
        facts = {
            **dataclasses.asdict(network),
            "num_classes": config.num_classes,
            "cell": architecture.cell,
            "path": architecture.path,
            "input_size": size,
            **dataclasses.asdict(measured),
        }
        print(json.dumps(facts))
        return
    print(
        f"{network.architecture}, F = {network.filter_multiplier}, {config.num_classes} classes, "
        f"images of {size[0]}x{size[1]}\n"
        f"Path (output strides): {nas_genotypes.path_text(architecture.path)}\n"
        f"Cell: {nas_genotypes.cell_text(architecture.cell)}\n\n{cost_table.render(measured)}"
    )


if __name__ == "__main__":
    program.run(DescribeConfig, main)
