"""Random architectures of the search space, of which a search's find has to be the best.

    python -m benchmarks.random_architectures --seeds=1,2,3 --output_dir=random

Writes `random_SEED.json` for each seed and prints one JSON line with their paths.
"""

import dataclasses
import json
import os

from flags import program

from deeplab_nas.core import random_architecture
from deeplab_nas.settings import Settings, required, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class RandomArchitecturesConfig(Settings):
    """The architectures and where they go."""

    num_layers: int = setting(5, "L, cells on the path.", paper="12", least=1)
    num_blocks: int = setting(5, "B, blocks in the cell.", paper="5", least=1)
    seeds: tuple[int, ...] = setting((1, 2, 3), "Seeds, an architecture each.", least=0)
    output_dir: str = required("Folder of the JSON files.", example="random", path=True)


def main(config: RandomArchitecturesConfig) -> None:
    os.makedirs(config.output_dir, exist_ok=True)
    written = {}
    for seed in config.seeds:
        architecture = random_architecture.draw(seed, config.num_layers, config.num_blocks)
        path = os.path.join(config.output_dir, f"random_{seed}.json")
        architecture.save(path)
        written[path] = architecture.path
    print(json.dumps(written))


if __name__ == "__main__":
    program.run(RandomArchitecturesConfig, main)
