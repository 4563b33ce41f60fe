"""Splits of one folder have the same classes, whenever they are built."""

from deeplab_nas.data import manifests
from deeplab_nas.data.datasets import DatasetDescriptor
from deeplab_nas.errors import UserError

# Names and colours of a set whose classes the code knows change with the code alone.
_COMPARED_ANYWHERE = ("num_classes", "ignore_label")
_MADE_BY = {"class_names": "--class_names or --label_colors", "colormap": "--label_colors"}


def there(output_dir: str, splits: tuple[str, ...]) -> manifests.Manifest | None:
    """A manifest in a folder of a split other than `splits`, which are to be built; or None.

    Raises:
        UserError: If that manifest is none of this format.
    """
    others = [split for split in manifests.splits(output_dir) if split not in splits]
    return manifests.read(output_dir, others[0]) if others else None


def require(output_dir: str, descriptors: dict[str, DatasetDescriptor]) -> None:
    """Refuses to add splits to a folder whose other splits have other classes.

    Args:
        output_dir: The folder.
        descriptors: Of the splits that are to be built, by name.

    Raises:
        UserError: The sentence says which fact differs and which flag says it.
    """
    other = there(output_dir, tuple(descriptors))
    for split, descriptor in descriptors.items() if other else ():
        _require(output_dir, split, descriptor, other)


def _require(output_dir, split, descriptor, other) -> None:
    where = manifests.path(output_dir, other.split)
    if other.dataset != descriptor.name:
        raise UserError(
            f"Expected a split of {other.dataset!r} beside {where}, found one of "
            f"{descriptor.name!r}: name another --output_dir."
        )
    for fact in manifests.CLASS_FACTS if descriptor.name == "folder" else _COMPARED_ANYWHERE:
        found, expected = getattr(descriptor, fact), getattr(other, fact)
        if found != expected:
            shown = _first_difference(expected, found)
            raise UserError(
                f"Expected the {fact} of {where} for the split {split!r}, {shown[0]}, found "
                f"{shown[1]}: {_advice(fact, expected, found, other.split)}."
            )


def _advice(fact, expected, found, split) -> str:
    if fact == "num_classes" and found > expected:
        return (
            f"remove the shards and the manifest of {split!r} and build both with "
            f"--num_classes={found}, or correct the labels"
        )
    if fact in ("num_classes", "ignore_label"):
        return f"give --{fact}={expected}, or name another --output_dir"
    return f"give both the same {_MADE_BY[fact]}, or name another --output_dir"


def _first_difference(expected, found) -> tuple[str, str]:
    if isinstance(expected, int):
        return f"{expected}", f"{found}"
    pairs = enumerate(zip(expected, found, strict=True))
    number, (there, here) = next((number, pair) for number, pair in pairs if pair[0] != pair[1])
    return f"for class {number} {there!r}", f"{here!r}"
