"""Numbers that are not finite are refused."""

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.engine.runs import nan_guard
from deeplab_nas.errors import UserError


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_what_a_step_tells(value):
    nan_guard.check_told({"loss": 1.0, "norm": 0.0}, circumstances=lambda: "never")
    with pytest.raises(UserError, match=f"a finite norm, found {value} in step 3: nothing was sav"):
        nan_guard.check_told({"loss": 1.0, "norm": value}, circumstances=lambda: "in step 3")


def test_what_is_saved():
    variables = {
        "counter": tf.Variable(3, dtype=tf.int64),
        "kernel": tf.Variable([1.0, 2.0]),
        "half": tf.Variable([1.0], dtype=tf.bfloat16),
    }
    nan_guard.check_variables(variables)
    variables["half"].assign([float("inf")])
    with pytest.raises(UserError, match="found others in half"):
        nan_guard.check_variables(variables)
