"""Names of the arithmetic: what users say, and what Keras calls it."""

# Weights, statistics, losses and metrics are float32 under each.
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
PRECISIONS = tuple(POLICIES)
