"""Trains a fixed network: `python -m deeplab_nas.train --architecture=...`."""

from flags import program

from deeplab_nas.engine import train_loop
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.engine.reporting import table
from deeplab_nas.engine.runs.run_directory import RunDirectory
from tfrecords_tools import build_shapes


def main(config: TrainConfig) -> None:
    """Trains, and prints a short table of what was reached and where it lies."""
    evaluations = train_loop.run(build_shapes.with_folder(config))
    run = RunDirectory(config.train_logdir)
    best = max(evaluations, key=lambda record: record["miou"])
    last = evaluations[-1]
    rows = [
        ("mIoU", f"{last['miou']:.4f} (best {best['miou']:.4f}, step {best['step']})"),
        ("pixel accuracy", f"{last['pixel_accuracy']:.4f}"),
        table.memory(last["peak_memory_gib"]),
        ("best weights", run.best),
        ("curves", f"tensorboard --logdir={run.path}"),
    ]
    print(table.render(rows))


if __name__ == "__main__":
    program.run(TrainConfig, main, recipe="quickstart_train")
