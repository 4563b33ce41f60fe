"""Image files of every format and mode that is read, and of some that are refused."""

import io
import struct
import zlib

import numpy as np
import PIL.Image
import PIL.PngImagePlugin

SIZE = (23, 17)


def encode(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def smooth(size=SIZE, seed=0):
    """A smooth colour picture; `size` is (width, height)."""
    small = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), np.uint8)
    return PIL.Image.fromarray(small).resize(size, PIL.Image.Resampling.BICUBIC)


def numbers(channels=1, largest=2**16 - 1, seed=0, size=SIZE):
    """Numbers from 0 to `largest`, both included, uint16 `[height, width]` or with channels."""
    shape = (size[1], size[0]) if channels == 1 else (size[1], size[0], channels)
    found = np.random.default_rng(seed).integers(0, largest + 1, shape, np.uint16)
    found.flat[:2] = 0, largest
    return found


def deep_png(values):
    """A PNG of 16 bits of 1 to 4 channels, which Pillow does not write."""
    height, width = values.shape[:2]
    channels = 1 if values.ndim == 2 else values.shape[2]
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 16, color, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tiff(values, order="<", planar=False, deflate=False, tile=None, extra=None, tags=(), more=b""):
    """A TIFF of numbers of any type, which Pillow does not write for all of them.

    Args:
        values: `[height, width]` or `[height, width, channels]`.
        order: `<` or `>`, of the bytes.
        planar: Whether the channels lie one behind the other.
        deflate: Whether they are compressed.
        tile: Side of the tiles, of one channel; None for one strip a plane.
        extra: What the channels beyond three are.
        tags: Pairs of a tag and a short, on top.
        more: Bytes behind the file, such as of another directory, that the first one names.
    """
    height, width = values.shape[:2]
    channels = 1 if values.ndim == 2 else values.shape[2]
    stored = values.astype(values.dtype.newbyteorder(order))
    if tile:
        padded = np.zeros([-(-height // tile) * tile, -(-width // tile) * tile], stored.dtype)
        padded[:height, :width] = stored
        rows, columns = (range(0, side, tile) for side in padded.shape)
        parts = [padded[y : y + tile, x : x + tile] for y in rows for x in columns]
    else:
        parts = [stored[..., channel] for channel in range(channels)] if planar else [stored]
    data = [part.tobytes() for part in parts]
    data = [zlib.compress(part) for part in data] if deflate else data
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    entries = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [8 * values.dtype.itemsize] * channels),
        259: (3, [8 if deflate else 1]),
        262: (3, [2 if channels >= 3 else 1]),
        277: (3, [channels]),
        284: (3, [2 if planar else 1]),
        339: (3, [kind] * channels),
        **{tag: (3, [value]) for tag, value in tags},
    }
    if extra is not None:
        entries[338] = (3, [extra])
    if tile:
        entries |= {322: (4, [tile]), 323: (4, [tile])}
    else:
        entries[278] = (4, [height])
    places, counts = (324, 325) if tile else (273, 279)
    entries[counts] = (4, [len(part) for part in data])
    entries[places] = (4, [0] * len(data))
    end = 8 + 2 + 12 * len(entries) + 4
    outside = sum(max(0, len(_packed(order, *entry))) for entry in entries.values())
    begins = np.cumsum([end + outside, *(len(part) for part in data)]).tolist()
    entries[places] = (4, begins[:-1])
    directory, behind = b"", b""
    for tag, (size, found) in sorted(entries.items()):
        packed = _packed(order, size, found)
        if len(packed) > 4:
            place, behind = struct.pack(f"{order}I", end + len(behind)), behind + packed
        else:
            place = packed.ljust(4, b"\0")
        directory += struct.pack(f"{order}HHI", tag, size, len(found)) + place
    head = b"II*\0" if order == "<" else b"MM\0*"
    head += struct.pack(f"{order}IH", 8, len(entries))
    next_one = struct.pack(f"{order}I", begins[-1] if more else 0)
    whole = head + directory + next_one + behind.ljust(outside, b"\0") + b"".join(data)
    return whole + more


def _packed(order, size, found):
    return struct.pack(f"{order}{len(found)}{'H' if size == 3 else 'I'}", *found)


def readable():
    """Files of one picture of 8 or 16 bits, by name."""
    rgb = smooth()
    grey, alpha, palette = rgb.convert("L"), rgb.copy(), rgb.quantize(60)
    alpha.putalpha(90)
    turned = PIL.Image.Exif()
    turned[0x0112] = 6
    turned[0x010F] = "a camera"
    kinds = {"rgb": rgb, "grey": grey, "alpha": alpha, "palette": palette, "bit": rgb.convert("1")}
    files = {f"png {name}": encode(image, "PNG") for name, image in kinds.items()}
    files |= {f"tiff {name}": encode(image, "TIFF") for name, image in kinds.items()}
    files |= {f"bmp {name}": encode(kinds[name], "BMP") for name in ("rgb", "grey", "bit")}
    files |= {f"gif {name}": encode(kinds[name], "GIF") for name in ("grey", "palette")}
    files |= {f"webp {name}": encode(kinds[name], "WEBP") for name in ("rgb", "alpha")}
    for name in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        files[f"tiff by {name}"] = encode(rgb, "TIFF", compression=name)
    for name in ("group4", "group3"):
        files[f"tiff {name}"] = encode(kinds["bit"], "TIFF", compression=name)
    files |= {
        "png palette of 4 bits": encode(rgb.quantize(9), "PNG", bits=4, transparency=2),
        "png with text": encode(rgb, "PNG", pnginfo=_text()),
        "png turned": encode(rgb, "PNG", exif=turned),
        "jpeg": encode(rgb, "JPEG"),
        "jpeg grey": encode(grey, "JPEG"),
        "jpeg progressive": encode(rgb, "JPEG", progressive=True),
        "jpeg cmyk": encode(rgb.convert("CMYK"), "JPEG"),
        "jpeg turned": encode(rgb, "JPEG", exif=turned, comment=b"words"),
        "mpo": encode(rgb, "MPO", save_all=True, append_images=[grey.convert("RGB")]),
        "tiff cmyk": encode(rgb.convert("CMYK"), "TIFF", compression="tiff_lzw"),
        "tiff turned": encode(rgb, "TIFF", exif=turned),
        "webp lossless": encode(rgb, "WEBP", lossless=True, exif=turned),
        "ppm": encode(rgb, "PPM"),
        "pgm": encode(grey, "PPM"),
        "pbm as text": b"P1 3 2 1 0 1 0 1 0",
        "ppm as text": b"P3 2 1 255 1 2 3 4 5 6",
    }
    grey16, rgb16, rgba16 = numbers(1), numbers(3), numbers(4)
    deep = {
        "png 16 bits": encode(PIL.Image.fromarray(grey16), "PNG"),
        "tiff 16 bits": encode(PIL.Image.fromarray(grey16), "TIFF"),
        "tiff 16 bits lzw": encode(PIL.Image.fromarray(grey16), "TIFF", compression="tiff_lzw"),
        "tiff 16 bits tiles": tiff(grey16, tile=16),
        "tiff 16 bits deflated tiles": tiff(grey16, tile=16, deflate=True),
        "tiff 16 bits big-endian": tiff(grey16, ">"),
        "pgm 16 bits": b"P5 23 17 65535\n" + grey16.astype(">u2").tobytes(),
        "pgm as text": b"P2 3 1 4095 0 17 4095",
    }
    for order in "<>":
        for name, values in (("rgb", rgb16), ("rgba", rgba16)):
            deep |= {
                f"tiff {name} 16 bits {order}": tiff(values, order),
                f"tiff {name} 16 bits {order} deflate": tiff(values, order, deflate=True),
                f"tiff {name} 16 bits {order} planes": tiff(values, order, planar=True),
            }
    deep |= {f"png {n} channels 16 bits": deep_png(numbers(n)) for n in (2, 3, 4)}
    deep["ppm 16 bits"] = b"P6 23 17 4095\n" + numbers(3, 4095).astype(">u2").tobytes()
    return files | deep


def refused():
    """Files that no picture of 8 bits can be made of without being told how, by name."""
    rgb, pages = smooth(), [smooth(seed=1), smooth(seed=2)]
    several = {"save_all": True, "append_images": pages}
    files = {f"{kind} several": encode(rgb, kind, **several) for kind in ("GIF", "WEBP", "TIFF")}
    grey = numbers(1)
    return files | {
        "png several": encode(rgb, "PNG", **several),
        "tiff compressed planes": tiff(numbers(3), planar=True, deflate=True),
        "tiff five channels": tiff(numbers(5)),
        "tiff 32 bits": tiff(grey.astype(np.uint32)),
        "tiff signed": tiff((grey // 2).astype(np.int16)),
        "tiff float": tiff(grey.astype(np.float32)),
        "pfm": b"Pf 3 2 -1.0\n" + np.arange(6, dtype="<f4").tobytes(),
        "eps": encode(rgb, "EPS"),
        "jpeg 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(60),
        "icon": encode(rgb, "ICO", sizes=[(16, 16)]),
        "text": b"no image at all",
        "empty": b"",
        "png bomb": _bomb(),
        "png of many words": encode(rgb, "PNG")[:33] + _words() + encode(rgb, "PNG")[33:],
    }


def _text():
    found = PIL.PngImagePlugin.PngInfo()
    found.add_text("Comment", "some words", zip=True)
    found.add_itxt("Title", "words", "en", "Titel", zip=True)
    return found


def _bomb():
    """A PNG of some kilobytes that claims more pixels than are decoded."""
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(2**20), 9)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def _words():
    """Text of 64 MiB in 64 KiB."""
    return chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2**26), 9))
