"""What is exported is the network that was asked for, and what is told of it is of it."""

import json
import pathlib
import types

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core.cost import network_cost
from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.engine.networks import inference
from deeplab_nas.engine.prediction import signatures
from deeplab_nas.serving import exporter, litert, service, warm_up
from deeplab_nas.serving.export_config import ExportConfig
from tests.wiring import made_run, numbered_data

# Nothing but the scale, which is enough to tell it from the default and soon traced.
_SEEN = InferenceConfig(eval_scales=(1.5,))


@pytest.fixture
def written(monkeypatch):
    """What exports were to be written, each by name, in the place of the files."""
    found = []

    def write(folder, card, trained, model, config, size):
        found.append({"card": card, "model": model, "size": size})

    monkeypatch.setitem(exporter._FORMATS, "saved_model", write)
    return found


def see(network, image):
    return inference.probabilities(network, image[None]).numpy()


@pytest.mark.parametrize(
    ("fold", "place", "step"), [(True, "best", made_run.BEST), (False, "newest", made_run.NEWEST)]
)
def test_the_network_and_its_card_are_those_of_the_checkpoint(
    run, data, tmp_path, written, fold, place, step
):
    checkpoint = run.path if place == "best" else f"{run.path}/checkpoints/ckpt-{step}"
    metrics = pathlib.Path(run.path, "metrics.json")
    metrics.write_text(json.dumps({"step": made_run.BEST, "miou": 0.5}))
    settings = {"image_size": (18, 26), "fold_batch_norm": fold, "export_version": step}
    assert exporter.run(ExportConfig(checkpoint, str(tmp_path), **settings)) == f"{tmp_path}/{step}"
    metrics.unlink()
    (found,) = written
    card, network, size = found["card"], found["model"], found["size"]
    assert network.training_options.fold_batch_norm == fold
    image = data.pairs["test"][0][0]
    np.testing.assert_allclose(see(network, image), see(getattr(run, place), image), atol=1e-4)
    assert size == (18, 26)
    assert card["multiply_adds_input_size"] == [18, 26]
    assert card["checkpoint_step"] == step
    assert card["metrics"] == ({"step": step, "miou": 0.5} if place == "best" else {})
    assert card["dataset"]["class_names"] == numbered_data.descriptor().class_names
    assert card["export"]["fold_batch_norm"] == fold
    assert card["parameters"] == sum(np.prod(v.shape) for v in run.best.trainable_variables)
    assert card["multiply_adds"] == network_cost.measure(run.best, 18, 26).multiply_adds


def test_the_network_is_loaded_as_it_is_asked_for(run, tmp_path, written):
    exporter.run(ExportConfig(run.path, str(tmp_path), mixed_precision="bfloat16"))
    assert written[0]["model"].compute_dtype == "bfloat16"


def test_the_size_is_the_crop_of_the_training(run, tmp_path, written):
    exporter.run(ExportConfig(run.path, str(tmp_path)))
    assert written[0]["size"] == (17, 17)


def test_what_is_served_sees_as_it_was_asked_to(run, data, tmp_path, monkeypatch):
    made, feeds = [], {}
    served = types.SimpleNamespace(served={})
    monkeypatch.setattr(service, "Service", lambda *given: made.append(given) or served)
    monkeypatch.setattr(exporter.tf.saved_model, "save", lambda *_, **__: None)
    monkeypatch.setattr(warm_up, "write", lambda _, signatures, given: feeds.update(given))
    size = (18, 26)
    exporter.run(
        ExportConfig(run.path, str(tmp_path), inference=_SEEN, max_pixels=999, image_size=size)
    )
    ((network, seen, max_pixels, assets, image_range),) = made
    assert image_range is None
    assert (seen, max_pixels) == (_SEEN.of_training(data.config), 999)
    assert [pathlib.Path(path).name for path in assets] == ["model_card.json", "labels.txt"]
    assert feeds[signatures.SERVING_DEFAULT].shape == (1, *size, 3)
    assert feeds[signatures.PROBABILITIES].shape == (1, *size, 3)
    (encoded,) = feeds[signatures.FROM_BYTES]
    assert tf.io.decode_jpeg(encoded).shape == (*size, 3)
    assert feeds[signatures.FROM_EXAMPLES] == [service.example(encoded)]
    monkeypatch.undo()
    image = data.pairs["test"][0][0][None]
    answer = service.Service(network, seen, 999, []).served[signatures.PROBABILITIES](image)
    expected = inference.predictor(run.best, _SEEN)(image)
    np.testing.assert_allclose(answer[signatures.PROBABILITIES], expected, atol=1e-4)
    plain = inference.predictor(run.best, InferenceConfig())(image)
    assert np.max(np.abs(plain - expected)) > 0.1


@pytest.mark.parametrize("quantize", ["none", "int8"])
def test_int8_is_calibrated_on_the_training_split(run, tmp_path, monkeypatch, quantize):
    converted = []
    monkeypatch.setattr(litert, "convert", lambda *given: converted.append(given) or b"")
    exporter.run(
        ExportConfig(
            run.path,
            str(tmp_path),
            format="litert",
            quantize=quantize,
            image_size=(10, 14),
            num_calibration_images=3,
        )
    )
    ((network, size, resize, images),) = converted
    assert resize.min_resize_value is None
    assert network.training_options.fold_batch_norm
    assert size == (10, 14)
    if quantize == "none":
        assert images is None
        return
    assert {image.shape for image in images} == {(1, 10, 14, 3)}
    order = [numbered_data.NUMBERS["train"][place] for place in numbered_data.order("train")]
    found = [numbered_data.numbers(image)[0] for image in images]
    assert found == [order[0], order[5], order[10]]


class _Converter:
    """In the place of TensorFlow's, which takes long; keeps what it is given."""

    def __init__(self, functions, model):
        (self.function,), self.model = functions, model
        self.target_spec = types.SimpleNamespace(supported_ops=None)

    def convert(self):
        return self


@pytest.mark.parametrize("images", [None, [np.full([1, 10, 14, 3], 7.0, np.float32)]])
def test_what_is_converted_predicts_what_the_network_does(run, data, monkeypatch, images):
    monkeypatch.setattr(litert.tf.lite.TFLiteConverter, "from_concrete_functions", _Converter)
    converter = litert.convert(run.best, (10, 14), data.config, images)
    assert converter.model is run.best
    image = data.pairs["test"][0][0][None, :10, :14].astype(np.float32)
    (found,) = converter.function(tf.constant(image)).values()
    np.testing.assert_array_equal(found, see(run.best, image[0]).argmax(-1))
    given = vars(converter)
    if images is None:
        assert not given.keys() & {"optimizations", "representative_dataset"}
        return
    assert [list(each) for each in converter.representative_dataset()] == [images]
    assert converter.optimizations == [tf.lite.Optimize.DEFAULT]
    assert converter.target_spec.supported_ops == [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    assert converter.inference_input_type == tf.uint8
