"""What a run tells of a validation, whatever it trains: a record, curves and a picture."""

import time

from deeplab_nas.drawing import segmentation
from deeplab_nas.engine.devices.host_memory import peak_memory_gib
from deeplab_nas.engine.scoring import metrics

# What `measured` returns and a program shows at its end.
NUMBERS = ("miou", "pixel_accuracy")
_NUM_SAMPLES = 3


def measured(matrix, started, class_names):
    """Numbers by name for the history.

    Args:
        matrix: Confusion matrix of the validation split.
        started: What `time.monotonic` gave when the process began with the run, in seconds.
        class_names: One name a class; those without a pixel are left out.
    """
    return {
        "miou": metrics.mean_iou(matrix),
        "pixel_accuracy": metrics.pixel_accuracy(matrix),
        "class_iou": metrics.by_class(class_names, metrics.class_iou(matrix)),
        "seconds_since_start": time.monotonic() - started,
        "peak_memory_gib": peak_memory_gib(),
    }


def show(summaries, step, curves, matrix, samples, descriptor):
    """Writes curves, those of the classes' IoU among them, and a picture of some images.

    Args:
        summaries: `Summaries`, which are flushed.
        step: Optimizer steps done.
        curves: More numbers by tag.
        matrix: Confusion matrix of the validation split.
        samples: Images, labels and predictions of some validation images.
        descriptor: Of the data set.
    """
    ious = metrics.by_class(descriptor.class_names, metrics.class_iou(matrix))
    summaries.scalars(step, {**curves, **{f"iou/{name}": iou for name, iou in ious.items()}})
    picture = segmentation.draw_predictions(
        *(values[:_NUM_SAMPLES] for values in samples), descriptor.colormap, descriptor.ignore_label
    )
    summaries.image("validation", picture, step)
    summaries.flush()
