"""Damaged files are taken or refused in one sentence, a few of each kind."""

import dataclasses

import pytest

from tests.fuzz import fuzz_readers, fuzz_rest, json_readers

_COUNT = 300


def test_damaged_json_is_taken_or_refused(tmp_path):
    for reader in json_readers.readers(tmp_path):
        counts = fuzz_readers.fuzz_json(reader, _COUNT, seed=0)
        assert counts["tried"] == _COUNT
        assert min(counts["accepted"], counts["refused"]) > 5, reader.name


def test_damaged_answers_end_in_a_label_map_or_a_sentence():
    counts = fuzz_rest.run(_COUNT, seed=0)
    assert counts["tried"] == _COUNT
    assert min(counts["accepted"], counts["refused"]) > 30


def test_damaged_examples_are_taken_or_refused():
    counts = fuzz_readers.fuzz_examples(_COUNT, seed=0)
    assert counts["tried"] == _COUNT
    assert min(counts["accepted"], counts["refused"]) > 5


@pytest.mark.parametrize(
    "text", ["", "Two\nlines.", "no capital.", "No full stop", "Long" * 999 + "."]
)
def test_what_is_no_sentence_is_told(text):
    assert not fuzz_readers.is_sentence(text)


def test_a_reader_that_fails_in_another_way_is_told_with_its_file(tmp_path):
    def check(raw):
        raise KeyError("kind")

    (reader, *_) = json_readers.readers(tmp_path)
    with pytest.raises(AssertionError, match=r"file of architecture, \d+ bytes: b'") as error:
        fuzz_readers.fuzz_json(dataclasses.replace(reader, check=check), 1, seed=0)
    assert isinstance(error.value.__cause__, KeyError)
