"""Takes steps of a run: what can go wrong while they draw their batches and compute."""

import tensorflow as tf

from deeplab_nas.data import record_faults
from deeplab_nas.engine.runs import nan_guard


class TakenSteps:
    """Runs loops of steps, passes over bad records and checks what the steps tell."""

    def __init__(self, bad_records, history, learning_rate, newest_checkpoint):
        """Creates what takes steps.

        Args:
            bad_records: `BadRecords` of the training split.
            history: `History` of the run.
            learning_rate: Function from the number of a step to its learning rate, for errors.
            newest_checkpoint: Function that returns the step of the newest checkpoint, or None.
        """
        self._bad_records = bad_records
        self._history = history
        self._learning_rate = learning_rate
        self._newest_checkpoint = newest_checkpoint

    def take(self, loop, optimizer, drawn, done, count):
        """Takes some steps.

        Args:
            loop: What `repeated` made.
            optimizer: Whose updates count the steps.
            drawn: `Batches` that the loop draws from, in its order.
            done: Steps done.
            count: Steps to take.

        Returns:
            How many were taken, and what they told, floats by name: fewer than `count`, and
            nothing, where a record could not be used and is passed over from now on.

        Raises:
            UserError: More records cannot be used than are allowed, or a number is not finite.
        """
        for batches in drawn:
            if batches.iterator is None:
                batches.begin(done)
        updates = optimizer.iterations.numpy()
        try:
            told = loop(*(batches.iterator for batches in drawn), steps=tf.constant(count))
        except record_faults.ERRORS:
            taken = int(optimizer.iterations.numpy() - updates)
            if not any(batches.find_bad_record(done + taken) for batches in drawn):
                raise
            for batches in drawn:
                batches.begin(done + taken)
            self._bad_records.tell(self._history, done + taken)
            return taken, {}
        told = {name: float(value) for name, value in told.items()}
        nan_guard.check_told(told, lambda: self._circumstances(drawn, done, done + count))
        return count, told

    def _circumstances(self, drawn, begun, done):
        steps = f"step {done}" if done == begun + 1 else f"steps {begun + 1} to {done}"
        names = ", ".join(batches.image_names(begun, done) for batches in drawn)
        return (
            f"in {steps} (learning rate {self._learning_rate(begun):g}; images {names}; newest "
            f"checkpoint after step {self._newest_checkpoint() or 0})"
        )
