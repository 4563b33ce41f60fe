"""Nodes of one kind share their traced functions; what a gradient needs can be recomputed."""

import functools

import tensorflow as tf


class SharedFunctions:
    """Runs the `compute` of layers; those of one kind are traced once for all.

    A supernet of the paper's size has 45 nodes of a dozen kinds. One function a kind spares most
    of the graph, and with it most of the time to the first step and of the memory beside the data.
    """

    def __init__(self):
        self._functions = {}

    def __call__(self, layer, tensors, frozen=(), recompute=False, **settings):
        """Returns `layer.compute(tensors, **settings)`.

        Args:
            layer: Has `kind`, hashable and equal for layers that compute the same function, and
                `compute`, which depends on nothing else of the layer and returns a tensor and a
                list of tensors without a gradient.
            tensors: Dictionary of nested tensors.
            frozen: Names of those `tensors` of which no gradient is taken.
            recompute: Whether to keep nothing but `tensors` for the gradient, and to compute the
                rest again when it is taken.
            **settings: Python values, or tensors without a gradient.
        """
        frozen = tuple(sorted(frozen))
        if _has_replicas():
            # They exchange their statistics, which a function of its own forbids.
            compute = functools.partial(_compute_frozen, layer.compute)
            if not recompute:
                return compute(tensors, frozen, **settings)
            return _recomputed_in_place(compute, tensors, frozen, **settings)
        compute, gradients = self._traced(layer)
        if not recompute:
            return compute(tensors, frozen, **settings)
        return _recomputed(compute, gradients, tensors, frozen, **settings)

    def _traced(self, layer):
        if layer.kind not in self._functions:
            self._functions[layer.kind] = [
                # Inlined into its callers, it would be optimised and set up once for each.
                tf.function(
                    functools.partial(function, layer.compute),
                    autograph=False,
                    experimental_attributes={"_noinline": True},
                )
                for function in (_compute_frozen, _gradients)
            ]
        return self._functions[layer.kind]


def _compute_frozen(compute, tensors, frozen, **settings):
    stopped = {name: tf.nest.map_structure(tf.stop_gradient, tensors[name]) for name in frozen}
    return compute({**tensors, **stopped}, **settings)


def _gradients(compute, tensors, frozen, upstream, **settings):
    """Returns the gradients of all `tensors` but the frozen ones, by name."""
    wanted = {name: value for name, value in tensors.items() if name not in frozen}
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(wanted)
        outputs, _ = compute(tensors, **settings)
    return tape.gradient(outputs, wanted, upstream)


def _recomputed(compute, gradients, tensors, frozen, **settings):
    @tf.custom_gradient
    def run(*flat):
        # A tape that saw the inputs would have the function keep what its own gradient needs.
        found = tf.nest.pack_sequence_as(tensors, [tf.stop_gradient(value) for value in flat])
        outputs, others = compute(found, (), **settings)

        def gradient(upstream, *_):
            by_name = gradients(found, frozen, upstream, **settings)
            none = {name: tf.nest.map_structure(lambda _: None, tensors[name]) for name in frozen}
            return tf.nest.flatten({**by_name, **none})

        return (outputs, *others), gradient

    outputs, *others = run(*tf.nest.flatten(tensors))
    return outputs, others


def _recomputed_in_place(compute, tensors, frozen, **settings):
    def run(*flat):
        outputs, others = compute(tf.nest.pack_sequence_as(tensors, flat), frozen, **settings)
        return (outputs, *others)

    outputs, *others = tf.recompute_grad(run)(*tf.nest.flatten(tensors))
    return outputs, others


def _has_replicas():
    context = tf.distribute.get_replica_context()
    return context is not None and context.num_replicas_in_sync > 1
