"""Searches a segmentation network: `python -m deeplab_nas.search`."""

import sys

from flags import program

from deeplab_nas.core import nas_genotypes
from deeplab_nas.engine import search_loop
from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.engine.reporting import search_decisions, search_sharpness, table
from deeplab_nas.engine.runs.run_directory import RunDirectory
from deeplab_nas.engine.scoring import early_stop
from tfrecords_tools import build_shapes


def main(config: SearchConfig) -> None:
    """Searches, and prints a short table of what was found and where it lies."""
    epochs = search_loop.run(build_shapes.with_folder(config))
    run = RunDirectory(config.train_logdir)
    found = nas_genotypes.load(run.architecture_path)
    best = max(epochs, key=lambda record: record["miou"])
    last = epochs[-1]
    rows = [
        ("path (output strides)", nas_genotypes.path_text(found.path)),
        *((f"block {i}", nas_genotypes.block_text(pairs)) for i, pairs in enumerate(found.cell)),
        ("supernet mIoU", f"{last['miou']:.4f} (best {best['miou']:.4f}, epoch {best['epoch']})"),
        *search_decisions.rows(last),
        *search_sharpness.rows(early_stop.find(config.hessian, epochs)),
        table.memory(last["peak_memory_gib"]),
        ("architecture", run.architecture_path),
        ("picture", run.picture_path),
        ("curves", f"tensorboard --logdir={run.path}"),
    ]
    print(table.render(rows))
    verdict = search_decisions.verdict(last)
    if verdict:
        print(verdict, file=sys.stderr)


if __name__ == "__main__":
    program.run(SearchConfig, main, recipe="quickstart")
