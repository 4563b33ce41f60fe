"""Image files of many kinds, right and wrong, as a server may be sent them."""

import io
import struct
import zlib

import numpy as np
import PIL.Image

# Of the largest image that the tested network takes.
MAX_PIXELS = 2**16

_SIZE = (31, 22)


def picture(size=_SIZE, seed=0):
    """A smooth colour picture; `size` is (width, height)."""
    small = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), np.uint8)
    return PIL.Image.fromarray(small).resize(size, PIL.Image.Resampling.BICUBIC)


def encode(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def right():
    """Files that have a right answer, by name."""
    rgb = picture()
    alpha = rgb.copy()
    alpha.putalpha(90)
    deep = PIL.Image.fromarray((np.arange(_SIZE[0] * 22).reshape(22, -1) * 91).astype(np.uint16))
    cases = {
        "png": encode(rgb, "PNG"),
        "jpeg": encode(rgb, "JPEG", quality=92),
        "jpeg, half the colours": encode(rgb, "JPEG", subsampling=2),
        "jpeg, progressive": encode(rgb, "JPEG", progressive=True),
        "grey png": encode(rgb.convert("L"), "PNG"),
        "grey jpeg": encode(rgb.convert("L"), "JPEG"),
        "grey and alpha": encode(rgb.convert("LA"), "PNG"),
        "rgba": encode(alpha, "PNG"),
        "palette": encode(rgb.quantize(200), "PNG"),
        "palette of 4 bits": encode(rgb.quantize(9), "PNG", bits=4),
        "palette, see-through": encode(rgb.quantize(9), "PNG", transparency=2),
        "one bit": encode(rgb.convert("1"), "PNG"),
        "16 bits": encode(deep, "PNG"),
        "one pixel": encode(rgb.resize((1, 1)), "PNG"),
        "1x5000": encode(rgb.resize((5000, 1)), "PNG"),
        "5000x1": encode(rgb.resize((1, 5000)), "JPEG"),
        "as large as allowed": encode(picture((256, 256)), "PNG"),
        "with a comment": encode(rgb, "JPEG", comment=b"\xff\xda" * 20),
        "bytes after the end": encode(rgb, "PNG") + b"tail" * 50,
        "bytes between segments": _with_bytes_between(encode(rgb, "JPEG", exif=_turned(6))),
    }
    for orientation in (0, 2, 3, 4, 5, 6, 7, 8, 9):
        exif = _turned(orientation)
        cases[f"jpeg turned {orientation}"] = encode(rgb, "JPEG", exif=exif)
        cases[f"png turned {orientation}"] = encode(rgb, "PNG", exif=exif)
    return cases


def wrong():
    """Files that have none: by name, the file and what the refusal says."""
    rgb = picture()
    png, jpeg = encode(rgb, "PNG"), encode(rgb, "JPEG")
    unknown = "expected a JPEG or PNG image, found other bytes"
    large = f"expected at most {MAX_PIXELS} pixels, found "
    return {
        "empty": (b"", unknown),
        "text": (b"no image at all", unknown),
        "zeros": (bytes(500), unknown),
        "wrong magic": (b"\x88" + png[1:], unknown),
        "webp": (encode(rgb, "WEBP"), unknown),
        "tiff": (encode(rgb, "TIFF"), unknown),
        "bmp": (encode(rgb, "BMP"), unknown),
        "gif": (encode(rgb.quantize(64), "GIF"), unknown),
        "jpeg of two bytes": (jpeg[:2], unknown),
        "jpeg of three bytes": (jpeg[:3], "JPEG"),
        "truncated jpeg header": (jpeg[:100], "JPEG"),
        "truncated jpeg": (jpeg[: len(jpeg) * 3 // 4], "JPEG"),
        "jpeg without a frame": (jpeg[:2] + jpeg[-2:], "JPEG"),
        "truncated png": (png[: len(png) // 2], "PNG"),
        "png signature alone": (png[:8], "expected IHDR"),
        "png, another chunk first": (png[:12] + b"tEXt" + png[16:], "expected IHDR"),
        "png, wrong checksum": (png[:29] + bytes(4) + png[33:], "PNG"),
        "png without image data": (png[:33] + _chunk(b"IEND", b""), "PNG"),
        "png, a kind of colour that there is not": (_png_header(31, 22, color=5) + png[33:], "PNG"),
        "png, a chunk longer than the file": (png[:33] + b"\x7f" + png[34:], "PNG"),
        "png, damaged pixels": (_damaged(png, len(png) // 2), "PNG"),
        "png of 60000x60000": (_png_header(60000, 60000) + png[33:], large + "60000x60000"),
        "png of 2^31 pixels a side": (_png_header(2**31 - 1, 2**31 - 1) + png[33:], large),
        "png without pixels": (_png_header(0, 0) + png[33:], "an image with pixels, found 0x0"),
        "jpeg of 60000x60000": (_jpeg_of(jpeg, 60000, 60000), large + "60000x60000"),
        "png of 4 KB and 100 MB": (bomb(), large + "5800x5800"),
        "one pixel too many": (encode(PIL.Image.new("RGB", (65537, 1)), "PNG"), large),
        "cmyk": (encode(rgb.convert("CMYK"), "JPEG"), "found four inks"),
        "too many scans": (_many_scans(encode(rgb, "JPEG", progressive=True)), "100 scans"),
        "too many bytes": (png + bytes(2**25), f"at most {2**25} bytes"),
    }


def bomb():
    """A PNG of a few kilobytes that decodes to 100 MB."""
    side = 5800
    compressor = zlib.compressobj(9)
    row = bytes(1 + 3 * side)
    rows = b"".join(compressor.compress(row) for _ in range(side)) + compressor.flush()
    return _png_header(side, side) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _turned(orientation):
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    return exif


def _with_bytes_between(jpeg):
    exif = jpeg.index(b"\xff\xe1")
    return jpeg[:exif] + b"\x01\x00\xff\x00\xff\xff" + jpeg[exif:]


def _png_header(width, height, color=2):
    header = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)


def _chunk(kind, data):
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def _damaged(encoded, position):
    return encoded[:position] + bytes([encoded[position] ^ 0x55]) + encoded[position + 1 :]


def _jpeg_of(jpeg, width, height):
    frame = jpeg.index(b"\xff\xc0")
    return jpeg[: frame + 5] + struct.pack(">HH", height, width) + jpeg[frame + 9 :]


def _many_scans(jpeg):
    scan = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[scan:-2] * 200 + jpeg[-2:]
