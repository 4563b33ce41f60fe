"""Requests that TF Serving answers for itself before it takes others.

A graph is optimised and its kernels are prepared when it runs for the first time. The messages are
those of tensorflow_serving/apis (prediction_log.proto, predict.proto, model.proto), described here
by the fields that are needed, so that exporting does not need that package.
"""

import os

import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FOLDER = "assets.extra"
_FILE = "tf_serving_warmup_requests"
_PACKAGE = "tensorflow.serving"
_TENSOR = ".tensorflow.TensorProto"


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
    log = _message_class("PredictionLog")()
    request = log.predict_log.request
    request.model_spec.signature_name = signature
    request.inputs[input_name].ParseFromString(tf.make_tensor_proto(values).SerializeToString())
    return log.SerializeToString()


def _message_class(name):
    # The pool knows TensorProto once TensorFlow is imported; one of its own leaves the real
    # messages free for whoever imports tensorflow_serving as well.
    pool = descriptor_pool.DescriptorPool()
    for file_name in _files_of_tensor_proto():
        found = descriptor_pb2.FileDescriptorProto()
        descriptor_pool.Default().FindFileByName(file_name).CopyToProto(found)
        pool.Add(found)
    pool.Add(_serving_file())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


def _files_of_tensor_proto():
    """Names of the files that describe TensorProto, each after those that it imports."""
    found = []

    def visit(file):
        for imported in file.dependencies:
            visit(imported)
        if file.name not in found:
            found.append(file.name)

    visit(tf.make_tensor_proto(0).DESCRIPTOR.file)
    return found


def _serving_file():
    file = descriptor_pb2.FileDescriptorProto(
        name="warm_up.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[tf.make_tensor_proto(0).DESCRIPTOR.file.name],
    )
    _add_message(file, "ModelSpec", signature_name=(3, None))
    request = _add_message(file, "PredictRequest", model_spec=(1, f".{_PACKAGE}.ModelSpec"))
    _add_map(request, "inputs", 2, _TENSOR)
    _add_message(file, "PredictLog", request=(1, f".{_PACKAGE}.PredictRequest"))
    _add_message(file, "PredictionLog", predict_log=(6, f".{_PACKAGE}.PredictLog"))
    return file


def _add_message(file, name, **fields):
    """Adds a message; a field is its number and its type, None for a string."""
    message = file.message_type.add(name=name)
    for field, (number, type_name) in fields.items():
        _add_field(message, field, number, type_name)
    return message


def _add_field(message, name, number, type_name, repeated=False):
    kinds = descriptor_pb2.FieldDescriptorProto
    message.field.add(
        name=name,
        number=number,
        label=kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL,
        type=kinds.TYPE_MESSAGE if type_name else kinds.TYPE_STRING,
        type_name=type_name,
    )


def _add_map(message, name, number, type_name):
    """Adds a map from strings, which is a repeated message of a key and a value."""
    entry = message.nested_type.add(name=f"{name.capitalize()}Entry")
    entry.options.map_entry = True
    _add_field(entry, "key", 1, None)
    _add_field(entry, "value", 2, type_name)
    entry_type = f".{_PACKAGE}.{message.name}.{entry.name}"
    _add_field(message, name, number, entry_type, repeated=True)
