"""The names of image and label files: what a pair shares of them, and by what they differ."""

import bisect
import collections
import os
import posixpath
import unicodedata
from collections.abc import Iterator, Sequence

# How many images are looked at for suffixes, and how many labels around each.
_LOOKED_AT = 40
_AROUND = 12
_SEPARATORS = "_-. "
# What the names of labels rather than of images hold.
_LABEL_WORDS = ("label", "mask", "gt", "seg", "annot", "truth", "_l")


def shared(name: str, suffix: str = "") -> str | None:
    """What an image and its label share of their names.

    Args:
        name: Of a file, relative to its folder, with `/`.
        suffix: What the name ends in, before its extension or with it; empty for nothing.

    Returns:
        The name without suffix and extension, in one of the forms that Unicode has for an accented
        letter (NFC; macOS may write another); None if the name does not end in the suffix.
    """
    name, suffix = (unicodedata.normalize("NFC", text) for text in (name, suffix))
    stem = os.path.splitext(name)[0]
    if not suffix:
        return stem
    for text in (stem, name):
        if text.endswith(suffix) and posixpath.basename(text) != suffix:
            return text.removesuffix(suffix)
    return None


def find_suffixes(images: Sequence[str], labels: Sequence[str]) -> tuple[str, str, int] | None:
    """Finds the suffixes by which most images and labels become pairs.

    Args:
        images: Names of the image files, relative to their folder.
        labels: Names of the label files; they may be the same files.

    Returns:
        The suffix of the images, that of the labels, one of them perhaps empty, and how many pairs
        there are then; None if no suffixes pair half of the files that have them.
    """
    image_stems, label_stems = (
        sorted(text for text in map(shared, names) if text) for names in (images, labels)
    )
    votes: collections.Counter = collections.Counter()
    for stem in image_stems[:: max(1, len(image_stems) // _LOOKED_AT)]:
        votes.update(set(_suffixes(stem, label_stems)))
    found = []
    for (image_suffix, label_suffix), _ in votes.most_common(10):
        of_images = _ending(image_stems, image_suffix)
        of_labels = _ending(label_stems, label_suffix)
        count = len(of_images & of_labels)
        if 2 * count >= min(len(of_images), len(of_labels)):
            words = sum(word in label_suffix.lower() for word in _LABEL_WORDS)
            rank = (count, words, len(label_suffix) > len(image_suffix), -len(label_suffix))
            found.append((rank, image_suffix, label_suffix, count))
    return max(found)[1:] if found else None


def _suffixes(image: str, labels: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The suffixes that would make an image a pair with one of the labels next to it."""
    place = bisect.bisect(labels, image)
    for label in labels[max(0, place - _AROUND) : place + _AROUND]:
        cut = len(os.path.commonprefix([image, label]))
        if cut < min(len(image), len(label)):
            # Both go on differently: the suffix begins with the word that differs.
            cut = max(image.rfind(separator, 0, cut) for separator in _SEPARATORS)
        ends = image[cut:], label[cut:]
        if cut > 0 and image[cut - 1] != "/" and any(ends) and all(map(_can_be_suffix, ends)):
            yield ends


def _can_be_suffix(text: str) -> bool:
    # Digits alone tell one image from another.
    return not text or ("/" not in text and any(letter.isalpha() for letter in text))


def _ending(stems: Sequence[str], suffix: str) -> set[str]:
    return {stem.removesuffix(suffix) for stem in stems if stem.endswith(suffix)}
