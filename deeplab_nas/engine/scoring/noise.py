"""What a search ends in where the gradients of alpha and beta are noise alone."""

import functools

import numpy as np

from deeplab_nas.supernet.decoding import by_logits, decisions

_SIMULATED_ROWS = 400
# Adam's constants in the search.
_BETA_1, _BETA_2, _EPSILON = 0.5, 0.999, 1e-7
# Of the first logits.
_INITIAL_STDDEV = 1e-3


@functools.cache
def entropy(num_choices: int, steps: int, learning_rate: float, decay: float = 0.0) -> float:
    """The entropy, 1 if uniform, that Adam leaves of logits whose gradient is noise alone.

    Args:
        num_choices: Logits in a softmax.
        steps: Updates.
        learning_rate: Adam's.
        decay: L2 in the gradient, as a share of the gradient's standard deviation.

    Returns:
        The mean over simulated softmaxes; the same at each call.
    """
    generator = np.random.default_rng(0)
    logits = _INITIAL_STDDEV * generator.standard_normal([_SIMULATED_ROWS, num_choices])
    momentum, variance = np.zeros_like(logits), np.zeros_like(logits)
    for step in range(1, steps + 1):
        gradient = generator.standard_normal(logits.shape)
        # A softmax does not change if all its logits do alike: its gradients sum to zero.
        gradient -= gradient.mean(axis=-1, keepdims=True)
        gradient += decay * logits
        momentum += (1 - _BETA_1) * (gradient - momentum)
        variance += (1 - _BETA_2) * (gradient**2 - variance)
        rate = learning_rate * np.sqrt(1 - _BETA_2**step) / (1 - _BETA_1**step)
        logits -= rate * momentum / (np.sqrt(variance) + _EPSILON)
    return by_logits.relative_entropy(logits)


@functools.cache
def chance_decided(num_choices: int) -> float:
    """The share of choices among `num_choices` that noise alone makes look decided."""
    if num_choices == 1:
        return 1.0
    values = np.random.default_rng(0).standard_normal([100_000, num_choices])
    # The gradients of a softmax's logits sum to zero, and so do their t.
    values -= values.mean(axis=-1, keepdims=True)
    values = np.sort(values, axis=-1) / np.sqrt(1 - 1 / num_choices)
    return float((values[:, -1] - values[:, -2] > decisions.DECIDED).mean())
