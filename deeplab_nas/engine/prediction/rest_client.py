"""A network behind TF Serving's REST interface."""

import base64
import io
import json
import urllib.error
import urllib.request

import numpy as np
import PIL.Image

from deeplab_nas.engine.prediction import signatures
from deeplab_nas.errors import ImageError, UserError

_TIMEOUT_SECONDS = 300
# What the server decodes to the pixels that Pillow gives.
_SENT_AS_IT_IS = {("JPEG", "RGB"), ("JPEG", "L"), ("PNG", "RGB"), ("PNG", "L"), ("PNG", "P")}


def label_map(url: str, raw: bytes, pixels: np.ndarray, name: str) -> np.ndarray:
    """Asks a server for the classes of one image.

    Args:
        url: Of the model, such as `http://localhost:8501/v1/models/NAME`.
        raw: The image file.
        pixels: The same, decoded and upright, uint8 `[height, width, 3]`; sent as PNG where the
            server does not know the file's format.
        name: Name of the file, for messages.

    Returns:
        Class ids, uint8 `[height, width]`.

    Raises:
        ImageError: The server refuses this image.
        UserError: There is no such server, or it answers something else.
    """
    request = {
        "signature_name": signatures.FROM_BYTES,
        "instances": [{"b64": base64.b64encode(_sendable(raw, pixels)).decode()}],
    }
    answer = _post(f"{url}:predict", json.dumps(request).encode(), name)
    try:
        encoded = base64.b64decode(json.loads(answer)["predictions"][0]["b64"])
        found = np.array(PIL.Image.open(io.BytesIO(encoded)))
    except (ValueError, KeyError, IndexError, TypeError, OSError) as error:
        raise UserError(
            f"Expected a PNG in the answer of {url}, found something else "
            f"({type(error).__name__}): serve a version that deeplab_nas.export has written."
        ) from error
    if found.shape != pixels.shape[:2]:
        raise UserError(
            f"Expected a label map of {pixels.shape[:2]} from {url}, found {found.shape}: serve a "
            "version that deeplab_nas.export has written."
        )
    return found


def _sendable(raw, pixels):
    with PIL.Image.open(io.BytesIO(raw)) as image:
        if (image.format, image.mode) in _SENT_AS_IT_IS:
            return raw
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _post(url, body, name):
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
            return response.read()
    except urllib.error.HTTPError as error:
        said = " ".join(error.read().decode(errors="replace").split())[:500]
        if error.code == 400:
            raise ImageError(
                f"Expected an image that {url} takes, found that it refuses {name} ({said})."
            ) from error
        raise UserError(
            f"Expected an answer from {url}, found status {error.code} ({said}): name a model that "
            "is served there."
        ) from error
    except (OSError, ValueError) as error:
        raise UserError(
            f"Expected a server at {url}, found none ({error}): start one, or give a --server such "
            "as http://localhost:8501/v1/models/NAME."
        ) from error
