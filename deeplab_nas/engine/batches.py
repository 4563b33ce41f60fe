"""The training batches of a run, from any step on."""

from deeplab_nas.data import pipeline, records

_SHOWN = 8


class Batches:
    """Batches over all replicas, of which the n-th is a pure function of (seed, n).

    Attributes:
        iterator: Yields the distributed batches `(images, labels)` one after the other.
    """

    def __init__(self, strategy, config, descriptor, index, indices, seed, bad_records):
        """Names what is drawn from; `begin` makes the batches.

        Args:
            strategy: A `tf.distribute.Strategy`.
            config: `DataConfig`.
            descriptor: Of the data set.
            index: `ShardIndex` of the training split.
            indices: Numbers of the examples to draw from, int64 `[examples]`.
            seed: Of the order and of the augmentation.
            bad_records: `BadRecords` of the split.
        """
        self._strategy = strategy
        self._config = config
        self._descriptor = descriptor
        self._index = index
        self._indices = indices
        self._seed = seed
        self._bad_records = bad_records
        self.iterator = None

    def begin(self, first_step):
        """Goes to a step; the ones before it cost nothing."""

        def dataset(context):
            return pipeline.train_dataset(
                self._config,
                self._descriptor,
                self._index,
                self._drawn_from(),
                self._seed,
                first_step,
                context,
            )

        self.iterator = iter(self._strategy.distribute_datasets_from_function(dataset))

    def pass_over_bad_records(self, error, first_step, last_step):
        """Goes back to a step, without the records that spoilt the batches from there on.

        Args:
            error: The `tf.errors.OpError` that drawing those batches ended with.
            first_step: Number of the first batch that may be the cause.
            last_step: Number of the batch after the last one that may be.

        Raises:
            UserError: There are more bad records than may be passed over.
            tf.errors.OpError: `error`, if no record is its cause.
        """
        if not self._bad_records.find(self._examples(first_step, last_step)):
            raise error
        self.begin(first_step)

    def image_names(self, first_step, last_step):
        """The names of the images of some batches, as one text; of many the first ones."""
        numbers = self._examples(first_step, last_step)
        names = records.names(self._index, numbers[:_SHOWN])
        more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
        return ", ".join(names) + more

    def _drawn_from(self):
        return self._bad_records.replaced(self._indices)

    def _examples(self, first_step, last_step):
        return pipeline.drawn_examples(
            self._config, self._drawn_from(), self._seed, first_step, last_step
        )
