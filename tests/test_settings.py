"""Settings: what a field says is what the configuration checks, in Python as on a command line."""

import dataclasses
import math
import os
import re

import pytest

from deeplab_nas import settings
from deeplab_nas.engine.configs.evaluate import EvaluateConfig
from deeplab_nas.engine.configs.predict import PredictConfig
from deeplab_nas.engine.configs.search import SearchConfig, SearchOptimization
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.errors import UserError
from deeplab_nas.serving.export_config import ExportConfig
from deeplab_nas.settings import Settings, required, setting
from tests import refusals

_PROGRAMS = (SearchConfig, TrainConfig, EvaluateConfig, PredictConfig, ExportConfig)


@dataclasses.dataclass(frozen=True)
class Inner(Settings):
    """A configuration within one."""

    rates: tuple[float, ...] = setting((1.0,), "Rates.", above=0)
    size: tuple[int, int] | None = setting(None, "Height and width.", least=1)
    parts: tuple[str, ...] = setting((), "Some of {choices}.", choices=("a", "b"))


@dataclasses.dataclass(frozen=True)
class Outer(Settings):
    """Every kind of field."""

    folder: str = required("Folder.", example="runs/a")
    count: int = setting(3, "How many.", paper="3", official="4", least=1, most=5)
    share: float = setting(0.5, "Share.", least=0, below=1)
    seconds: float = setting(2.0, "Seconds.", least=0, most=math.inf)
    rate: float = setting(0.1, "Rate.", above=0, free=True)
    kind: str = setting("a", "One of {choices}.", choices=("a", "b"))
    weights: tuple[float, ...] | str | None = setting(None, "Weights.", choices=("even",), least=0)
    fast: bool = setting(False, "Whether it is fast.")
    inner: Inner = Inner()

    def check_together(self):
        if self.fast and self.count > 4:
            raise UserError("Expected --count of 4 at most with --fast, found 5.")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"folder": ""}, "Expected --folder, found none: give one, such as --folder=runs/a."),
        ({"count": 0}, "Expected --count to be between 1 and 5, found 0."),
        ({"count": 2.5}, "Expected --count to be an integer, found 2.5."),
        ({"count": True}, "Expected --count to be an integer, found True."),
        ({"count": "3"}, "Expected --count to be an integer, found '3'."),
        ({"share": 1}, "Expected --share to be 0 or more and below 1, found 1."),
        ({"share": math.nan}, "Expected --share to be 0 or more and below 1, found nan."),
        ({"rate": 0.0}, "Expected --rate to be a number above 0, found 0.0."),
        ({"rate": math.inf}, "Expected --rate to be a number above 0, found inf."),
        ({"kind": "c"}, "Expected --kind to be one of a, b, found 'c'."),
        ({"weights": "odd"}, "Expected --weights to be one of even, found 'odd'."),
        ({"weights": (1.0, -1.0)}, "Expected --weights to be 0 or more, found -1.0."),
        (
            {"weights": (1.0, math.inf)},
            "Expected --weights to be a finite number, 0 or more, found inf.",
        ),
        ({"fast": 1}, "Expected --fast to be true or false, found 1."),
        ({"fast": True, "count": 5}, "Expected --count of 4 at most with --fast, found 5."),
    ],
)
def test_what_a_field_does_not_take_is_refused(changes, sentence):
    with pytest.raises(UserError) as error:
        Outer(**{"folder": "x", **changes})
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    "changes", [{"rates": (0.5, 0.0)}, {"size": (0, 3)}, {"size": (3,)}, {"parts": ("a", "c")}]
)
def test_what_is_within_a_tuple_is_checked_as_well(changes):
    with pytest.raises(UserError, match=f"--{next(iter(changes))}"):
        Inner(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"count": 5},
        {"share": 0},
        {"seconds": math.inf},
        {"weights": "even"},
        {"weights": (0.0, 2.0)},
        {"inner": Inner(size=(3, 4))},
    ],
)
def test_what_a_field_takes_is_kept(changes):
    made = Outer("x", **changes)
    assert {name: getattr(made, name) for name in changes} == changes


def test_the_configurations_of_the_programs_refuse_in_python_what_their_flags_refuse():
    for refused in (
        {"epochs": -1},
        {"mixed_precision": "float8"},
        {"architecture_start_epoch": 41},
        {"seed": -1},
    ):
        with pytest.raises(UserError, match=f"--{next(iter(refused))}"):
            SearchConfig("runs/a", **refused)
    with pytest.raises(UserError, match="--momentum to be 0 or more and below 1, found 7"):
        SearchOptimization(momentum=7)


def test_help_names_the_sources_of_a_default():
    by_name = {field.name: field.setting for field in settings.leaves(Outer)}
    assert by_name["count"].help == "How many. Paper: 3; official: 4."
    assert by_name["kind"].help == "One of a, b."


def test_leaves_take_the_defaults_of_whatever_holds_them():
    by_name = {field.name: field.default for field in settings.leaves(TrainConfig)}
    assert by_name["train_crop_size"] == (769, 769)
    assert by_name["train_logdir"] is dataclasses.MISSING


def test_a_record_is_flat_and_comes_back():
    config = Outer("x", count=4, inner=Inner(size=(3, 4)))
    recorded = settings.record(config)
    assert recorded["size"] == [3, 4] and recorded["count"] == 4 and "inner" not in recorded
    assert settings.from_record(Inner, recorded) == config.inner
    assert settings.from_record(Inner, {}) == Inner()
    assert settings.defaults(Inner) == {"rates": [1.0], "size": None, "parts": []}
    assert settings.free_names(Outer) == {"rate"}


@dataclasses.dataclass(frozen=True)
class Places(Settings):
    """Settings that are paths, and one that is not."""

    folder: str = required("Folder.", path=True)
    files: tuple[str, ...] = setting((), "Files.", path=True)
    text: str = setting("", "No path.")


def test_a_tilde_at_the_beginning_of_a_path_is_a_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", "/home/of me")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "~$open.png").touch()
    kept = ("gs://a/~/b", "a/~", "./~", "~$open.png", "auto_deeplab", "")
    made = Places("~/runs/a", ("~", *kept), "~/text")
    assert made == Places("/home/of me/runs/a", ("/home/of me", *kept), "~/text")
    assert settings.record(made)["folder"] == "/home/of me/runs/a"
    assert dataclasses.replace(made, folder="~root/a").folder == os.path.expanduser("~root/a")
    with refusals.refused("--files", "'~nobody-here/a'", "./~nobody-here/a"):
        Places("a", ("~nobody-here/a",))


def test_bytes_that_are_no_text_are_refused():
    with refusals.refused("--text to be text in UTF-8", r"'a\udce9'"):
        Places("a", (), os.fsdecode(b"a\xe9"))


@pytest.mark.parametrize("config_class", _PROGRAMS, ids=lambda one: one.__name__)
def test_every_setting_says_what_it_is_in_sentences(config_class):
    names = [field.name for field in settings.leaves(config_class)]
    assert len(names) == len(set(names))
    for field in settings.leaves(config_class):
        assert re.match(r"[A-Z0-9]", field.setting.help), field.name
        assert field.setting.help.endswith("."), field.name


def test_a_default_is_among_the_choices_or_empty():
    for config_class in _PROGRAMS:
        for field in settings.leaves(config_class):
            if field.setting.choices and field.default is not dataclasses.MISSING:
                assert not field.default or field.default in field.setting.choices, field.name
