"""Run by `test_replicas` in a process of its own: prints what two replicas on CPU compute."""

import json
import sys

import tensorflow as tf

from deeplab_nas.core.layers import batch_norm, drop_path

GAMMA = [0.5, 1.0, 2.0, -1.0, 1.5, 0.25]


def main():
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    images = tf.random.stateless_normal([4, 3, 5, 6], [0, 1]) * 2.0 + 1.0
    with strategy.scope():
        norm = batch_norm.BatchNorm(decay=0.9, synchronized=True)
        norm.build((None, None, None, 6))
        norm.gamma.assign(GAMMA)
        paths = drop_path.DropPath(0.5, 1, num_cells=1, num_branches=50)
        paths.build()
        paths.step.assign(5)

    @tf.function
    def step():
        def replica():
            index = tf.distribute.get_replica_context().replica_id_in_sync_group
            half = images[2 * index : 2 * index + 2]
            with tf.GradientTape() as tape:
                tape.watch(half)
                outputs = norm(half, training=True)
                loss = tf.reduce_sum(outputs**3)
            ours, *others = tape.gradient(loss, [half, norm.gamma.value, norm.beta.value])
            return outputs, ours, *others, paths.draw(1)

        return strategy.run(replica)

    results = [strategy.experimental_local_results(result) for result in step()]
    outputs, gradients = (tf.concat(result, 0).numpy().tolist() for result in results[:2])
    values = {
        "outputs": outputs,
        "gradients": gradients,
        "gamma_gradient": tf.add_n(results[2]).numpy().tolist(),
        "beta_gradient": tf.add_n(results[3]).numpy().tolist(),
        "factors": [factors.numpy().ravel().tolist() for factors in results[4]],
        "moving_mean": norm.moving_mean.numpy().tolist(),
        "moving_variance": norm.moving_variance.numpy().tolist(),
        "step": int(paths.step.numpy()),
    }
    json.dump(values, sys.stdout)


if __name__ == "__main__":
    main()
