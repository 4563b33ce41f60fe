"""What a search tells: history lines, curves, pictures and the architectures it decodes."""

import time

import numpy as np
import tensorflow as tf

from deeplab_nas.core import nas_genotypes
from deeplab_nas.drawing import architecture as architecture_drawing
from deeplab_nas.drawing import cell, heat_map, trellis
from deeplab_nas.engine.reporting import search_decisions, search_sharpness, validation
from deeplab_nas.engine.reporting.summaries import Summaries
from deeplab_nas.files import atomic
from deeplab_nas.supernet.decoding import by_logits

_CURVES = (
    *("miou", "pixel_accuracy", "alpha_entropy", "beta_entropy", "skips"),
    *("decided_edges", "decided_arrows", "alpha_entropy_of_noise", "beta_entropy_of_noise"),
    *search_sharpness.NUMBERS,
)


class SearchReport:
    """Writes the history, the architectures, the curves and the pictures of a search.

    Attributes:
        NUMBERS: What an epoch's record has at least.
        LATER_NUMBERS: What those of earlier versions, or not the last one, lack.
    """

    NUMBERS = ("epoch", *validation.NUMBERS, "alpha_entropy", "beta_entropy")
    LATER_NUMBERS = (
        *search_decisions.NUMBERS,
        *search_decisions.PATH_NUMBERS,
        *search_decisions.RIVAL_NUMBERS,
        *search_sharpness.NUMBERS,
    )

    def __init__(self, run, supernet, descriptor, config, tally):
        """Creates the event file and the folder of the architectures.

        Args:
            run: An `OpenRun`.
            supernet: What is searched.
            descriptor: The data set's.
            config: `SearchConfig`.
            tally: `GradientTally` of alpha and beta.
        """
        self._run = run.own
        self._history = run.history
        self._supernet = supernet
        self._operations = supernet.config.operations
        self._descriptor = descriptor
        self._config = config
        self._tally = tally
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
        record = {"step": step, "epoch": epoch, **measured, **self._entropies()}
        self._history.append({"kind": "interval", **record})
        curves = {f"search/{name}": v for name, v in record.items() if v is not None}
        del curves["search/step"]
        self._summaries.scalars(step, curves)

    def epoch(self, step, epoch, matrix, samples, chosen=None, spectrum=None):
        """Writes everything that an epoch leaves.

        Args:
            step: Weight steps done.
            epoch: Epochs done.
            matrix: Confusion matrix of the validation split.
            samples: Images, labels and predictions of some validation images.
            chosen: What `final_choice.choose` returned; None to decode alpha and beta.
            spectrum: `lanczos.Spectrum` of the Hessian in alpha and beta, where it was computed.

        Returns:
            The history record.
        """
        rule = self._config.decoding.rule_of_beta
        decoded, told = chosen or (by_logits.decode_supernet(self._supernet, rule), {})
        record = {
            "kind": "epoch",
            "step": step,
            "epoch": epoch,
            **validation.measured(matrix, self._started, self._descriptor.class_names),
            **self._entropies(),
            "skips": by_logits.num_skips(decoded.cell),
            "path": list(decoded.path),
            **search_decisions.measured(
                self._tally,
                decoded,
                self._operations,
                self._config.optimization,
                self._supernet.kept,
            ),
            **told,
            **(search_sharpness.measured(spectrum) if spectrum else {}),
        }
        decoded.save(self._run.architecture_epoch_path(epoch))
        self._save(decoded)
        self._draw(step, decoded)
        curves = {f"epoch/{name}": value for name, value in record.items() if name in _CURVES}
        validation.show(self._summaries, step, curves, matrix, samples, self._descriptor)
        self._history.append(record)
        if spectrum:
            self._draw_sharpness(step)
        return record

    def take_back(self, epoch):
        """Makes the architecture of an earlier epoch the one that was found."""
        self._save(nas_genotypes.load(self._run.architecture_epoch_path(epoch)))

    def _save(self, found):
        found.save(self._run.architecture_path)
        picture = architecture_drawing.draw_architecture(found)
        atomic.write_png(self._run.picture_path, picture)

    def close(self):
        """Closes the event file."""
        self._summaries.close()

    def _logits(self):
        """Alpha and beta; beta is None where the path is fixed."""
        supernet = self._supernet
        beta = None if supernet.beta is None else np.asarray(supernet.beta.numpy())
        return np.asarray(supernet.alpha.numpy()), beta

    def _entropies(self):
        alpha, beta = self._logits()
        return {
            "alpha_entropy": by_logits.alpha_entropy(alpha, self._operations, self._supernet.kept),
            # A path that is fixed is decided.
            "beta_entropy": 0.0 if beta is None else by_logits.beta_entropy(beta),
        }

    def _draw_sharpness(self, step):
        picture = search_sharpness.draw(self._history.of_kind("epoch"))
        atomic.write_png(self._run.hessian_picture_path, picture)
        self._summaries.image("hessian", picture, step)

    def _draw(self, step, decoded):
        alpha, beta = self._logits()
        chosen = by_logits.operation_weights(alpha, self._operations, self._supernet.kept)
        alpha_t, *_ = self._tally.preferences()
        num_blocks = len(decoded.cell)
        arrows = None if beta is None else by_logits.transition_probabilities(beta)
        pictures = {
            "alpha": heat_map.draw_alpha(chosen, num_blocks, self._operations),
            "alpha_t": heat_map.draw_preferences(alpha_t, num_blocks, self._operations),
            "beta": trellis.draw_trellis(arrows, decoded.path),
            "cell": cell.draw_cell(decoded),
        }
        for tag, picture in pictures.items():
            self._summaries.image(tag, picture, step)
