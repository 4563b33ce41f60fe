import dataclasses
import json

import pytest

from deeplab_nas.data import class_statistics, datasets, manifests
from deeplab_nas.errors import UserError
from deeplab_nas.files import untrusted_json
from tests import refusals

FACTS = {
    "shapes": (6, 255),
    "camvid": (11, 255),
    "cityscapes": (19, 255),
    "pascal_voc_seg": (21, 255),
    "ade20k": (151, 0),
}


def manifest(**changes):
    default = manifests.Manifest(
        dataset="folder",
        split="train",
        num_examples=1,
        shard_counts=(1,),
        num_classes=2,
        ignore_label=255,
        class_names=("ground", "thing"),
        colormap=((0, 0, 0), (9, 9, 9)),
        image_sizes=((4, 5),),
    )
    return dataclasses.replace(default, **changes)


@pytest.mark.parametrize("name", FACTS)
def test_the_table_is_consistent(name):
    descriptor = datasets.describe(name, "")
    assert (descriptor.num_classes, descriptor.ignore_label) == FACTS[name]
    assert len(set(descriptor.class_names)) == descriptor.num_classes
    assert len(set(descriptor.colormap)) == descriptor.num_classes
    assert all(0 <= value <= 255 for color in descriptor.colormap for value in color)


def test_the_pascal_colours_are_the_known_ones():
    colors = datasets.pascal_colormap(256)
    assert colors[:4] == ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0))
    assert colors[15] == (192, 128, 128)
    assert colors[20] == (0, 64, 128)
    assert colors[255] == (224, 224, 192)
    assert len(set(colors)) == 256


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(UserError, match="shapes, camvid, cityscapes.*folder, found 'citiscapes'"):
        datasets.describe("citiscapes", "")


def test_folder_is_described_by_its_manifests(tmp_path):
    manifests.write(manifest(), str(tmp_path))
    manifests.write(manifest(split="val"), str(tmp_path))
    descriptor = datasets.describe("folder", str(tmp_path))
    assert descriptor.splits == ("train", "val")
    assert descriptor.class_names == ("ground", "thing")
    assert descriptor.colormap == ((0, 0, 0), (9, 9, 9))


def test_the_ids_of_label_files_are_told_where_all_splits_had_the_same(tmp_path):
    manifests.write(manifest(submission_ids=(0, 255)), str(tmp_path))
    assert manifests.read(str(tmp_path), "train").submission_ids == (0, 255)
    assert datasets.describe("folder", str(tmp_path)).submission_ids == (0, 255)
    manifests.write(manifest(split="val"), str(tmp_path))
    assert datasets.describe("folder", str(tmp_path)).submission_ids is None


def test_manifests_that_contradict_each_other_say_how_to_mend_that(tmp_path):
    manifests.write(manifest(), str(tmp_path))
    other = manifest(split="val", num_classes=1, class_names=("a",), colormap=((0, 0, 0),))
    manifests.write(other, str(tmp_path))
    with refusals.refused("manifest-train.json", "manifest-val.json", "--num_classes"):
        datasets.describe("folder", str(tmp_path))


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("road",), "two classes or more"),
        (("road", "road"), "class 1 to be another one"),
        (("", "road"), "class 0 to be a text"),
        (("road", " car"), "class 1 to be a text"),
        (("road", "car\n"), "class 1 to be a text"),
        (("road", "c\u2028r"), "class 1 to be a text"),
    ],
)
def test_class_names_that_hide_a_class_are_refused(names, told):
    with refusals.refused(told):
        datasets.folder(("train",), names)


def test_folder_without_manifest_is_refused(tmp_path):
    with pytest.raises(UserError, match="Expected manifest-<split>.json"):
        datasets.describe("folder", str(tmp_path))


def test_a_manifest_that_contradicts_the_table_is_refused(tmp_path):
    manifests.write(manifest(), str(tmp_path))
    with pytest.raises(UserError, match="Expected 11 classes.*found 2 and 255.*built as 'folder'"):
        datasets.describe("camvid", str(tmp_path))


def test_manifests_survive_the_round_trip(tmp_path):
    manifests.write(manifest(), str(tmp_path))
    assert manifests.read(str(tmp_path), "train") == manifest()
    assert manifests.read(str(tmp_path), "val") is None


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"format_version": 1, "split": 3}', '{"format_version": 1, "x": 2}']
)
def test_a_damaged_manifest_is_refused_by_name(tmp_path, text):
    (tmp_path / "manifest-train.json").write_text(text)
    with pytest.raises(UserError, match="manifest-train.json"):
        manifests.read(str(tmp_path), "train")


def test_a_manifest_of_another_version_is_refused(tmp_path):
    manifests.write(manifest(), str(tmp_path))
    path = tmp_path / "manifest-train.json"
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(UserError, match="Expected format version 1 .* found 2"):
        manifests.read(str(tmp_path), "train")


_MADE_OF = {"version": 1, "settings": ["--a=1"], "sources": "ab12", "shard_bytes": [1]}


def test_of_what_a_split_was_made_comes_back(tmp_path):
    made_of = manifests.MadeOf(1, ("--a=1",), "ab12", (1,))
    manifests.write(manifest(made_of=made_of), str(tmp_path))
    assert manifests.read(str(tmp_path), "train").made_of == made_of


def changed(folder, **changes):
    """Writes a manifest of which some fields have other values; None leaves a field out."""
    statistics = class_statistics.ClassStatistics((3, 4), (10, 4), 1)
    manifests.write(manifest(statistics=statistics, skipped=("One.",)), str(folder))
    path = folder / "manifest-train.json"
    fields = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: fields[key] for key in fields if fields[key] is not None}))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"extra": 1}, "has an unknown key 'extra'"),
        ({"class_names": None}, "lacks the key 'class_names'"),
        ({"format_version": True}, "format version 1 in .*, found True"),
        ({"split": "../val"}, "split to be 'train' in .*, found '../val'"),
        ({"split": 3}, "split to be a string of one line"),
        ({"dataset": "a\nb"}, "dataset to be a string of one line"),
        ({"num_examples": 2}, "num_examples to be 1, the sum of shard_counts, in .*, found 2"),
        ({"shard_counts": [2, -1]}, r"shard_counts\[1\] to be an integer >= 0 in .*, found -1"),
        ({"shard_counts": [True]}, r"shard_counts\[0\] to be an integer >= 0 in .*, found True"),
        ({"num_classes": 0}, r"num_classes to be an integer in 1\.\.256 in .*, found 0"),
        ({"num_classes": 257}, r"num_classes to be an integer in 1\.\.256"),
        ({"num_classes": 3}, "class_names to be an array of 3"),
        ({"ignore_label": 256}, r"ignore_label to be an integer in 0\.\.255"),
        ({"class_names": ["ground", 1]}, r"class_names\[1\] to be a string"),
        ({"colormap": [[0, 0, 0]]}, "colormap to be an array of 2"),
        ({"colormap": [[0, 0, 0], [0, 0]]}, r"colormap\[1\] to be an array of 3"),
        ({"colormap": [[0, 0, 0], [0, 0, 256]]}, r"colormap\[1\]\[2\] to be an integer in 0"),
        ({"image_sizes": []}, "image_sizes to be the sizes of 1 images"),
        ({"image_sizes": [[4]]}, r"image_sizes\[0\] to be an array of 2"),
        ({"image_sizes": [[0, 5]]}, r"image_sizes\[0\]\[0\] to be an integer in 1"),
        ({"image_sizes": [[2**13, 2**14]]}, r"image_sizes\[0\] to be .* of at most 67108864"),
        ({"image_sizes": [[4, 5], [4, 5]]}, r"image_sizes\[1\] to be larger than the size before"),
        ({"statistics": {"pixels": []}}, "statistics in .*, but it lacks the key 'pixels_where"),
        (
            {"statistics": {"pixels": [1], "pixels_where_present": [1, 1], "ignored": 0}},
            "statistics.pixels to be an array of 2",
        ),
        (
            {"statistics": {"pixels": [1, -1], "pixels_where_present": [1, 1], "ignored": 0}},
            r"statistics.pixels\[1\] to be an integer >= 0",
        ),
        (
            {"statistics": {"pixels": [1, 1], "pixels_where_present": [1, 1], "ignored": "0"}},
            "statistics.ignored to be an integer >= 0",
        ),
        ({"class_names": ["thing", "thing"]}, r"class_names\[1\] to be another one than"),
        ({"class_names": ["ground", ""]}, r"class_names\[1\] to be a text of one line"),
        ({"class_names": ["ground ", "thing"]}, "class_names.* to be a text .* found 'ground '"),
        ({"class_names": ["ground", "a\tb"]}, r"class_names\[1\] to be a text of one line"),
        ({"submission_ids": [0]}, "submission_ids to be an array of 2"),
        ({"submission_ids": [0, 256]}, r"submission_ids\[1\] to be an integer in 0"),
        ({"skipped": "One."}, "skipped to be an array"),
        ({"skipped": [None]}, r"skipped\[0\] to be a string"),
        ({"made_of": {"version": 1}}, "made_of in .*, but it lacks the key 'settings'"),
        ({"made_of": {**_MADE_OF, "version": "1"}}, "made_of.version to be an integer"),
        ({"made_of": {**_MADE_OF, "settings": "a"}}, "made_of.settings to be an array"),
        ({"made_of": {**_MADE_OF, "sources": "a\nb"}}, "made_of.sources to be a string of one"),
        ({"made_of": {**_MADE_OF, "shard_bytes": [1, 2]}}, "made_of.shard_bytes to be an array of"),
    ],
)
def test_a_manifest_that_cannot_be_right_is_refused(tmp_path, changes, told):
    changed(tmp_path, **changes)
    with pytest.raises(UserError, match=f"{told}.*: build the shards again\\.$") as error:
        manifests.read(str(tmp_path), "train")
    assert "manifest-train.json" in str(error.value)


def test_a_manifest_without_statistics_and_skipped_is_an_old_one(tmp_path):
    changed(tmp_path, statistics=None, skipped=None)
    assert manifests.read(str(tmp_path), "train") == manifest()


def test_a_manifest_may_tell_of_many_examples_that_were_left_out(tmp_path):
    sentence = "Expected an intact image file in /data/" + "x" * 200 + ".png, but it is none."
    manifests.write(manifest(skipped=(sentence,) * 25_000), str(tmp_path))
    assert len(manifests.read(str(tmp_path), "train").skipped) == 25_000


def test_a_manifest_is_not_read_without_end(tmp_path):
    with (tmp_path / "manifest-train.json").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(UserError, match="at most 33554432 bytes in .*manifest-train.json"):
        manifests.read(str(tmp_path), "train")


def described(document):
    """What is read of a description that was written down."""
    text = json.dumps(document)
    return datasets.from_document(untrusted_json.parse(text, "dataset.json", 2**20, "mend it"))


@pytest.mark.parametrize("document", [[], {}, {"name": 1, "colour": 2}, None])
def test_what_describes_no_data_set_is_refused(document):
    with pytest.raises(UserError, match=r"the keys name, splits, .* in dataset\.json"):
        described(document)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"colour": 1}, "unknown key 'colour'|the keys"),
        ({"splits": "train"}, "splits to be an array"),
        ({"num_classes": "19"}, "num_classes to be an integer"),
        ({"submission_ids": [1]}, "submission_ids to be an array of 19"),
        ({"submission_ids": [256] * 19}, r"submission_ids\[0\] to be an integer in 0\.\.255"),
        ({"split_sizes": [1, 2]}, "split_sizes to be an array of 6"),
        ({"recommended_crop": [769]}, "recommended_crop to be an array of 2"),
        ({"recommended_crop": [769, 0]}, r"recommended_crop\[1\] to be an integer"),
    ],
)
def test_a_description_that_cannot_be_right_is_refused(changes, told):
    fields = datasets.describe("cityscapes", "").to_document()
    with pytest.raises(UserError, match=rf"{told}.* in dataset\.json.*: mend it\.$"):
        described({**fields, **changes})


@pytest.mark.parametrize("name", FACTS)
def test_descriptions_survive_the_round_trip(name):
    descriptor = datasets.describe(name, "")
    assert described(descriptor.to_document()) == descriptor


def test_a_description_of_before_there_were_crops_is_read():
    fields = datasets.describe("shapes", "").to_document()
    del fields["recommended_crop"], fields["split_sizes"], fields["submission_ids"]
    found = described(fields)
    assert (found.recommended_crop, found.split_sizes, found.submission_ids) == (None, (), None)
