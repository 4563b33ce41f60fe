"""Trains a fixed network: `python -m deeplab_nas.train --architecture=...`."""

import dataclasses

from flags import program, train_flags

from absl import flags

from deeplab_nas.data import datasets
from deeplab_nas.engine import train_loop
from deeplab_nas.engine.devices import strategies
from deeplab_nas.engine.reporting import table
from deeplab_nas.engine.runs.run_directory import RunDirectory
from tfrecords_tools import build_shapes

train_flags.define()


def main(_):
    config = train_flags.train_config(flags.FLAGS)
    strategies.set_threads(flags.FLAGS.threads, side_by_side=True)
    if config.data.dataset == datasets.BUILT_IN and not config.data.dataset_dir:
        data = dataclasses.replace(config.data, dataset_dir=build_shapes.ensure())
        config = dataclasses.replace(config, data=data)
    print(_summary(config, train_loop.run(config)))


def _summary(config, evaluations):
    """A short table of what was reached and where it lies."""
    run = RunDirectory(config.train_logdir)
    best = max(evaluations, key=lambda record: record["miou"])
    last = evaluations[-1]
    return table.render(
        [
            ("mIoU", f"{last['miou']:.4f} (best {best['miou']:.4f}, step {best['step']})"),
            ("pixel accuracy", f"{last['pixel_accuracy']:.4f}"),
            ("peak memory", f"{last['peak_memory_gib']:.2f} GiB"),
            ("best weights", run.best),
            ("curves", f"tensorboard --logdir={run.path}"),
        ]
    )


if __name__ == "__main__":
    program.run(main, recipe="quickstart_train")
