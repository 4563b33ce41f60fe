"""Runs a SavedModel as TensorFlow 1 did.

session_reader.py VERSION_FOLDER REQUEST.npy ANSWER.npy
"""

import sys

# Whatever would import this project fails.
sys.modules["deeplab_nas"] = sys.modules["flags"] = sys.modules["keras"] = None

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

folder, request, answer = sys.argv[1:]
with tf.compat.v1.Session(graph=tf.Graph()) as session:
    loaded = tf.compat.v1.saved_model.load(session, ["serve"], folder)
    signature = loaded.signature_def["serving_default"]
    fetch = signature.outputs["semantic_predictions"].name
    feed = {signature.inputs["images"].name: np.load(request)}
    np.save(answer, session.run(fetch, feed))
