import io

import numpy as np
import pytest
from PIL import Image

from deeplab_nas.errors import UserError
from tfrecords_tools.sources import images

PIXELS = np.random.RandomState(0).randint(0, 256, [6, 8, 3]).astype(np.uint8)


def encoded(image, image_format="png", **options):
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def decoded(image):
    return np.array(Image.open(io.BytesIO(image.encoded)))


@pytest.mark.parametrize("image_format", ["png", "jpeg"])
def test_the_bytes_of_plain_rgb_files_are_kept(image_format):
    raw = encoded(Image.fromarray(PIXELS), image_format)
    image = images.read_image(raw, "plain")
    assert image == images.EncodedImage(raw, image_format, 6, 8)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "I;16", "CMYK"])
def test_other_modes_become_rgb(mode):
    source = Image.fromarray(PIXELS)
    source = (
        Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257)
        if mode == "I;16"
        else source.convert(mode)
    )
    image = images.read_image(encoded(source, "tiff" if mode == "CMYK" else "png"), "other")
    assert image.format == "png"
    assert decoded(image).shape == (6, 8, 3)


def test_sixteen_bits_keep_their_brightness():
    source = Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257)
    image = images.read_image(encoded(source), "deep")
    np.testing.assert_array_equal(decoded(image)[..., 0], PIXELS[..., 0])


def test_floating_point_images_are_refused():
    raw = encoded(Image.fromarray(PIXELS[..., 0].astype(np.float32)), "tiff")
    with pytest.raises(UserError, match="bits a channel in map.tiff, found mode F"):
        images.read_image(raw, "map.tiff")


def test_the_orientation_of_a_photograph_is_honoured():
    exif = Image.Exif()
    exif[0x0112] = 6
    raw = encoded(Image.fromarray(PIXELS), "png", exif=exif)
    image = images.read_image(raw, "turned")
    assert (image.height, image.width) == (8, 6)
    np.testing.assert_array_equal(decoded(image), np.rot90(PIXELS, -1))
