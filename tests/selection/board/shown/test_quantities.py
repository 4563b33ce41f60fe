"""Numbers have a unit that fits the largest of them."""

import pytest

from deeplab_nas.selection.board.shown import quantities


@pytest.mark.parametrize(
    ("choose", "value", "words"),
    [
        (quantities.of_counts, 1_523_400_000, "1.523 billion"),
        (quantities.of_counts, 999_999, "999,999"),
        (quantities.of_counts, 230_400_000_000_000, "230.40 trillion"),
        (quantities.of_counts, 0, "0"),
        (quantities.of_bytes, 96_154_419, "91.7 MiB"),
        (quantities.of_bytes, 12, "12 bytes"),
        (quantities.of_seconds, 140, "2.3 minutes"),
        (quantities.of_seconds, 36.04, "36.0 seconds"),
        (quantities.of_seconds, 9000, "2.50 hours"),
    ],
)
def test_words(choose, value, words):
    assert quantities.in_words(choose([value]), value) == words


def test_the_largest_value_chooses():
    assert quantities.of_counts([5, 2e9]).text(5e8) == "0.500"
    assert quantities.of_counts([]).name == ""
