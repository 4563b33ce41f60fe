"""Random architectures of the search space, of which a search's find has to be the best.

    python -m benchmarks.random_architectures --seeds=1,2,3 --output_dir=random

Writes `random_SEED.json` for each seed and prints one JSON line with their paths.
"""

import json
import os

from absl import app, flags

from deeplab_nas.core import random_architecture

flags.DEFINE_integer("num_layers", 5, "L, cells on the path. Paper: 12.", lower_bound=1)
flags.DEFINE_integer("num_blocks", 5, "B, blocks in the cell. Paper: 5.", lower_bound=1)
flags.DEFINE_list("seeds", ["1", "2", "3"], "Seeds, an architecture each.")
flags.DEFINE_string("output_dir", None, "Folder of the JSON files.", required=True)


def main(_):
    options = flags.FLAGS
    os.makedirs(options.output_dir, exist_ok=True)
    written = {}
    for seed in map(int, options.seeds):
        architecture = random_architecture.draw(seed, options.num_layers, options.num_blocks)
        path = os.path.join(options.output_dir, f"random_{seed}.json")
        architecture.save(path)
        written[path] = architecture.path
    print(json.dumps(written))


if __name__ == "__main__":
    app.run(main)
