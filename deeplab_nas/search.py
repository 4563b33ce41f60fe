"""Searches a segmentation network: `python -m deeplab_nas.search`."""

import dataclasses

from flags import (
    cost_flags,
    data_flags,
    model_flags,
    program,
    run_flags,
    search_flags,
    strategy_flags,
)

from absl import flags

from deeplab_nas.core import nas_genotypes
from deeplab_nas.data import datasets
from deeplab_nas.drawing import labels
from deeplab_nas.engine import search_loop
from deeplab_nas.engine.devices import strategies
from deeplab_nas.engine.reporting import table
from deeplab_nas.engine.runs.run_directory import RunDirectory
from tfrecords_tools import build_shapes

for topic in (data_flags, model_flags, search_flags, cost_flags, strategy_flags, run_flags):
    topic.define()


def main(_):
    config = search_flags.search_config(flags.FLAGS)
    strategies.set_threads(flags.FLAGS.threads, side_by_side=True)
    if config.data.dataset == datasets.BUILT_IN and not config.data.dataset_dir:
        data = dataclasses.replace(config.data, dataset_dir=build_shapes.ensure())
        config = dataclasses.replace(config, data=data)
    epochs = search_loop.run(config)
    print(_summary(config, epochs))


def _summary(config, epochs):
    """A short table of what was found and where it lies."""
    run = RunDirectory(config.train_logdir)
    found = nas_genotypes.load(run.architecture_path)
    best = max(epochs, key=lambda record: record["miou"])
    last = epochs[-1]
    return table.render(
        [
            ("path (output strides)", labels.path_label(found.path)),
            *((f"block {i}", labels.block_label(pairs)) for i, pairs in enumerate(found.cell)),
            (
                "supernet mIoU",
                f"{last['miou']:.4f} (best {best['miou']:.4f}, epoch {best['epoch']})",
            ),
            ("entropy", f"alpha {last['alpha_entropy']:.4f}, beta {last['beta_entropy']:.4f}"),
            ("peak memory", f"{last['peak_memory_gib']:.2f} GiB"),
            ("architecture", run.architecture_path),
            ("picture", run.picture_path),
            ("curves", f"tensorboard --logdir={run.path}"),
        ]
    )


if __name__ == "__main__":
    program.run(main, recipe="quickstart")
