"""Many steps a call: the host hands the device a loop instead of one step after the other."""

import tensorflow as tf


def repeated(update, told):
    """Makes the loop around a step.

    Args:
        update: Function of one distributed batch of each iterator that returns float32 scalars by
            name.
        told: Their names.

    Returns:
        `tf.function` of iterators of distributed batches, which takes the number of steps, an int32
        tensor, as `steps`; it updates as often and returns the means of the scalars.
    """

    @tf.function(autograph=False)
    def run(*iterators, steps):
        def body(step, sums):
            batches = [next(iterator) for iterator in iterators]
            # Where there is no batch nothing else may have happened: no draw of a dropout either.
            with tf.control_dependencies(tf.nest.flatten(batches, expand_composites=True)):
                found = update(*batches)
            return step + 1, tf.nest.map_structure(tf.add, sums, found)

        nothing = dict.fromkeys(told, tf.constant(0.0))
        _, sums = tf.while_loop(lambda step, _: step < steps, body, (0, nothing))
        return {name: value / tf.cast(steps, tf.float32) for name, value in sums.items()}

    return run
