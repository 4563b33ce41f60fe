"""What stands beside a checkpoint goes into its card, or is refused in one sentence."""

import json

import pytest

from deeplab_nas.engine.networks import model_card
from deeplab_nas.errors import UserError

_METRICS = {"step": 20, "miou": 0.25, "class_iou": {"sky": 0.5}, "confusion_matrix": [[1, 2]]}


def test_metrics_belong_to_one_checkpoint(tmp_path):
    path = tmp_path / "metrics.json"
    assert model_card.read_metrics(str(path), 20) == {}
    path.write_text(json.dumps(_METRICS))
    assert model_card.read_metrics(str(path), 20) == _METRICS
    assert model_card.read_metrics(str(path), 30) == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "JSON in .*metrics.json, but it does not parse"),
        (json.dumps(_METRICS)[:30], "JSON in .*metrics.json, but it does not parse"),
        ("{}", "an object with the key 'step' in .*metrics.json, found {}"),
        ("[]", r"an object with the key 'step' in .*metrics.json, found \[\]"),
        ('{"step": 20, "miou": NaN}', "NaN, which is no JSON number"),
        ('{"step": 20, "miou": "x"}', "miou to be a number in .*metrics.json, found 'x'"),
        (
            '{"step": 20, "miou": 2.5}',
            "miou to be a share from 0 to 1 in .*metrics.json, found 2.5",
        ),
        ('{"step": "20"}', "step to be an integer >= 0 in .*metrics.json, found '20'"),
    ],
)
def test_metrics_that_are_damaged_are_told(tmp_path, text, told):
    (tmp_path / "metrics.json").write_text(text)
    with pytest.raises(UserError, match=rf"{told}.*: delete it, or evaluate again\.$"):
        model_card.read_metrics(str(tmp_path / "metrics.json"), 20)


def test_metrics_of_many_classes_are_read(tmp_path):
    matrix = [[2**40] * 256] * 256
    (tmp_path / "metrics.json").write_text(json.dumps({"step": 1, "matrix": matrix}, indent=1))
    assert model_card.read_metrics(str(tmp_path / "metrics.json"), 1)["matrix"] == matrix
