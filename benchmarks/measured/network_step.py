"""Measures one kind of step of the paper's network in this process; run by `network.py`."""

from flags import program

import keras
import tensorflow as tf

from benchmarks.measured import network_measurement
from deeplab_nas.core import folding, nas_genotypes, segmenter
from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.engine.devices import precision, strategies
from deeplab_nas.engine.steps import losses, weight_decay

_WEIGHT_DECAY = 4e-5
_IGNORE_LABEL = 255


def main(config: network_measurement.StepConfig) -> None:
    training = config.kind == "training"
    strategies.set_threads(config.threads, side_by_side=training)
    shape = [config.batch, *config.size, 3]
    images = tf.random.stateless_uniform(shape, [0, 0], 0.0, 255.0)
    model = segmenter.build(
        nas_genotypes.auto_deeplab(),
        NetworkConfig(filter_multiplier=config.filter_multiplier),
        config.num_classes,
        dtype=precision.POLICIES[config.precision],
    )
    parameters = sum(variable.shape.num_elements() for variable in model.trainable_variables)
    step = _training(model, images, config.num_classes) if training else _inference(model, images)
    network_measurement.report(config, step, parameters)


def _inference(model, images):
    """A function that computes the logits, as `predict` and `evaluate` do."""
    folded = folding.fold(model)
    infer = tf.function(lambda: folded(images, training=False), autograph=False)
    return lambda: infer().numpy()


def _training(model, images, num_classes):
    """A function that takes a step of momentum: loss, weight decay, gradients, update."""
    labels = tf.random.stateless_uniform(images.shape[:3], [0, 1], 0, num_classes, tf.int32)
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            loss = losses.mean_loss(*losses.pixel_cross_entropy(logits, labels, _IGNORE_LABEL))
            loss += weight_decay.regularization_loss(model, _WEIGHT_DECAY)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return lambda: step().numpy()


if __name__ == "__main__":
    program.run(network_measurement.StepConfig, main)
