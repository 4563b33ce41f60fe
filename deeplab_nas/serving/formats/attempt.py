"""Operations that may fail, inside a graph that has to say what failed and where."""

import tensorflow as tf


def attempt(function, contents, otherwise):
    """Applies a function that may fail.

    An operation that fails ends the whole run, with its own words: a decoder does not know which
    image of a request it has before it. A dataset is the one place in a graph where an error can be
    taken for an answer.

    Args:
        function: Of a scalar string tensor, such as a decoder.
        contents: What it is applied to.
        otherwise: Tensors of the types and ranks of what the function returns.

    Returns:
        What the function returns, or `otherwise` where running it fails.
    """
    answers = tf.data.Dataset.from_tensors(contents).map(
        tf.autograph.experimental.do_not_convert(function)
    )
    instead = tf.data.Dataset.from_tensors(otherwise)
    first = answers.ignore_errors().concatenate(instead).take(1)
    options = tf.data.Options()
    options.autotune.enabled = False
    return first.with_options(options).get_single_element()
