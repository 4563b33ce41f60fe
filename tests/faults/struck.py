"""A run that is struck again and again, and what it has to end with."""

import dataclasses
import functools
import itertools
import random

from tests.faults import planted, runs

_KILLED, _TERMINATED, _REFUSED = -9, 143, 1
_LONGEST_DELAY = 0.03


@dataclasses.dataclass(frozen=True)
class Strike:
    """One fault of a process, and what happens to the folder after it.

    Attributes:
        moment: A key of `planted.MOMENTS`, or empty for some time after the start.
        call: Which call of that function.
        action: What happens then.
        exit_code: How the process has to end.
        damage: A key of `planted.DAMAGES`, or empty.
    """

    moment: str
    call: int
    action: functools.partial
    exit_code: int = _KILLED
    damage: str = ""


def _strikes(run):
    """Thirteen kills and three other ends, in a mixed order that is always the same.

    Args:
        run: The run directory.
    """
    drawn = random.Random(11)
    # A save takes some hundredths of a second: these come before, within and after it.
    moments = [("checkpoint", 3)] * 5
    moments += [("step", 2), ("file", 3), ("events", 2), ("pictures", 1), ("end of events", 1)]
    kills = [(*moment, drawn.uniform(0.001, _LONGEST_DELAY)) for moment in moments]
    kills += [("history line", 2, 0.0), ("rename", 2, 0.0)]
    drawn.shuffle(kills)
    damages = itertools.chain(planted.DAMAGES, itertools.repeat(""))
    found = [
        Strike(moment, call, functools.partial(planted.kill, delay), damage=damage)
        for (moment, call, delay), damage in zip(kills, damages, strict=False)
    ]
    found += [
        Strike("step", 2, functools.partial(planted.terminate), _TERMINATED),
        Strike("step", 2, functools.partial(planted.fill_disk, 2000), _REFUSED),
        Strike("step", 2, functools.partial(planted.lose_rights, run), _REFUSED),
    ]
    drawn.shuffle(found)
    early = functools.partial(planted.kill, drawn.uniform(0.5, 3.0))
    return [Strike("", 0, early), *found]


def check(make_config, folder):
    """Strikes a run again and again and compares its end with that of an undisturbed one.

    Args:
        make_config: Function from shards and a run directory to a configuration.
        folder: Where everything is written.

    Returns:
        How many processes were killed.

    Raises:
        AssertionError: Something differs, or is told otherwise than in a sentence.
    """
    shards, log = runs.make_shards(folder / "shards"), folder / "log"
    whole, config = (make_config(shards, folder / name) for name in ("whole", "struck"))
    assert runs.start(whole, log) == 0, log.read_text()
    killed = _run_through(config, log, _strikes(config.train_logdir))
    expected, found = runs.state(whole.train_logdir), runs.state(config.train_logdir)
    assert found["history"] == expected["history"]
    assert [name for name in expected if found.get(name) != expected[name]] == []
    assert found.keys() == expected.keys()
    assert not list((folder / "struck").rglob("*.partial"))
    said = log.read_text()
    assert "Skipped damaged checkpoints: ckpt-" in said
    assert "Traceback" not in said
    return killed


def _run_through(config, log, planned):
    """Starts a run again and again until nothing is planned for it any more.

    Returns:
        How many processes were killed.
    """
    killed = 0
    for strike in planned:
        fault = strike.action
        if strike.moment:
            fault = functools.partial(planted.strike, strike.moment, strike.call, strike.action)
        exit_code = runs.start(config, log, fault)
        assert exit_code == strike.exit_code, (strike, exit_code, log.read_text()[-2000:])
        killed += exit_code == _KILLED
        if strike.action.func is planted.lose_rights:
            planted.give_rights_back(config.train_logdir)
        if strike.damage:
            planted.DAMAGES[strike.damage](config.train_logdir)
    assert runs.start(config, log) == 0, log.read_text()[-2000:]
    return killed
