"""What a training tells: history lines, curves and pictures."""

import time

import tensorflow as tf

from deeplab_nas.engine.reporting import validation
from deeplab_nas.engine.reporting.summaries import Summaries


class TrainReport:
    """Writes the history, the curves and the pictures of a training.

    Attributes:
        NUMBERS: What an evaluation's record has at least.
    """

    NUMBERS = validation.NUMBERS

    def __init__(self, run, model, descriptor):
        """Args: run, an `OpenRun`; the `Segmenter`; the data set's descriptor."""
        self._model = model
        self._descriptor = descriptor
        self._history = run.history
        self._summaries = Summaries(run.own.events)
        self._started = time.monotonic()

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
        found = validation.measured(matrix, self._started, self._descriptor.class_names)
        record = {
            **{"kind": "evaluation", "step": step, "epoch": epoch},
            **{**found, "best_miou": max(found["miou"], best_miou)},
        }
        curves = {f"eval/{name}": record[name] for name in ("miou", "best_miou", "pixel_accuracy")}
        validation.show(self._summaries, step, curves, matrix, samples, self._descriptor)
        self._history.append(record)
        return record

    def close(self):
        """Closes the event file."""
        self._summaries.close()
