"""What other rules of decoding make of a search that has ended.

    python -m benchmarks.decode_search --train_logdir=runs/camvid_search \\
        --operation_choice=argmax --output=found.json

A supernet is searched once, and may be decoded by every rule; the search itself stays as it is.
Writes the architecture, and prints one JSON line with it and with what the supernet says of it.
"""

import dataclasses
import json

from flags import program

from benchmarks.measured import ended_search
from deeplab_nas.engine.configs.decoding import DecodingConfig
from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.engine.runs.run_directory import RunDirectory
from deeplab_nas.settings import Settings, required


@dataclasses.dataclass(frozen=True, kw_only=True)
class DecodeSearchConfig(Settings):
    """The search and the rules."""

    train_logdir: str = required("Run directory.", example="runs/camvid_search", path=True)
    output: str = required("File of the architecture.", example="found.json", path=True)
    decoding: DecodingConfig = DecodingConfig()


def main(config: DecodeSearchConfig) -> None:
    searched = RunDirectory(config.train_logdir).checked_settings(SearchConfig)
    with ended_search.of(searched) as search:
        found, told = search.choose(config.decoding)
    found.save(config.output)
    architecture = {"path": found.path, "cell": found.cell}
    print(json.dumps({"benchmark": "decode_search", **architecture, **told}))


if __name__ == "__main__":
    program.run(DecodeSearchConfig, main)
