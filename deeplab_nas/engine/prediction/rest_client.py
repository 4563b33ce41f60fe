"""A network behind TF Serving's REST interface."""

import base64
import binascii
import io
import json
import struct

import numpy as np
import PIL.Image

from deeplab_nas.data import image_files
from deeplab_nas.engine.prediction import http_exchange, server_address, signatures
from deeplab_nas.errors import ImageError, UserError
from deeplab_nas.files import untrusted_json

_TIMEOUT_SECONDS = 300.0
_ADVICE = "serve a version that deeplab_nas.export has written"
# The server found fault with the image, or its like: 413 is for what is too large.
_IMAGE_REFUSED = (400, 413)
# What the server decodes to the pixels that Pillow gives.
_SENT_AS_IT_IS = {("JPEG", "RGB"), ("JPEG", "L"), ("PNG", "RGB"), ("PNG", "L"), ("PNG", "P")}
_PNG_HEADER = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


class Server:
    """A model that is served somewhere."""

    def __init__(self, url: str, num_classes: int | None = None, seconds: float = _TIMEOUT_SECONDS):
        """Asks nothing yet.

        Args:
            url: Of the model, such as `http://localhost:8501/v1/models/NAME`.
            num_classes: How many classes its model card has; None where there is no card.
            seconds: How long a request may take, from connecting to the last byte of its answer.

        Raises:
            UserError: That is no such URL.
        """
        self._address = server_address.parse(url)
        self._num_classes = num_classes
        self._seconds = seconds

    def label_map(self, raw: bytes, pixels: np.ndarray, name: str) -> np.ndarray:
        """Asks for the classes of one image.

        Args:
            raw: The image file.
            pixels: The same, decoded, upright and scaled to 8 bits, uint8 `[height, width, 3]`;
                sent as PNG where the server would not see these pixels in the file.
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
        size = pixels.shape[:2]
        max_bytes = largest_answer(size)
        answer = self._post(json.dumps(request).encode(), name, max_bytes)
        found = read_label_map(answer, f"the answer of {self._address.shown}", size, max_bytes)
        if self._num_classes is not None and found.max() >= self._num_classes:
            raise UserError(
                f"Expected class ids below {self._num_classes}, as --model_card says, from "
                f"{self._address.shown}, found {found.max()}: give the model_card.json of the "
                "version that is served there."
            )
        return found

    def _post(self, body, name, max_bytes):
        url = self._address.shown
        try:
            status, said = http_exchange.post(
                self._address, ":predict", body, max_bytes, self._seconds
            )
        except http_exchange.AnswerError as error:
            raise UserError(
                f"Expected {error.expected} in the answer of {url}, found {error.found}: {_ADVICE}."
            ) from error
        except http_exchange.ExchangeError as error:
            raise UserError(
                f"Expected a server at {url}, found none that answers ({error}): start one, or "
                f"give a --server such as {server_address.EXAMPLE}."
            ) from error
        if status == 200:
            return said
        reason = http_exchange.one_line(said.decode(errors="replace"), 500)
        if status in _IMAGE_REFUSED:
            raise ImageError(
                f"Expected an image that {url} takes, found that it refuses {name} ({reason})."
            )
        if 300 <= status < 400:
            raise UserError(
                f"Expected an answer from {url}, found status {status}, which leads somewhere "
                "else: give --server the address where the model is."
            )
        raise UserError(
            f"Expected an answer from {url}, found status {status} ({reason}): name a model that "
            "is served there."
        )


def largest_answer(size: tuple[int, int]) -> int:
    """Bytes that no label map of a size `(height, width)` fills, as PNG in base64 in JSON."""
    return 4 * size[0] * size[1] + 2**16


def read_label_map(answer: bytes, place: str, size: tuple[int, int], max_bytes: int) -> np.ndarray:
    """Reads what a server answers.

    Args:
        answer: JSON.
        place: Where it comes from, for messages.
        size: `(height, width)` of the image.
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
        png = base64.b64decode(encoded.text(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise encoded.refusal("a PNG in base64") from error
    if len(png) < 26 or not png.startswith(_PNG_HEADER):
        raise encoded.refusal("a PNG in base64")
    # Before it is decoded: a few bytes may claim any number of pixels.
    width, height, *kind = struct.unpack_from(">IIBB", png, len(_PNG_HEADER))
    if kind != [8, 0]:
        raise UserError(
            f"Expected a PNG of one byte a pixel in {place}, found {kind[0]} bits and colour type "
            f"{kind[1]}: {_ADVICE}."
        )
    if (height, width) != size:
        raise UserError(
            f"Expected a label map of {size} from {place}, found {height, width}: {_ADVICE}."
        )
    try:
        return np.array(image_files.open_image(png, place))
    except ImageError as error:
        raise encoded.refusal("a whole PNG in base64") from error


def _sendable(raw, pixels, name):
    if image_files.kind(raw, name) in _SENT_AS_IT_IS:
        return raw
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
