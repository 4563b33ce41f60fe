"""The names by which a served network is called; TF Serving takes `*_bytes` as base64 in JSON."""

import tensorflow as tf

SERVING_DEFAULT = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY
FROM_BYTES = "from_bytes"
FROM_EXAMPLES = "from_examples"

# Outputs; `PROBABILITIES` is also the signature that gives it.
PREDICTIONS = "semantic_predictions"
PROBABILITIES = "semantic_probabilities"
PNG_BYTES = "semantic_png_bytes"
