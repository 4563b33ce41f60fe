"""Lists of names: the names, however the text was saved, or one sentence."""

import re

import hypothesis
import pytest
from hypothesis import strategies

from deeplab_nas.errors import UserError
from tests import refusals
from tfrecords_tools.sources import name_list


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("lists") / "train.txt"


_NAMES = strategies.lists(strategies.from_regex(r"[a-z0-9_éü語]{1,9}", fullmatch=True), min_size=1)
_MARKED = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
_MARKED |= {"utf-32-le": b"\xff\xfe\0\0", "utf-32-be": b"\0\0\xfe\xff"}


@hypothesis.given(
    names=_NAMES,
    encoding=strategies.sampled_from([*_MARKED, "plain"]),
    newline=strategies.sampled_from(["\n", "\r\n", "\r", " \n\n", "\t\r\n\r\n"]),
    last=strategies.booleans(),
)
def test_every_way_to_save_names_gives_the_names(path, names, encoding, newline, last):
    text = newline.join(names) + newline * last
    mark = _MARKED.get(encoding, b"")
    path.write_bytes(mark + text.encode("utf-8" if encoding == "plain" else encoding))
    found = name_list.read(path)
    assert found.lines == tuple(names)
    assert found.place == str(path)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(path, encoding):
    path.write_bytes("2007_000032\r\nmüller\r\n".encode(encoding))
    assert name_list.read(path).lines == ("2007_000032", "müller")


def test_another_code_page_is_said(path):
    path.write_bytes("a\nmüller\n".encode("windows-1252"))
    found = name_list.read(path)
    assert found.lines == ("a", "müller")
    assert "read as windows-1252: save it as UTF-8" in found.place


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"", "found none"),
        (b"\xef\xbb\xbf\r\n \n", "found none"),
        (b"a\0b\nc\n", r"found 'a\x00b'"),
        (b"a" * 10_000, "and more"),
        (b"a\x1b[31m\n", r"\x1b"),
        (b"\xff\xfea\0b", "no utf-16-le"),
        (b"\x81\n", "no utf-8 and no windows-1252"),
    ],
)
def test_what_is_no_list_is_refused(path, raw, word):
    path.write_bytes(raw)
    with refusals.refused(str(path), word):
        name_list.read(path)


@hypothesis.given(raw=strategies.binary(max_size=60))
def test_any_bytes_are_names_or_refused(path, raw):
    path.write_bytes(raw)
    try:
        lines = name_list.read(path).lines
    except UserError as error:
        refusals.assert_sentence(str(error), str(path))
    else:
        assert lines and all(line.split() and not re.search(r"[\r\n\0]", line) for line in lines)
