"""What a search tells: history lines, curves, pictures and the architectures it decodes."""

import time

import numpy as np
import tensorflow as tf

from deeplab_nas.drawing import architecture as architecture_drawing
from deeplab_nas.drawing import cell, heat_map, trellis
from deeplab_nas.engine.reporting import validation
from deeplab_nas.engine.reporting.summaries import Summaries
from deeplab_nas.files import atomic
from deeplab_nas.supernet import decoding


class SearchReport:
    """Writes the history, the architectures, the curves and the pictures of a search.

    Attributes:
        NUMBERS: What an epoch's record has at least.
    """

    NUMBERS = ("epoch", *validation.NUMBERS, "alpha_entropy", "beta_entropy")

    def __init__(self, run, supernet, descriptor):
        """Args: run, an `OpenRun`; the supernet; the data set's descriptor."""
        self._run = run.own
        self._history = run.history
        self._supernet = supernet
        self._operations = supernet.config.operations
        self._descriptor = descriptor
        with atomic.as_user_errors(self._run.architectures, atomic.RESUME_ADVICE):
            tf.io.gfile.makedirs(self._run.architectures)
        self._summaries = Summaries(self._run.events)
        self._started = time.monotonic()

    def interval(self, step, epoch, measured):
        """Writes a history line and curves.

        Args:
            step: Weight steps done.
            epoch: Epoch that the step is in, from 1.
            measured: Numbers by name; None leaves a curve out.
        """
        alpha, beta = self._architecture_logits()
        record = {
            "step": step,
            "epoch": epoch,
            **measured,
            "alpha_entropy": decoding.alpha_entropy(alpha, self._operations),
            "beta_entropy": decoding.beta_entropy(beta),
        }
        self._history.append({"kind": "interval", **record})
        curves = {f"search/{name}": v for name, v in record.items() if v is not None}
        del curves["search/step"]
        self._summaries.scalars(step, curves)

    def epoch(self, step, epoch, matrix, samples):
        """Decodes, and writes everything that an epoch leaves.

        Args:
            step: Weight steps done.
            epoch: Epochs done.
            matrix: Confusion matrix of the validation split.
            samples: Images, labels and predictions of some validation images.

        Returns:
            The history record.
        """
        alpha, beta = self._architecture_logits()
        decoded = decoding.decode(alpha, beta, self._operations)
        record = {
            "kind": "epoch",
            "step": step,
            "epoch": epoch,
            **validation.measured(matrix, self._started),
            "alpha_entropy": decoding.alpha_entropy(alpha, self._operations),
            "beta_entropy": decoding.beta_entropy(beta),
            "skips": decoding.num_skips(decoded.cell),
            "path": list(decoded.path),
        }
        decoded.save(self._run.architecture_epoch_path(epoch))
        decoded.save(self._run.architecture_path)
        picture = architecture_drawing.draw_architecture(decoded)
        atomic.write_png(self._run.picture_path, picture)
        self._draw(step, decoded, alpha, beta)
        names = ("miou", "pixel_accuracy", "alpha_entropy", "beta_entropy", "skips")
        curves = {f"epoch/{name}": record[name] for name in names}
        validation.show(self._summaries, step, curves, matrix, samples, self._descriptor)
        self._history.append(record)
        return record

    def close(self):
        """Closes the event file."""
        self._summaries.close()

    def _architecture_logits(self):
        return [np.asarray(v.numpy()) for v in self._supernet.architecture_variables]

    def _draw(self, step, decoded, alpha, beta):
        chosen = decoding.operation_weights(alpha, self._operations)
        pictures = {
            "alpha": heat_map.draw_alpha(chosen, len(decoded.cell), self._operations),
            "beta": trellis.draw_trellis(decoding.transition_probabilities(beta), decoded.path),
            "cell": cell.draw_cell(decoded),
        }
        for tag, picture in pictures.items():
            self._summaries.image(tag, picture, step)
