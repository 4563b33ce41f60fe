"""What pairs share of their names, and the suffixes that are found."""

import unicodedata

import hypothesis
import pytest
from hypothesis import strategies

from tfrecords_tools.sources import file_names


@pytest.mark.parametrize(
    ("name", "suffix", "expected"),
    [
        ("a.png", "", "a"),
        ("city/a.b.PNG", "", "city/a.b"),
        ("a_mask.png", "_mask", "a"),
        ("s/a_mask.png", "_mask.png", "s/a"),
        ("a.png", "_mask", None),
        ("s/_mask.png", "_mask", None),
        ("1/mask.png", "/mask", "1"),
        (unicodedata.normalize("NFD", "é_gt.png"), "_gt", unicodedata.normalize("NFC", "é")),
    ],
)
def test_what_a_pair_shares(name, suffix, expected):
    assert file_names.shared(name, suffix) == expected


_STEMS = strategies.lists(
    strategies.from_regex(r"[a-d]{1,3}[0-9]{1,2}", fullmatch=True), min_size=2
)


@hypothesis.settings(max_examples=200)
@hypothesis.given(
    stems=_STEMS.map(set).filter(lambda stems: len(stems) > 1),
    suffixes=strategies.sampled_from(
        [
            *(
                ("", "_mask"),
                ("", "_gt"),
                ("_leftImg8bit", ""),
                ("_leftImg8bit", "_gtFine_labelIds"),
            ),
            *(("_rgb", "_L"), ("", "-segmentation"), ("_img", "_seg"), ("", "L")),
        ]
    ),
    folder=strategies.sampled_from(["", "train/aachen/"]),
)
def test_the_suffixes_of_two_folders_are_found(stems, suffixes, folder):
    images, labels = (
        [f"{folder}{stem}{suffix}.png" for stem in sorted(stems)] for suffix in suffixes
    )
    assert file_names.find_suffixes(images, labels) == (*suffixes, len(stems))


@pytest.mark.parametrize("suffixes", [("", "_mask"), ("_rgb", "_gt"), ("_image", "")])
def test_the_suffixes_of_one_folder_are_found(suffixes):
    names = [f"x/{number:03d}{suffix}.png" for number in range(60) for suffix in suffixes]
    found = file_names.find_suffixes(names, names)
    # Without a word that only labels have, the longer name is the label's.
    expected = ("", "_image") if suffixes == ("_image", "") else suffixes
    assert found == (*expected, 60)


def test_of_many_kinds_of_labels_the_ids_are_found():
    kinds = ("color", "instanceIds", "labelIds")
    labels = [f"{n:03d}_gtFine_{kind}.png" for n in range(9) for kind in kinds]
    images = [f"{n:03d}_leftImg8bit.png" for n in range(9)]
    assert file_names.find_suffixes(images, labels) == ("_leftImg8bit", "_gtFine_labelIds", 9)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (["cat.jpg", "dog.jpg"], ["1.png", "2.png"]),
        (["p1.jpg"], ["p2.png"]),
        (["a/x.jpg"], ["b/x.png"]),
        ([], []),
        ([f"img{n}.jpg" for n in range(50)], [f"img{n}.png" for n in range(50, 90)]),
    ],
)
def test_none_are_made_up(images, labels):
    assert file_names.find_suffixes(images, labels) is None
