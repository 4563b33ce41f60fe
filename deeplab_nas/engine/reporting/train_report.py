"""What a training tells: history lines, curves and pictures."""

import time

import tensorflow as tf

from deeplab_nas.drawing import segmentation
from deeplab_nas.engine.devices.host_memory import peak_memory_gib
from deeplab_nas.engine.reporting.summaries import Summaries
from deeplab_nas.engine.scoring import metrics

_NUM_SAMPLES = 3


class TrainReport:
    """Writes the history, the curves and the pictures of a training."""

    def __init__(self, run, model, descriptor):
        """Args: run, an `OpenRun`; the `Segmenter`; the data set's descriptor."""
        self._model = model
        self._descriptor = descriptor
        self._history = run.history
        self._summaries = Summaries(run.own.events)
        self._started = time.time()

    def interval(self, step, epoch, measured):
        """Writes a history line and curves.

        Args:
            step: Optimizer steps done.
            epoch: Epoch that the step is in, from 1.
            measured: Numbers by name.
        """
        values = [variable.value for variable in self._model.trainable_variables]
        measured = {**measured, "weight_norm": float(tf.linalg.global_norm(values))}
        self._history.append({"kind": "interval", "step": step, "epoch": epoch, **measured})
        self._summaries.scalars(step, {f"train/{name}": v for name, v in measured.items()})

    def evaluation(self, step, epoch, matrix, best_miou, samples):
        """Writes what an evaluation found.

        Args:
            step: Optimizer steps done.
            epoch: Epoch that the step is in, from 1.
            matrix: Confusion matrix of the validation split.
            best_miou: The best mean IoU of the evaluations before, -1 if there was none.
            samples: Images, labels and predictions of some validation images.

        Returns:
            The history record.
        """
        miou = metrics.mean_iou(matrix)
        record = {
            "kind": "evaluation",
            "step": step,
            "epoch": epoch,
            "miou": miou,
            "best_miou": max(miou, best_miou),
            "pixel_accuracy": metrics.pixel_accuracy(matrix),
            "seconds_since_start": time.time() - self._started,
            "peak_memory_gib": peak_memory_gib(),
        }
        curves = {f"eval/{name}": record[name] for name in ("miou", "best_miou", "pixel_accuracy")}
        ious = metrics.by_class(self._descriptor.class_names, metrics.class_iou(matrix))
        curves.update({f"iou/{name}": iou for name, iou in ious.items()})
        self._summaries.scalars(step, curves)
        picture = segmentation.draw_predictions(
            *(values[:_NUM_SAMPLES] for values in samples),
            self._descriptor.colormap,
            self._descriptor.ignore_label,
        )
        self._summaries.image("validation", picture, step)
        self._summaries.flush()
        self._history.append(record)
        return record

    def close(self):
        """Closes the event file."""
        self._summaries.close()
