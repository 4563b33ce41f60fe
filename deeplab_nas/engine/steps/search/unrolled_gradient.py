"""The gradient of alpha and beta through one step of the weights (DARTS's second order)."""

import tensorflow as tf

from deeplab_nas.supernet.search_cell import SearchCell

# How far the weights are moved for the difference, as a norm (DARTS, section 2.3, footnote 2).
_DISTANCE = 0.01
_LEAST_NORM = 1e-30


class UnrolledGradient:
    """The gradient of the loss on trainB after one step of the weights on trainA.

    With w' = w - eta grad_w L_A(w, a), the gradient of L_B(w', a) by a is (DARTS, Liu et al., ICLR
    2019, equations 7 and 8)

        grad_a L_B(w', a) - eta (grad_a L_A(w + R v, a) - grad_a L_A(w - R v, a)) / (2 R)

    with v = grad_w' L_B(w', a) and R = 0.01 / |v|. Here w' is what the weights' optimizer would
    make of w, with its rate, momentum, decay and clip at this step; the factor of the clip counts
    as a constant. Afterwards w is what it was, to the bit, and only the second of the four passes,
    on trainB, has moved the averages of batch normalisations, as the first-order step moves them.
    """

    def __init__(self, gradients, network_variables, architecture_variables, parts, step_weights):
        """Creates it.

        Args:
            gradients: `SupernetGradients`.
            network_variables: The weights w.
            architecture_variables: Alpha and beta.
            parts: Batches of trainB that a step takes.
            step_weights: Function of the gradients of w, which returns what an update would make
                of w, and what the gradients are multiplied by in it.
        """
        self._gradients = gradients
        self._network_variables = network_variables
        self._architecture_variables = architecture_variables
        self._parts = parts
        self._step_weights = step_weights

    def __call__(self, of_weights, of_architecture, step, loss_scale=1.0):
        """Computes it; call it in `strategy.run`.

        Args:
            of_weights: Images and labels of a batch of trainA.
            of_architecture: Images and labels of a batch of trainB.
            step: Weight steps done, an integer scalar.
            loss_scale: What the gradient is multiplied by.

        Returns:
            The loss L_B(w', a), and the gradients, one for each architecture variable.
        """
        weights = [tf.identity(variable.value) for variable in self._network_variables]

        def on_train_a(variables, frozen):
            _, found = self._gradients.of_weights(
                *of_weights, step, variables, frozen, loss_scale, track_statistics=False
            )
            return [gradient / loss_scale for gradient in found]

        def by_architecture():
            return on_train_a(self._architecture_variables, SearchCell.WEIGHTS)

        if tf.distribute.get_replica_context().num_replicas_in_sync == 1:
            # Both sides of the difference are one graph then, which spares half a GiB. Replicas
            # exchange their statistics, which a function of its own forbids.
            by_architecture = tf.function(
                by_architecture, autograph=False, experimental_attributes={"_noinline": True}
            )

        def moved(by):
            self._assign([value + by * change for value, change in zip(weights, v, strict=True)])
            return by_architecture()

        stepped, factor = self._step_weights(
            on_train_a(self._network_variables, SearchCell.ARCHITECTURE)
        )
        self._assign(stepped)
        variables = [*self._network_variables, *self._architecture_variables]
        loss, found = self._gradients.of_architecture(
            *of_architecture, step, variables, (), loss_scale, self._parts
        )
        v = [gradient / loss_scale for gradient in found[: len(weights)]]
        direct = found[len(weights) :]
        # Where nothing has a gradient, v is zero and so is the difference.
        distance = _DISTANCE / tf.maximum(tf.linalg.global_norm(v), _LEAST_NORM)
        ahead, behind = moved(distance), moved(-distance)
        self._assign(weights)
        scale = loss_scale * factor / (2.0 * distance)
        return loss, [
            gradient - scale * (plus - minus)
            for gradient, plus, minus in zip(direct, ahead, behind, strict=True)
        ]

    def _assign(self, values):
        for variable, value in zip(self._network_variables, values, strict=True):
            variable.assign(value)
