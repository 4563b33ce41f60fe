"""Measures a trained network on a split: `python -m deeplab_nas.evaluate --checkpoint=...`."""

import os

from flags import evaluate_flags, program

from absl import flags

from deeplab_nas.engine import evaluation
from deeplab_nas.engine.devices import strategies
from deeplab_nas.engine.reporting import table

evaluate_flags.define()


def main(_):
    config = evaluate_flags.evaluate_config(flags.FLAGS)
    strategies.set_threads(flags.FLAGS.threads, side_by_side=False)
    found = evaluation.run(config)
    folder = config.eval_logdir or os.path.dirname(os.path.dirname(found["checkpoint"]))
    print(_summary(found, folder))


def _summary(found, folder):
    """The classes, the means and where everything lies."""
    classes = [(name, f"{iou:.4f}") for name, iou in found["class_iou"].items()]
    names = ("miou", "pixel_accuracy", "mean_class_accuracy", "frequency_weighted_iou")
    means = [(name, f"{found[name]:.4f}") for name in (*names, "miou_accuracy_mean")]
    return table.render(
        [
            *classes,
            ("", ""),
            *means,
            ("", ""),
            ("checkpoint", found["checkpoint"]),
            ("images", f"{found['num_images']}, {found['images_a_second']:.3g} a second"),
            ("written", f"{folder}: metrics.json, confusion_matrix.png"),
        ]
    )


if __name__ == "__main__":
    program.run(main)
