"""Flags that are repeated, on the command line and in flag files."""

import dataclasses

import pytest

from deeplab_nas.settings import Settings, setting
from tests import refusals


@dataclasses.dataclass(frozen=True)
class _Config(Settings):
    rates: tuple[int, ...] | None = setting(None, "Rates.")
    scales: tuple[float, ...] = setting((1.0,), "Scales.")
    crop: tuple[int, int] = setting((321, 321), "Height and width.", least=1)
    names: tuple[str, ...] = setting((), "Names.")
    input: tuple[str, ...] = setting((), "Files.", repeated=True)
    weights: tuple[float, ...] | str | None = setting(None, "Weights.", choices=("median",))
    text: str = setting("", "A text.")
    seed: int = setting(1, "Seed.", least=0)
    xla: bool = setting(False, "Compile.")


@pytest.fixture
def flag_file(tmp_path):
    """From a name and lines to the flag that names a file of them."""

    def write(name, *lines):
        (tmp_path / name).write_text("\n".join(lines) + "\n")
        return f"--flagfile={tmp_path / name}"

    return write


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--rates=6", "--rates=12", "--rates=18"], {"rates": (6, 12, 18)}),
        (["--rates=6,12", "-rates", "18"], {"rates": (6, 12, 18)}),
        (["--scales=0.5", "--seed=2", "--scales", "1"], {"scales": (0.5, 1.0), "seed": 2}),
        (["--scales=1", "--scales=1"], {"scales": (1.0, 1.0)}),
        (["--crop=33", "--crop=97"], {"crop": (33, 97)}),
        (["--names=a,b", "--names=c"], {"names": ("a", "b", "c")}),
        (["--input=a,b", "--input=c"], {"input": ("a,b", "c")}),
        (["--weights=1", "--weights=2"], {"weights": (1.0, 2.0)}),
        (["--seed=1", "--seed=01"], {"seed": 1}),
        (["--xla", "--xla=true", "-xla"], {"xla": True}),
        (["--seed=3", "--"], {"seed": 3}),
        (["--undefok=other,another", "--other=1", "--noanother"], {}),
        (["--text", "-1"], {"text": "-1"}),
    ],
)
def test_values_of_one_source_join(parse, arguments, expected):
    assert parse(_Config, *arguments) == _Config(**expected)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seed=1", "--seed=2"], ["--seed once on the command line", "--seed=1 and --seed=2"]),
        (["-seed", "1", "--text=a", "--seed", "2"], ["--seed=1 and --seed=2"]),
        (["--xla", "--noxla"], ["--xla once", "--xla and --noxla"]),
        (["--text=a", "--text="], ["--text=a and --text=:"]),
        (["--crop=1", "--crop=2", "--crop=3"], ["one or two positive integers", "'1,2,3'"]),
        (["--rates=6", "--rates="], ["--rates to be integers", "'6,'"]),
        (["--weights=1", "--weights=median"], ["--weights to be numbers", "'1,median'"]),
        (["--crop", "321", "321"], ["found '321'", "commas"]),
        (["--xla", "false"], ["found 'false'", "--flag=value"]),
        (["--seed=1", "--", "--seed=2"], ["found '--seed=2'"]),
        (["--seed=1", ""], ["found ''"]),
        (["\N{EN DASH}seed=2"], ["the dash '\N{EN DASH}'", "hyphens"]),
        (["\N{MINUS SIGN}\N{MINUS SIGN}seed=2"], ["the dash '\N{MINUS SIGN}'"]),
        (["--see=2"], ["found --see:", "perhaps --seed is meant"]),
        (["--nothing=2"], ["found --nothing: see --help"]),
        (["--noxla=1"], ["--noxla=1 does not take an argument"]),
        (["--noseed"], ["found --noseed"]),
        (["--seed"], ["a value after --seed, found none"]),
        (["--text", "--seed=2"], ["a value after --text, found the flag --seed=2"]),
        (["--text", "--flagfile=some"], ["a value after --text, found the flag --flagfile"]),
        (["--flagfile"], ["a value after --flagfile"]),
        (["--flagfile="], ["--flagfile to name a flag file, found none"]),
        (["--flagfile=/"], ["found '/', which cannot be read (Is a directory)"]),
        (['--names="a'], ["--names"]),
    ],
)
def test_what_cannot_join_and_what_is_no_flag_is_refused(parse, arguments, words):
    with refusals.refused(*words):
        parse(_Config, *arguments)


@pytest.mark.parametrize(
    ("order", "rates", "seed"),
    [
        ([0], (6, 12), 4),
        ([0, "--rates=1", "--seed=5"], (1,), 5),
        (["--rates=1", "--seed=5", 0], (6, 12), 4),
        (["--seed=5", 0, "--rates=1", "--rates=2"], (1, 2), 4),
        ([0, 1], (18,), 4),
        ([1, 0], (6, 12), 4),
        ([0, 0], (6, 12), 4),
        ([0, "--rates=1", 1], (18,), 4),
        (["--rates=1", 1, "--rates=2"], (1, 2), 1),
    ],
)
def test_the_later_source_wins(parse, flag_file, order, rates, seed):
    files = [
        flag_file("a", "# 6 and 12.", "--rates=6", "", "--rates=12", "--seed", "4"),
        flag_file("b", "--rates=18"),
    ]
    config = parse(_Config, *(files[item] if isinstance(item, int) else item for item in order))
    assert config == _Config(rates=rates, seed=seed)


def test_a_flag_file_may_read_another(parse, flag_file):
    inner = flag_file("inner", "--seed=2", "--input=b", "--rates=2", "--rates=3")
    outer = flag_file("outer", "--input=a", "--rates=1", "--text=here", inner, "--seed=3")
    assert parse(_Config, outer) == _Config((2, 3), input=("b",), text="here", seed=3)
    assert parse(_Config, outer, "--input=c").input == ("c",)


def test_a_flag_file_with_a_mistake_is_refused(parse, flag_file, tmp_path):
    with refusals.refused("--seed once in the flag file '", "--seed=1 and --seed=2"):
        parse(_Config, flag_file("twice", "--seed=1", "--seed=2"), "--seed=3")
    with refusals.refused("found 'seed=1' in the flag file"):
        parse(_Config, flag_file("no_flag", "--xla", "seed=1", "--text=a"))
    with refusals.refused("a value after --seed, found none"):
        parse(_Config, flag_file("no_value", "--seed"), "3")
    with refusals.refused("in a circle", "within itself"):
        parse(_Config, flag_file("self", f"--flagfile={tmp_path}/./self"))
    (tmp_path / "bytes").write_bytes(b"--seed=\xff\n")
    with refusals.refused("not a text in UTF-8"):
        parse(_Config, f"--flagfile={tmp_path}/bytes")
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbf--seed=3\r\n")
    assert parse(_Config, f"--flagfile={tmp_path}/marked").seed == 3
