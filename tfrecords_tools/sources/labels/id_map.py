"""From the label ids that files hold to classes: a table, and the flags that describe one."""

import dataclasses
import re
from collections.abc import Mapping, Sequence

import numpy as np

from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, setting
from tfrecords_tools.sources.labels import label_files

# Ignored pixels, once ids have been mapped.
IGNORED = 255
_UNKNOWN = -1
_ENTRY = re.compile(
    r"\s*(?:(\*)|([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?)\s*:\s*([0-9]{1,3}|ignore)\s*"
)
_MOST_SHOWN = 20
_FORM = "ID:CLASS, such as 0:0, 1-33:1, 255:ignore or *:ignore"


@dataclasses.dataclass(frozen=True, kw_only=True)
class IdMapConfig(Settings):
    """Which class each id of the label files is."""

    # Settings of which one at most says what label files mean.
    _WAYS = ("label_map", "first_label")

    label_map: tuple[str, ...] = setting(
        (),
        "Class of each id, ID:CLASS separated by commas: 0:0,255:1 for masks of 0 and 255; ranges "
        "such as 1-33:1, ignore for CLASS, * for all other ids; ids it does not name are refused.",
    )
    first_label: int = setting(
        0, "Label id that becomes class 0; lower ones are ignored.", least=0, most=255
    )
    ignore_label: int = setting(
        255,
        "Label id, before that map or shift, of ignored pixels; one that --label_map names is what "
        "it says there.",
        least=0,
        most=255,
    )

    def check_together(self) -> None:
        super().check_together()
        values = {name: getattr(self, name) for name in self._WAYS}
        given = [f"--{name}={shown_value(value)}" for name, value in values.items() if value]
        if len(given) > 1:
            *ways, last = (f"--{name}" for name in self._WAYS)
            raise UserError(
                f"Expected one of {', '.join(ways)} and {last}, found {' and '.join(given)}: leave "
                "the others out."
            )

    @property
    def label_flags(self) -> tuple[str, ...]:
        """The settings as flags: what a split is made of depends on them."""
        return (
            f"--label_map={shown_value(self.label_map)}",
            f"--first_label={self.first_label}",
            f"--ignore_label={self.ignore_label}",
        )


@dataclasses.dataclass(frozen=True, eq=False)
class IdMap:
    """The class of every id.

    Attributes:
        classes: By id, int16 `[65536]`: a class, `IGNORED`, or less than 0 where the id is wrong.
        expected: Which ids are right, for messages.
        advice: What to do where another one is found, without a full stop.
    """

    classes: np.ndarray
    expected: str
    advice: str

    def read(self, raw: bytes, name: str, **options) -> np.ndarray:
        """Reads a label file and maps its ids; the options are those of `label_files.read_ids`.

        Returns:
            Classes and `IGNORED`, uint8 `[height, width]`.

        Raises:
            UserError: If the file cannot be read, or if an id of it is wrong.
        """
        ids = label_files.read_ids(raw, name, **options)
        found = self.classes[ids]
        if found.min() < 0:
            raise UserError(
                f"Expected {self.expected} in {name}, found {show_ids(np.unique(ids[found < 0]))}: "
                f"{self.advice}."
            )
        return found.astype(np.uint8)

    @property
    def num_classes(self) -> int:
        """One more than the highest class."""
        return int(self.classes.max(initial=-1, where=self.classes != IGNORED)) + 1

    def without_ids(self, num_classes: int) -> list[int]:
        """The classes that no id becomes."""
        return sorted(set(range(num_classes)) - set(self.classes.tolist()))

    def submission_ids(self, num_classes: int) -> tuple[int, ...] | None:
        """The id of each class, for `DatasetDescriptor`.

        Returns:
            None where they are the classes themselves, where a class has not exactly one id, or
            where an id is above 255, which a prediction file has no room for.
        """
        ids = [np.flatnonzero(self.classes == label) for label in range(num_classes)]
        if any(len(one) != 1 or one[0] > 255 for one in ids):
            return None
        found = tuple(int(one[0]) for one in ids)
        return None if found == tuple(range(num_classes)) else found


def shown_value(value: object) -> str:
    """The value of a flag as a command line has it."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def of_ids(classes: Mapping[int, int], expected: str, advice: str) -> IdMap:
    """The map of ids to classes or `IGNORED`; all other ids are wrong; see `IdMap`."""
    table = np.full([label_files.MAX_ID + 1], _UNKNOWN, np.int16)
    for label, found in classes.items():
        table[label] = found
    return IdMap(table, expected, advice)


def from_first(first_label: int, num_classes: int, ignore_label: int) -> IdMap:
    """The map that makes an id class 0 and the ones after it the others; lower ones are ignored."""
    last = first_label + num_classes - 1
    classes = dict.fromkeys(range(first_label), IGNORED)
    classes |= {label: label - first_label for label in range(first_label, last + 1)}
    classes[ignore_label] = IGNORED
    return of_ids(
        classes,
        f"label ids up to {last} ({num_classes} classes from {first_label} on) or the ignore label "
        f"{ignore_label}",
        "correct --num_classes or --first_label, or map the ids with --label_map",
    )


def parse(entries: Sequence[str], ignore_label: int, num_classes: int = 0) -> IdMap:
    """Reads `--label_map`.

    Args:
        entries: `ID:CLASS`, where ID is an id, a range such as `1-33` or `*` for all ids that are
            not named, and CLASS is a class or `ignore`.
        ignore_label: Id that is ignored where neither it nor `*` is named.
        num_classes: Classes; 0 for those that are named.

    Raises:
        UserError: An entry is none, an id is named twice, or the classes are not 0, 1, 2 and so on.
    """
    named: dict[int, str] = {}
    classes: dict[int, int] = {}
    default = _UNKNOWN
    star = False
    for entry in entries:
        match = _ENTRY.fullmatch(entry.lower())
        if not match:
            raise UserError(f"Expected --label_map to be {_FORM}, found {entry!r}.")
        everything, first, last, target = match.groups()
        label = IGNORED if target == "ignore" else int(target)
        if target != "ignore" and label >= (num_classes or IGNORED):
            most = (num_classes or IGNORED) - 1
            raise UserError(
                f"Expected classes of 0 to {most} or ignore in --label_map, found {entry!r}"
                + (": correct it or --num_classes." if num_classes else ".")
            )
        if everything:
            if star:
                raise UserError(f"Expected '*' once in --label_map, found it again in {entry!r}.")
            default, star = label, True
            continue
        ids = range(int(first), int(last or first) + 1)
        if not ids or ids[-1] > label_files.MAX_ID:
            raise UserError(
                f"Expected ids of 0 to {label_files.MAX_ID}, the lower one first, in --label_map, "
                f"found {entry!r}."
            )
        for one in ids:
            if one in named:
                raise UserError(
                    f"Expected every id once in --label_map, found {one} in {named[one]!r} and "
                    f"{entry!r}."
                )
            named[one], classes[one] = entry, label
    if not star:
        classes.setdefault(ignore_label, IGNORED)
    found = of_ids(
        classes,
        "label ids that --label_map names",
        "name them too, or all that are left by *:ignore",
    )
    if star:
        found.classes[found.classes == _UNKNOWN] = default
    _check_classes(found, num_classes)
    return found


def show_ids(ids: Sequence[int]) -> str:
    """Ids as a message has them: the first ones, and how many more."""
    shown = ", ".join(str(label) for label in ids[:_MOST_SHOWN])
    left = len(ids) - _MOST_SHOWN
    return f"{shown} and {left} more" if left > 0 else shown


def _check_classes(found: IdMap, num_classes: int) -> None:
    count = num_classes or found.num_classes
    if count < 2:
        raise UserError(
            f"Expected two classes or more in --label_map, found {count}: a network of one class "
            "has nothing to learn, so give the background a class too, such as 0:0,255:1."
        )
    missing = found.without_ids(count)
    if missing and not num_classes:
        raise UserError(
            f"Expected an id for every class of 0 to {count - 1} in --label_map, found none for "
            f"{show_ids(missing)}: number the classes without gaps, or give --num_classes={count}."
        )
