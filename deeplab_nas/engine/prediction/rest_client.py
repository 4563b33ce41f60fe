"""A network behind TF Serving's REST interface."""

import base64
import http.client
import io
import json
import urllib.error
import urllib.request

import numpy as np
import PIL.Image

from deeplab_nas.data import image_files
from deeplab_nas.engine.prediction import signatures
from deeplab_nas.errors import ImageError, UserError
from deeplab_nas.files import untrusted_json

_TIMEOUT_SECONDS = 300
_MAX_ERROR_BYTES = 2**16
_ADVICE = "serve a version that deeplab_nas.export has written"
# What the server decodes to the pixels that Pillow gives.
_SENT_AS_IT_IS = {("JPEG", "RGB"), ("JPEG", "L"), ("PNG", "RGB"), ("PNG", "L"), ("PNG", "P")}


def label_map(url: str, raw: bytes, pixels: np.ndarray, name: str) -> np.ndarray:
    """Asks a server for the classes of one image.

    Args:
        url: Of the model, such as `http://localhost:8501/v1/models/NAME`.
        raw: The image file.
        pixels: The same, decoded, upright and scaled to 8 bits, uint8 `[height, width, 3]`; sent
            as PNG where the server would not see these pixels in the file.
        name: Name of the file, for messages.

    Returns:
        Class ids, uint8 `[height, width]`.

    Raises:
        ImageError: The server refuses this image.
        UserError: There is no such server, or it answers something else.
    """
    request = {
        "signature_name": signatures.FROM_BYTES,
        "instances": [{"b64": base64.b64encode(_sendable(raw, pixels, name)).decode()}],
    }
    max_bytes = largest_answer(pixels)
    answer = _post(f"{url}:predict", json.dumps(request).encode(), name, max_bytes + 1)
    found = read_label_map(answer, f"the answer of {url}", max_bytes)
    if found.shape != pixels.shape[:2]:
        raise UserError(
            f"Expected a label map of {pixels.shape[:2]} from {url}, found {found.shape}: "
            f"{_ADVICE}."
        )
    return found


def largest_answer(pixels: np.ndarray) -> int:
    """Bytes that no label map of an image fills, as PNG in base64 in JSON."""
    return 4 * pixels.shape[0] * pixels.shape[1] + 2**16


def read_label_map(answer: bytes, place: str, max_bytes: int) -> np.ndarray:
    """Reads what a server answers.

    Args:
        answer: JSON.
        place: Where it comes from, for messages.
        max_bytes: The largest size that is read.

    Returns:
        Class ids, uint8 `[height, width]`.

    Raises:
        UserError: It is something else.
    """
    document = untrusted_json.parse(answer, place, max_bytes, _ADVICE)
    (prediction,) = document.member("predictions").items(1)
    encoded = prediction.member("b64")
    try:
        picture = image_files.open_image(base64.b64decode(encoded.text()), place)
    except (ValueError, ImageError) as error:
        raise encoded.refusal("a PNG in base64") from error
    if picture.mode != "L":
        raise UserError(
            f"Expected a PNG of one byte a pixel in {place}, found mode {picture.mode}: {_ADVICE}."
        )
    return np.array(picture)


def _sendable(raw, pixels, name):
    if image_files.kind(raw, name) in _SENT_AS_IT_IS:
        return raw
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _post(url, body, name, max_bytes):
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
            return response.read(max_bytes)
    except urllib.error.HTTPError as error:
        said = " ".join(error.read(_MAX_ERROR_BYTES).decode(errors="replace").split())[:500]
        if error.code == 400:
            raise ImageError(
                f"Expected an image that {url} takes, found that it refuses {name} ({said})."
            ) from error
        raise UserError(
            f"Expected an answer from {url}, found status {error.code} ({said}): name a model that "
            "is served there."
        ) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise UserError(
            f"Expected a server at {url}, found none ({error}): start one, or give a --server such "
            "as http://localhost:8501/v1/models/NAME."
        ) from error
