"""The training batches of a run, from any step on."""

from deeplab_nas.data import pipeline

_SHOWN = 8


class Batches:
    """Batches over all replicas, of which the n-th is a pure function of (seed, n).

    Attributes:
        iterator: Yields the distributed batches `(images, labels)` one after the other; None
            before `begin`.
    """

    def __init__(self, strategy, config, split, indices, seed, bad_records):
        """Names what is drawn from; `begin` makes the batches.

        Args:
            strategy: A `tf.distribute.Strategy`.
            config: `DataConfig`.
            split: The training `Split`.
            indices: Numbers of the examples to draw from, int64 `[examples]`.
            seed: Of the order and of the augmentation.
            bad_records: `BadRecords` of the split.
        """
        self._strategy = strategy
        self._config = config
        self._split = split
        self._indices = indices
        self._seed = seed
        self._bad_records = bad_records
        self.iterator = None

    def begin(self, first_step):
        """Goes to a step; the ones before it cost nothing."""

        def dataset(context):
            return pipeline.train_dataset(
                self._config,
                self._split,
                self._drawn_from(),
                self._seed,
                first_step,
                context,
            )

        self.iterator = iter(self._strategy.distribute_datasets_from_function(dataset))

    def find_bad_record(self, step):
        """Looks for a record that spoils a batch from a step on, and passes over it once begun.

        Args:
            step: Number of the first batch that was not drawn.

        Returns:
            Whether one was found; `begin` then makes the batches without it.

        Raises:
            UserError: There are more bad records than may be passed over.
        """
        # Batches are made ahead of the one that is asked for, and so their errors come early.
        steps = pipeline.steps_per_epoch(len(self._indices), self._config.train_batch_size)
        return self._bad_records.find_one([*self._examples(step, step + steps), *self._indices])

    def image_names(self, first_step, last_step):
        """The names of the images of some batches, as one text; of many the first ones."""
        numbers = self._examples(first_step, last_step)
        names = self._split.names(numbers[:_SHOWN])
        more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
        return ", ".join(names) + more

    def _drawn_from(self):
        return self._bad_records.replaced(self._indices)

    def _examples(self, first_step, last_step):
        return pipeline.drawn_examples(
            self._config, self._drawn_from(), self._seed, first_step, last_step
        )
