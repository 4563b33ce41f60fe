"""Files that lack their partner are named in one order, in every process."""

from tests.tfrecords_tools import raw_folders
from tfrecords_tools.sources import pairs
from tfrecords_tools.writing.build_options import BadExamples


def test_what_is_left_out_is_named_in_the_order_of_the_names(tmp_path):
    raw_folders.folder(tmp_path)
    lone = [f"lone{number:02d}" for number in range(20)]
    for name in lone:
        (tmp_path / f"images/{name}.png").write_bytes(b"")
    bad = BadExamples(skip=True)
    assert len(pairs.find(tmp_path / "images", tmp_path / "labels", bad)) == 8
    # The order of a set of twenty is by chance the sorted one in no run.
    named = [sentence.partition(".png")[0].rpartition("/")[2] for sentence in bad.sentences]
    assert named == lone
