"""The SavedModel in the hands of others: no line of this project runs where it is used."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import openvino
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2

from deeplab_nas.engine.prediction import signatures
from tests.serving import made_images

_HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="module")
def request_file(served, tmp_path_factory):
    """A request as an array file, and its right answer."""
    pixels = np.stack([np.array(made_images.picture((41, 33), seed)) for seed in range(2)])
    path = tmp_path_factory.mktemp("request") / "images.npy"
    np.save(path, pixels)
    answer = served[signatures.SERVING_DEFAULT](images=tf.constant(pixels))
    return path, answer[signatures.PREDICTIONS].numpy()


def run(folder, *command):
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_loader_of_sessions(version_folder, request_file, tmp_path):
    path, expected = request_file
    script = str(_HERE / "session_reader.py")
    run(tmp_path, sys.executable, "-I", script, version_folder, str(path), "answer.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "answer.npy"), expected)


def test_the_c_interface(version_folder, request_file, tmp_path):
    path, expected = request_file
    saved = pathlib.Path(version_folder) / "saved_model.pb"
    names = json.dumps(tensor_names(saved))
    script = str(_HERE / "c_reader.py")
    run(tmp_path, sys.executable, "-I", script, version_folder, str(path), "answer.npy", names)
    np.testing.assert_array_equal(np.load(tmp_path / "answer.npy"), expected)


def tensor_names(saved):
    """Names of the input and the output of `serving_default`, operation and index."""
    (graph,) = saved_model_pb2.SavedModel.FromString(saved.read_bytes()).meta_graphs
    signature = graph.signature_def[signatures.SERVING_DEFAULT]
    return [signature.inputs["images"].name, signature.outputs[signatures.PREDICTIONS].name]


@pytest.mark.slow
def test_the_command_line_tool(version_folder, request_file, tmp_path):
    path, expected = request_file
    tool = (sys.executable, "-I", "-m", "tensorflow.python.tools.saved_model_cli")
    shown = run(tmp_path, *tool, "show", f"--dir={version_folder}", "--all")
    for name in (signatures.FROM_BYTES, signatures.FROM_EXAMPLES, signatures.PROBABILITIES):
        assert f"signature_def['{name}']" in shown
    run(
        *(tmp_path, *tool, "run", f"--dir={version_folder}", "--tag_set=serve"),
        *("--signature_def=serving_default", f"--inputs=images={path}", f"--outdir={tmp_path}"),
    )
    found = np.load(tmp_path / f"{signatures.PREDICTIONS}.npy")
    np.testing.assert_array_equal(found, expected)


def test_another_runtime(version_folder, request_file):
    path, expected = request_file
    compiled = openvino.Core().compile_model(version_folder, "CPU")
    (found,) = compiled(np.load(path)).values()
    # Its arithmetic differs in the last digits.
    assert np.mean(found == expected) > 0.99


def test_warm_up_requests_are_the_servers_messages(version_folder, served):
    path = pathlib.Path(version_folder) / "assets.extra" / "tf_serving_warmup_requests"
    seen = set()
    for record in tf.data.TFRecordDataset(str(path)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        assert log.WhichOneof("log_type") == "predict_log"
        request = log.predict_log.request
        name = request.model_spec.signature_name
        feed = {key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()}
        assert served[name](**feed)
        seen.add(name)
    assert seen == set(served)
