"""Runs a SavedModel by TensorFlow's C interface, without the Python package.

c_reader.py VERSION_FOLDER REQUEST.npy ANSWER.npy '["input:0", "output:0"]'
"""

import ctypes
import importlib.util
import json
import os
import sys

import numpy as np

_UINT8, _INT32 = 4, 3


class _Output(ctypes.Structure):
    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


def _library():
    folder = importlib.util.find_spec("tensorflow").submodule_search_locations[0]
    paths = [os.path.join(folder, f"libtensorflow_{name}.so.2") for name in ("framework", "cc")]
    library = [ctypes.CDLL(path, ctypes.RTLD_GLOBAL) for path in paths][-1]
    for name in (
        *("TF_NewStatus", "TF_NewGraph", "TF_NewSessionOptions", "TF_LoadSessionFromSavedModel"),
        *("TF_GraphOperationByName", "TF_AllocateTensor", "TF_TensorData"),
    ):
        getattr(library, name).restype = ctypes.c_void_p
    library.TF_Message.restype = ctypes.c_char_p
    library.TF_Dim.restype = ctypes.c_int64
    return library


def _check(library, status):
    if library.TF_GetCode(status):
        sys.exit(library.TF_Message(status).decode())


def _tensor(library, values):
    dimensions = (ctypes.c_int64 * values.ndim)(*values.shape)
    size = ctypes.c_size_t(values.nbytes)
    tensor = ctypes.c_void_p(library.TF_AllocateTensor(_UINT8, dimensions, values.ndim, size))
    ctypes.memmove(library.TF_TensorData(tensor), values.ctypes.data, values.nbytes)
    return tensor


def _array(library, tensor):
    shape = [library.TF_Dim(tensor, axis) for axis in range(library.TF_NumDims(tensor))]
    assert library.TF_TensorType(tensor) == _INT32
    data = library.TF_TensorData(tensor)
    values = np.ctypeslib.as_array((ctypes.c_int32 * int(np.prod(shape))).from_address(data))
    return values.reshape(shape).copy()


def _endpoint(library, graph, name):
    operation, index = name.split(":")
    found = library.TF_GraphOperationByName(graph, operation.encode())
    return _Output(found, int(index))


def main(folder, request, answer, names):
    library = _library()
    assert "tensorflow" not in sys.modules
    status, graph, options = (
        ctypes.c_void_p(getattr(library, f"TF_New{name}")())
        for name in ("Status", "Graph", "SessionOptions")
    )
    tags = (ctypes.c_char_p * 1)(b"serve")
    session = ctypes.c_void_p(
        library.TF_LoadSessionFromSavedModel(
            options, None, folder.encode(), tags, 1, graph, None, status
        )
    )
    _check(library, status)
    given, wanted = (_endpoint(library, graph, name) for name in json.loads(names))
    inputs = (ctypes.c_void_p * 1)(_tensor(library, np.load(request)))
    outputs = (ctypes.c_void_p * 1)()
    library.TF_SessionRun(
        *(session, None, ctypes.byref(given), inputs, 1, ctypes.byref(wanted), outputs, 1),
        *(None, 0, None, status),
    )
    _check(library, status)
    np.save(answer, _array(library, ctypes.c_void_p(outputs[0])))


main(*sys.argv[1:])
