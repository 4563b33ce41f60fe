"""Measures a trained network on a split: `python -m deeplab_nas.evaluate --checkpoint=...`."""

import os

from flags import program

from deeplab_nas.engine import evaluation
from deeplab_nas.engine.configs.evaluate import EvaluateConfig
from deeplab_nas.engine.reporting import table


def main(config: EvaluateConfig) -> None:
    """Evaluates, and prints the classes, the means and where everything lies."""
    found = evaluation.run(config)
    folder = config.eval_logdir or os.path.dirname(os.path.dirname(found["checkpoint"]))
    classes = [(name, f"{iou:.4f}") for name, iou in found["class_iou"].items()]
    names = ("miou", "pixel_accuracy", "mean_class_accuracy", "frequency_weighted_iou")
    means = [(name, f"{found[name]:.4f}") for name in (*names, "miou_accuracy_mean")]
    rows = [
        *classes,
        ("", ""),
        *means,
        ("", ""),
        ("checkpoint", found["checkpoint"]),
        ("images", f"{found['num_images']}, {found['images_a_second']:.3g} a second"),
        ("written", f"{folder}: metrics.json, confusion_matrix.png"),
    ]
    print(table.render(rows))


if __name__ == "__main__":
    program.run(EvaluateConfig, main)
