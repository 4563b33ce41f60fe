"""Which numbers of an image file of more than 8 bits are black and white, and what lies between."""

import functools
import math

import numpy as np

from deeplab_nas.errors import UserError
from deeplab_nas.files.json_field import Field

# The number that becomes 0 and the one that becomes 255; what lies outside saturates.
Range = tuple[float, float]

_LARGEST_OF_16_BITS = 2**16 - 1


def parse(text: str) -> Range | None:
    """Reads the value of `--image_range`, such as `0:4095`; None where it is empty.

    Raises:
        UserError: It is no such range.
    """
    if not text:
        return None
    try:
        low, high = (whole(float(side)) for side in text.split(":"))
    except ValueError:
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UserError(
            f"Expected --image_range to be the numbers that are black and white, low:high, such as "
            f"0:4095, found '{text}'."
        )
    return low, high


def shown(image_range: Range | None) -> str:
    """A range as `parse` takes it; `none` where there is none."""
    return "none" if image_range is None else f"{image_range[0]}:{image_range[1]}"


def from_field(field: Field) -> Range | None:
    """Reads what JSON holds of a range, `[low, high]` or null.

    Raises:
        UserError: The field holds something else.
    """
    if field.value is None:
        return None
    sides = [side.value for side in field.items(2)]
    numbers = all(type(side) in (int, float) and abs(side) < 2**64 for side in sides)
    if not numbers or not sides[0] < sides[1]:
        raise field.refusal("two numbers, the smaller one first, or null")
    return whole(sides[0]), whole(sides[1])


def measured(largest: int) -> Range:
    """The range of images whose largest number is `largest`: from 0 to 2^bits - 1, 8 to 16 bits.

    Powers of two are what cameras of 10, 12 or 14 bits give, and are the same for every split.
    """
    return 0, 2 ** max(8, largest.bit_length()) - 1


@functools.lru_cache(maxsize=4)
def table(image_range: Range) -> np.ndarray:
    """The brightness of every number of 16 bits, uint8 `[65536]`."""
    return _scaled(np.arange(_LARGEST_OF_16_BITS + 1), image_range)


def to_8_bits(values: np.ndarray, image_range: Range) -> np.ndarray:
    """The brightnesses of numbers, uint8 of the same shape; what is no number (NaN) is black."""
    if values.dtype == np.uint16:
        return table(image_range)[values]
    return _scaled(values, image_range)


def _scaled(values: np.ndarray, image_range: Range) -> np.ndarray:
    low, high = image_range
    # Some of what is no number is told of when its type changes.
    with np.errstate(invalid="ignore"):
        brightness = values.astype(np.float64)
    np.clip(brightness, low, high, out=brightness)
    brightness -= low
    brightness *= 255
    brightness /= high - low
    brightness += 0.5
    return np.nan_to_num(brightness, copy=False, nan=0.0).astype(np.uint8)


def whole(number: float) -> float:
    """The number as an int where it is one, as sentences and files show it."""
    return int(number) if math.isfinite(number) and number == int(number) else number
