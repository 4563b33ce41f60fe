"""Auto-DeepLab for TensorFlow 2 and Keras 3: search a segmentation network on your images."""

__version__ = "0.1.0"
