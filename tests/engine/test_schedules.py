"""The whole curve against its closed form."""

import numpy as np
import pytest

from deeplab_nas.engine import schedules


@pytest.mark.parametrize("total", [1, 7, 1000])
def test_cosine_is_the_closed_form(total):
    schedule = schedules.cosine(0.025, 0.001, total)
    steps = np.unique(np.linspace(0, total, 50).astype(int))
    expected = 0.001 + 0.024 * (1 + np.cos(np.pi * steps / total)) / 2
    np.testing.assert_allclose([float(schedule(step)) for step in steps], expected, rtol=1e-5)
    np.testing.assert_allclose(float(schedule(10 * total)), 0.001, rtol=1e-5)
