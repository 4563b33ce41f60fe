"""What TensorBoard itself reads back."""

import numpy as np
import PIL.Image
import tensorflow as tf
from tensorboard.backend.event_processing import event_accumulator

from deeplab_nas.engine.reporting.summaries import Summaries


def test_tensorboard_reads_scalars_and_pictures(tmp_path):
    summaries = Summaries(str(tmp_path))
    summaries.scalars(3, {"losses/weights": 0.5, "eval/miou": 0.25})
    summaries.scalars(6, {"losses/weights": 0.125})
    picture = PIL.Image.fromarray(np.full((5, 7), 90, np.uint8))
    summaries.image("architecture", picture, step=6)
    summaries.flush()
    events = event_accumulator.EventAccumulator(str(tmp_path))
    events.Reload()
    points = [
        (event.step, float(tf.make_ndarray(event.tensor_proto)))
        for event in events.Tensors("losses/weights")
    ]
    assert points == [(3, 0.5), (6, 0.125)]
    width, height, png = tf.make_ndarray(events.Tensors("architecture")[0].tensor_proto)
    assert (width, height) == (b"7", b"5")
    np.testing.assert_array_equal(tf.io.decode_png(png), np.full((5, 7, 3), 90))
    summaries.close()
