"""Cityscapes as it is unpacked, small, becomes shards."""

import numpy as np
import pytest
from PIL import Image

from deeplab_nas.data import manifests
from deeplab_nas.errors import UserError
from tests.tfrecords_tools import written_shards
from tfrecords_tools import build_cityscapes
from tfrecords_tools.writing.build_options import BuildOptions

# Raw id and class of every class of the evaluation (the data set's own table of labels).
_CLASSES = {
    **{7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9},
    **{23: 10, 24: 11, 25: 12, 26: 13, 27: 14, 28: 15, 31: 16, 32: 17, 33: 18},
}
_HEIGHT, _WIDTH = 17, 40


def raw_ids():
    return np.arange(_HEIGHT * _WIDTH).reshape(_HEIGHT, _WIDTH).astype(np.uint8) % 34


def class_ids():
    return np.array([_CLASSES.get(label, 255) for label in range(34)], np.uint8)[raw_ids()]


def save(root, split, city, name, kind="gtFine", ids=None):
    """An image, and its label as `labelTrainIds` or `labelIds`, or none."""
    seed = sum(map(ord, name))
    pixels = np.random.default_rng(seed).integers(0, 256, (_HEIGHT, _WIDTH, 3), np.uint8)
    image = root / "leftImg8bit" / split / city / f"{name}_leftImg8bit.png"
    image.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(image)
    if ids:
        label = root / kind / split / city / f"{name}_{kind}_label{ids}.png"
        label.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(class_ids() if ids == "TrainIds" else raw_ids()).save(label)
    return pixels


def build(root, output_dir, splits=(), options=None, halved=False):
    dataset = build_cityscapes.cityscapes(halved)
    return dataset.build(str(root), str(output_dir), splits, options)


@pytest.fixture
def root(tmp_path):
    for city in ("ulm", "aachen"):
        for number in range(2):
            save(tmp_path, "train", city, f"{city}_00000{number}_000019", ids="Ids")
    save(tmp_path, "val", "lindau", "lindau_000000_000019", ids="TrainIds")
    return tmp_path


def test_fine_splits_have_names_images_and_classes(root):
    train, val = build(root, root / "shards")
    assert (train.split, train.num_examples, train.num_classes) == ("train_fine", 4, 19)
    assert (val.split, val.image_sizes) == ("val_fine", ((_HEIGHT, _WIDTH),))
    found = written_shards.read(root / "shards", "train_fine")
    assert list(found) == [
        f"{city}_00000{number}_000019" for city in ("aachen", "ulm") for number in range(2)
    ]
    found |= written_shards.read(root / "shards", "val_fine")
    for name, (image, label) in found.items():
        (path,) = (root / "leftImg8bit").rglob(f"{name}_*")
        np.testing.assert_array_equal(image, np.array(Image.open(path)))
        np.testing.assert_array_equal(label, class_ids())


def test_coarse_and_joined_splits(root):
    for path in sorted((root / "leftImg8bit" / "train").rglob("*.png")):
        name = path.name.removesuffix("_leftImg8bit.png")
        save(root, "train", path.parent.name, name, "gtCoarse", "Ids")
    save(root, "train_extra", "bayreuth", "bayreuth_000000_000019", "gtCoarse", "Ids")
    save(root, "val", "lindau", "lindau_000000_000019", "gtCoarse", "TrainIds")
    splits = ("trainval_fine", "train_coarse", "trainval_coarse")
    built = build(root, root / "shards", splits)
    assert [manifest.num_examples for manifest in built] == [5, 5, 6]
    last = list(written_shards.read(root / "shards", "trainval_coarse"))[-2:]
    assert last == ["bayreuth_000000_000019", "lindau_000000_000019"]


def test_the_test_split_has_nothing_to_learn(root):
    pixels = save(root, "test", "berlin", "berlin_000000_000019")
    (manifest,) = build(root, root / "shards", ("test_fine",))
    assert manifest.num_examples == 1
    ((image, label),) = written_shards.read(root / "shards", "test_fine").values()
    np.testing.assert_array_equal(image, pixels)
    assert np.all(label == 255)


def test_half_resolution(root):
    (val,) = build(root, root / "shards", ("val_fine",), halved=True)
    assert val.image_sizes == ((_HEIGHT // 2, _WIDTH // 2),)
    ((image, label),) = written_shards.read(root / "shards", "val_fine").values()
    (path,) = (root / "leftImg8bit" / "val").rglob("*.png")
    whole = np.array(Image.open(path)).astype(float)
    means = whole[:16].reshape(8, 2, 20, 2, 3).mean((1, 3))
    assert np.abs(image - means).mean() < 25
    assert set(np.unique(label)) <= set(np.unique(class_ids()))


def test_a_label_that_does_not_fit_is_refused_at_half_resolution_too(root):
    (path,) = (root / "gtFine" / "val").rglob("*.png")
    Image.fromarray(class_ids()[:, :-6]).save(path)
    for halved in (False, True):
        with pytest.raises(UserError, match="one size, found 17x40 and 17x34"):
            build(root, root / "shards", ("val_fine",), halved=halved)


def test_the_shards_do_not_depend_on_the_number_of_workers(root):
    written = []
    for num_workers in (1, 2):
        folder = root / f"shards_{num_workers}"
        build(root, folder, options=BuildOptions(num_workers=num_workers))
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1]
    assert len(written[0]) == 4 + 1 + 2


def test_another_resolution_is_another_set(root):
    (path,) = (root / "gtFine" / "val").rglob("*.png")
    correct = path.read_bytes()
    path.write_bytes(b"")
    splits = ["trainval_fine"]
    with pytest.raises(UserError, match="intact image file"):
        build(root, root / "shards", splits)
    assert len(list((root / "shards").glob("*.complete"))) == 4
    path.write_bytes(correct)
    build(root, root / "shards", splits, halved=True)
    (manifest,) = manifests.read_all(str(root / "shards"))
    assert manifest.image_sizes == ((_HEIGHT // 2, _WIDTH // 2),)


@pytest.mark.parametrize(("which", "wrong"), [("Ids", 60), ("Ids", 255), ("TrainIds", 19)])
@pytest.mark.parametrize("halved", [False, True])
def test_ids_that_do_not_exist_are_refused(root, which, wrong, halved):
    name = "lindau_000000_000019"
    save(root, "val", "lindau", name, ids="Ids")
    (root / f"gtFine/val/lindau/{name}_gtFine_labelTrainIds.png").unlink()
    label = raw_ids()
    label[1, 1] = wrong
    path = root / f"gtFine/val/lindau/{name}_gtFine_label{which}.png"
    Image.fromarray(np.where(label == wrong, wrong, label % 19).astype(np.uint8)).save(path)
    with pytest.raises(UserError, match=f"label{which}.png, found {wrong}: "):
        build(root, root / "shards", ("val_fine",), halved=halved)


def test_a_missing_label_is_named(root):
    (path,) = (root / "gtFine" / "val").rglob("*.png")
    path.unlink()
    with pytest.raises(UserError, match="lindau_000000_000019.*TrainIds.png or .*Ids.png"):
        build(root, root / "shards")
    assert not list((root / "shards").glob("val_fine*"))


@pytest.mark.parametrize(
    ("splits", "sentence"),
    [
        (("test_fine",), "images of test_fine at .*leftImg8bit/test/"),
        (("train",), "--splits to be some of train_fine.*found train"),
    ],
)
def test_a_split_that_is_not_there(root, splits, sentence):
    with pytest.raises(UserError, match=sentence):
        build(root, root / "shards", splits)
    assert not (root / "shards").exists()


def test_what_macos_leaves_beside_images_is_passed_over(root):
    cities = root / "leftImg8bit" / "train"
    for name in ("ulm/._ulm_000000_000019", "__MACOSX/x_000000_000019", ".trash/y_000000_000019"):
        path = cities / f"{name}_leftImg8bit.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    (manifest,) = build(root, root / "shards", ["train_fine"])
    assert manifest.num_examples == 4
