"""Damage: what copying, cutting, editing by hand and malice make of a file."""

import copy
import json

# Text that `json` would not write. It stands in a document as a string until the end.
_RAW = {
    "@deep@": "[" * 100_000,
    "@nested@": "[" * 700 + "]" * 700,
    "@objects@": '{"a":' * 700 + "1" + "}" * 700,
    "@digits@": "9" * 5000,
    "@fraction@": "0." + "3" * 5000,
    "@infinite@": "1e999",
    "@nan@": "NaN",
    "@minus@": "-Infinity",
    "@twice@": '{"step": 1, "step": 2}',
    "@half@": '"\\ud83d"',
    "@comment@": "/* nothing */ 0",
}
_VALUES = (
    *(None, True, False, 0, -1, 1, 2, 3, 4, 255, 256, 257, 2**26 + 1, 2**31, 2**63 - 1, 2**63),
    *(-(2**63), 10**30, 0.0, -0.0, 1.0, 0.5, 1e308, 5e-324, "", "0", "none", "skip", "zero"),
    *("a\nb", "a\u2028b", "a\x00b", "\x1b[31m", "../../etc", "x" * 3000, "ä" * 300, "{}", "@"),
    *([], {}, [[]], [0] * 50, [None] * 3, ["skip"], [0, "skip"], {"a": {"b": [1]}}, [[0, 0, 0]]),
    *_RAW,
)


def damaged_bytes(random, raw, other):
    """A file, damaged in one to four places.

    Args:
        random: `random.Random`.
        raw: The file.
        other: Another one, parts of which may come in.

    Returns:
        The damaged file.
    """
    raw = bytearray(raw)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(raw) + 1)
        end = place + random.randint(1, 1 + min(len(raw), 200))
        match random.randrange(7):
            case 0:
                raw[place : place + 1] = random.randbytes(1)
            case 1 if place < len(raw):
                raw[place] ^= 1 << random.randrange(8)
            case 2:
                del raw[place:end]
            case 3:
                raw[place:place] = raw[place:end]
            case 4:
                del raw[place:]
            case 5:
                raw[place:end] = random.randbytes(random.randint(0, 8))
            case 6:
                begin = random.randrange(len(other) + 1)
                raw[place:end] = other[begin : begin + random.randint(0, 300)]
    return bytes(raw)


def damaged_json(random, document, other):
    """A JSON file, damaged in its bytes or in one to three of its values.

    Args:
        random: `random.Random`.
        document: What is in the file.
        other: What is in another one, whose values may come in.

    Returns:
        The bytes of the damaged file.
    """
    chance = random.random()
    if chance < 0.03:
        return random.randbytes(random.randint(0, 300))
    if chance < 0.3:
        return damaged_bytes(random, json.dumps(document).encode(), json.dumps(other).encode())
    document = copy.deepcopy(document)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        document = _damaged_value(random, document, other)
    text = json.dumps(document, ensure_ascii=random.random() < 0.5)
    for name, raw in _RAW.items():
        text = text.replace(f'"{name}"', raw)
    return text.encode(errors="surrogatepass")


def _damaged_value(random, document, other):
    places = list(_places(document))
    if not places or random.random() < 0.02:
        return copy.deepcopy(random.choice([other, *_VALUES]))
    container, key = random.choice(places)
    value = container[key]
    match random.randrange(10):
        case 0 | 1:
            container[key] = copy.deepcopy(random.choice(_VALUES))
        case 2:
            del container[key]
        case 3 if isinstance(container, dict):
            container[random.choice([key.upper(), key + " ", "", "x" * 200, "a\nb"])] = value
        case 4 if isinstance(container, dict):
            other_key = random.choice(list(container))
            container[other_key] = container.pop(key)
        case 5 if isinstance(container, list):
            container[key:key] = [copy.deepcopy(value)] * random.choice([1, 2, 300])
        case 6 | 7 if type(value) is int:
            container[key] = value + random.choice([-1, 1])
        case 6 | 7 if type(value) is str:
            cut = random.randrange(len(value) + 1)
            added = random.choice(["", "é", "\n", '"', "\ud800"])
            container[key] = value[:cut] + added + value[cut:]
        case _:
            container[key] = copy.deepcopy(_any_value(random, other))
    return document


def _any_value(random, document):
    container, key = random.choice(list(_places(document)) or [([document], 0)])
    return container[key]


def _places(value):
    """All `(container, key)` in a document."""
    if isinstance(value, dict):
        keys = list(value)
    else:
        keys = range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])
