"""Many steps a call: the host hands the device a loop instead of one step after the other."""

import tensorflow as tf


def repeated(updates, told, steps_per_loop):
    """Makes the loop around a step.

    Args:
        updates: What makes up a step, one after the other: `tf.function`s of distributed images and
            labels that return float32 scalars by name, each with the numbers of the iterators whose
            batches it takes.
        told: The names of all of them.
        steps_per_loop: The most steps of a call.

    Returns:
        Function of iterators of distributed batches, which takes the number of steps, an int32
        tensor of at most `steps_per_loop`, as `steps`; it updates as often and returns the means of
        the scalars.
    """
    if steps_per_loop == 1:
        # A loop would set up the graph of the step once more: a minute for a supernet on CPU.
        return lambda *iterators, steps: _step(updates, [next(one) for one in iterators])

    # Called as functions of their own they would not wait for all batches.
    inlined = [(update.python_function, numbers) for update, numbers in updates]

    @tf.function(autograph=False)
    def run(*iterators, steps):
        def body(step, sums):
            batches = [next(iterator) for iterator in iterators]
            # Where there is no batch nothing else may have happened: no draw of a dropout either.
            with tf.control_dependencies(tf.nest.flatten(batches, expand_composites=True)):
                found = _step(inlined, batches)
            return step + 1, tf.nest.map_structure(tf.add, sums, found)

        nothing = dict.fromkeys(told, tf.constant(0.0))
        _, sums = tf.while_loop(lambda step, _: step < steps, body, (0, nothing))
        return {name: value / tf.cast(steps, tf.float32) for name, value in sums.items()}

    return run


def _step(updates, batches):
    """Everything that the updates tell, each of its batches."""
    told = {}
    for update, numbers in updates:
        told.update(update(*(part for number in numbers for part in batches[number])))
    return told
