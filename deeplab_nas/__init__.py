"""Auto-DeepLab for TensorFlow 2 and Keras 3: search a segmentation network on your images."""

import os

__version__ = "0.1.0"

# TensorFlow reads this once, when it is loaded. By default it uses oneDNN only on CPUs with
# AVX512-VNNI, and without oneDNN it has no gradient of atrous and of grouped convolutions on CPU.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
