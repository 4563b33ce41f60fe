"""The training batches of a run, from any step on."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from deeplab_nas.data import pipeline, record_faults
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.data.split import Split
from deeplab_nas.engine.devices import strategies
from deeplab_nas.engine.runs.bad_records import BadRecords

_SHOWN = 8


@dataclasses.dataclass(eq=False)
class Batches:
    """Batches over all replicas, of which the n-th is a pure function of (seed, n).

    Attributes:
        strategy: Whose replicas share each batch.
        config: Crop, batch size and augmentation.
        split: What is trained on.
        indices: Numbers of the examples to draw from, int64 `[examples]`.
        seed: Of the order and of the augmentation.
        bad_records: `BadRecords` of the split.
        iterator: Yields the distributed batches `(images, labels)` one after the other; None
            before `begin`.
    """

    strategy: tf.distribute.Strategy
    config: DataConfig
    split: Split
    indices: np.ndarray
    seed: int
    bad_records: BadRecords
    iterator: Iterator | None = None

    def begin(self, first_step):
        """Goes to a step; the ones before it cost nothing."""

        def dataset(context):
            return pipeline.train_dataset(
                self.config, self.split, self._drawn_from(), self.seed, first_step, context
            )

        self.iterator = iter(strategies.distributed(self.strategy, dataset))

    def from_step(self, first_step):
        """Yields the batches from a step on, without end, outside the steps of a run.

        What spoils a batch is skipped as in a run.

        Args:
            first_step: Number of the first batch.

        Raises:
            UserError: There are more bad records than may be skipped.
        """
        step = first_step
        self.begin(step)
        while True:
            try:
                batch = next(self.iterator)
            except record_faults.ERRORS:
                if not self.find_bad_record(step):
                    raise
                self.begin(step)
            else:
                yield batch
                step += 1

    def find_bad_record(self, step):
        """Looks for a record that spoils a batch from a step on, and skips it from `begin` on.

        Args:
            step: Number of the first batch that was not drawn.

        Returns:
            Whether one was found; `begin` then makes the batches without it.

        Raises:
            UserError: There are more bad records than may be skipped.
        """
        # Batches are made ahead of the one that is asked for, and so their errors come early.
        steps = pipeline.steps_per_epoch(len(self.indices), self.config.train_batch_size)
        return self.bad_records.find_one([*self._examples(step, step + steps), *self.indices])

    def image_names(self, first_step, last_step):
        """The names of the images of some batches, as one text; of many the first ones."""
        numbers = self._examples(first_step, last_step)
        names = self.split.names(numbers[:_SHOWN])
        more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
        return ", ".join(names) + more

    def _drawn_from(self):
        return self.bad_records.replaced(self.indices)

    def _examples(self, first_step, last_step):
        return pipeline.drawn_examples(
            self.config, self._drawn_from(), self.seed, first_step, last_step
        )
