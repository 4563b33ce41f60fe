"""Requests that TF Serving answers for itself before it takes others.

A graph is optimised and its kernels are prepared when it runs for the first time. The messages are
those of tensorflow_serving/apis (prediction_log.proto, predict.proto, model.proto), described here
by the fields that are needed, so that exporting does not need that package.
"""

import os

import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

_FOLDER = "assets.extra"
_FILE = "tf_serving_warmup_requests"
# A map is a repeated message of a key and a value.
_MESSAGES = """
name: "warm_up.proto" package: "tensorflow.serving" syntax: "proto3"
message_type { name: "ModelSpec"
  field { name: "signature_name" number: 3 label: LABEL_OPTIONAL type: TYPE_STRING } }
message_type { name: "PredictRequest"
  field { name: "model_spec" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE
    type_name: ".tensorflow.serving.ModelSpec" }
  field { name: "inputs" number: 2 label: LABEL_REPEATED type: TYPE_MESSAGE
    type_name: ".tensorflow.serving.PredictRequest.InputsEntry" }
  nested_type { name: "InputsEntry" options { map_entry: true }
    field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
    field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE
      type_name: ".tensorflow.TensorProto" } } }
message_type { name: "PredictLog"
  field { name: "request" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE
    type_name: ".tensorflow.serving.PredictRequest" } }
message_type { name: "PredictionLog"
  field { name: "predict_log" number: 6 label: LABEL_OPTIONAL type: TYPE_MESSAGE
    type_name: ".tensorflow.serving.PredictLog" } }
"""


def write(version_folder, signatures, feeds):
    """Writes one request a signature.

    Args:
        version_folder: Of the SavedModel.
        signatures: Concrete function by signature name.
        feeds: Array to send by signature name.
    """
    folder = os.path.join(version_folder, _FOLDER)
    tf.io.gfile.makedirs(folder)
    with tf.io.TFRecordWriter(os.path.join(folder, _FILE)) as writer:
        for name, function in signatures.items():
            ((spec,), _) = function.structured_input_signature
            writer.write(_prediction_log(name, spec.name, feeds[name]))


def _prediction_log(signature, input_name, values):
    log = _prediction_log_class()()
    request = log.predict_log.request
    request.model_spec.signature_name = signature
    request.inputs[input_name].ParseFromString(tf.make_tensor_proto(values).SerializeToString())
    return log.SerializeToString()


def _prediction_log_class():
    # The pool knows TensorProto once TensorFlow is imported; one of its own leaves the real
    # messages free for whoever imports tensorflow_serving as well.
    pool = descriptor_pool.DescriptorPool()
    tensor_file = tf.make_tensor_proto(0).DESCRIPTOR.file
    for file in {file.name: file for file in _after_imports(tensor_file)}.values():
        copied = descriptor_pb2.FileDescriptorProto()
        file.CopyToProto(copied)
        pool.Add(copied)
    messages = text_format.Parse(_MESSAGES, descriptor_pb2.FileDescriptorProto())
    messages.dependency.append(tensor_file.name)
    pool.Add(messages)
    found = pool.FindMessageTypeByName(f"{messages.package}.PredictionLog")
    return message_factory.GetMessageClass(found)


def _after_imports(file):
    """A file of messages behind those that it imports, some of them more than once."""
    for imported in file.dependencies:
        yield from _after_imports(imported)
    yield file
