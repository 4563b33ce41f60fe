"""Maps of label ids, held to a plain reading of their entries."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests import refusals
from tfrecords_tools.sources.labels import id_map

_MOST = 65535


def read(mapped, ids):
    buffer = io.BytesIO()
    Image.fromarray(np.array([ids], np.uint16)).save(buffer, "png")
    return mapped.read(buffer.getvalue(), "label.png")[0].tolist()


@pytest.mark.parametrize(
    ("entries", "ids", "classes"),
    [
        (("0:0", "255:1"), [0, 255, 0], [0, 1, 0]),
        (("0:0", "1-33:1"), [0, 1, 33, 255], [0, 1, 1, 255]),
        (("7:0", "8:1", "*:ignore"), [7, 8, 9, 255, 65535], [0, 1, 255, 255, 255]),
        (("0:0", "*:1"), [0, 255, 300], [0, 1, 1]),
        (("0-127:0", "128-255:1"), [127, 128, 255], [0, 1, 1]),
        (("0:ignore", "26000-26999:1", "24000-24999:0"), [0, 26001, 24000, 255], [255, 1, 0, 255]),
        ((" 3 : 1 ", "4 - 5:0", "9:IGNORE"), [3, 4, 5, 9], [1, 0, 0, 255]),
    ],
)
def test_entries(entries, ids, classes):
    mapped = id_map.parse(entries, 255)
    assert mapped.num_classes == 2
    assert read(mapped, ids) == classes


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 3)), min_size=1, max_size=8))
def test_disjoint_ranges_are_what_they_say(ends):
    """Ranges that end at rising ids, each of a class."""
    expected, entries, first = {}, [], 0
    for last, label in sorted(ends):
        if last >= first:
            entries.append(f"{first}-{last}:{label}")
            expected |= dict.fromkeys(range(first, last + 1), label)
            first = last + 1
    mapped = id_map.parse(entries, 255, num_classes=4)
    assert {label: int(mapped.classes[label]) for label in expected} == expected
    others = mapped.classes[first:]
    assert np.flatnonzero(others >= 0).tolist() == [255 - first] and others[255 - first] == 255


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ("0", "ID:CLASS"),
        ("0=1,1:1", "ID:CLASS"),
        ("0:x,1:1", "ID:CLASS"),
        ("-1:0,1:1", "ID:CLASS"),
        ("1.0:0,1:1", "ID:CLASS"),
        ("²:0,1:1", "ID:CLASS"),
        (":0,1:1", "ID:CLASS"),
        ("0:0,1:1,1:0", "1 in '1:1' and '1:0'"),
        ("0:0,1-9:1,5-6:0", "5 in '1-9:1' and '5-6:0'"),
        ("0:0,*:1,*:1", "'*' once"),
        ("0:0,9-8:1", "the lower one first"),
        ("0:0,65536:1", "0 to 65535"),
        ("0:0,1:255", "classes of 0 to 254 or ignore"),
        ("0:0,1:2", "none for 1"),
        ("1:1,2:2", "none for 0"),
        ("0:0,*:ignore", "two classes or more"),
        ("*:ignore", "two classes or more"),
    ],
)
def test_entries_that_cannot_be_meant(entries, told):
    with refusals.refused("--label_map", told):
        id_map.parse(entries.split(","), 255)


def test_classes_fit_the_number_that_is_given():
    with refusals.refused("classes of 0 to 1 or ignore", "'9:2'", "--num_classes"):
        id_map.parse(("0:0", "9:2"), 255, num_classes=2)
    assert id_map.parse(("0:0", "9:2"), 255, num_classes=4).without_ids(4) == [1, 3]


def test_ids_that_are_not_named_are_refused_by_number():
    mapped = id_map.parse(("0:0", "1:1"), 255)
    with refusals.refused("label.png, found 2, 300: ", "*:ignore"):
        read(mapped, [0, 1, 300, 2, 255])
    with refusals.refused("found 100, 101", "119 and 880 more"):
        read(mapped, range(100, 1001))


def test_the_first_label_becomes_class_0():
    mapped = id_map.from_first(1, 3, 255)
    assert read(mapped, [0, 1, 2, 3, 255]) == [255, 0, 1, 2, 255]
    with refusals.refused("found 4, 254"):
        read(mapped, [1, 4, 254])
    assert mapped.submission_ids(3) == (1, 2, 3)
    assert read(id_map.from_first(0, 2, 1), [0, 1]) == [0, 255]


@pytest.mark.parametrize(
    ("entries", "ids"),
    [
        ("0:0,255:1", (0, 255)),
        ("9:1,7:0,*:ignore", (7, 9)),
        ("0:0,1:1", None),
        ("0:0,1-2:1", None),
        ("0:0,*:1", None),
        ("0:0,256:1", None),
    ],
)
def test_ids_are_told_where_each_class_has_one(entries, ids):
    assert id_map.parse(entries.split(","), 255).submission_ids(2) == ids
