import pytest
import tensorflow as tf


@pytest.fixture
def unoptimized_graphs():
    """As in a search: Grappler's rewriting takes far longer than these few steps."""
    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({**before, "disable_meta_optimizer": False})
