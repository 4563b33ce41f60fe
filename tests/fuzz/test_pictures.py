"""Damaged image files end in a picture or in one sentence, a few of each kind."""

import PIL.Image
import PIL.PngImagePlugin
import pytest

from deeplab_nas.data import image_files
from deeplab_nas.errors import ImageError
from tests import refusals
from tests.data import made_pictures
from tests.fuzz import fuzz_pictures

_COUNT = 500


def test_damaged_pictures_are_read_or_refused():
    counts = fuzz_pictures.run(_COUNT, seed=0)
    del counts["memory_growth_mib"]
    for reader, found in counts.items():
        assert found["tried"] == _COUNT
        assert min(found["accepted"], found["refused"]) > 10, reader


@pytest.mark.parametrize(
    "error", [KeyError("kind"), MemoryError(), RecursionError("a\nb."), OSError()]
)
@pytest.mark.parametrize("when", ["open", "load"])
def test_whatever_pillow_raises_is_one_sentence(monkeypatch, error, when):
    def fail(*_, **__):
        raise error

    raw = made_pictures.encode(made_pictures.smooth(), "PNG")
    owner = PIL.Image if when == "open" else PIL.PngImagePlugin.PngImageFile
    monkeypatch.setattr(owner, when, fail)
    for read in (image_files.read, image_files.open_image):
        with pytest.raises(ImageError, match="intact image file in a.png, but") as refused:
            read(raw, "a.png")
        refusals.assert_sentence(str(refused.value))
