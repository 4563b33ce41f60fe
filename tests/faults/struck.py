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


def strikes(step):
    """Thirteen kills and three other ends, in a mixed order that is always the same.

    Args:
        step: The moment after a step: `search step` or `training step`.
    """
    drawn = random.Random(11)
    # A save takes some hundredths of a second: these come before, within and after it.
    moments = [("checkpoint", 3)] * 5
    moments += [(step, 2), ("file", 3), ("events", 2), ("pictures", 1), ("end of events", 1)]
    kills = [(*moment, drawn.uniform(0.001, _LONGEST_DELAY)) for moment in moments]
    kills += [("history line", 2, 0.0), ("rename", 2, 0.0)]
    drawn.shuffle(kills)
    damages = itertools.chain(planted.DAMAGES, itertools.repeat(""))
    found = [
        Strike(moment, call, functools.partial(planted.kill, delay), damage=damage)
        for (moment, call, delay), damage in zip(kills, damages, strict=False)
    ]
    found += [
        Strike(step, 2, functools.partial(planted.terminate), _TERMINATED),
        Strike(step, 2, functools.partial(planted.fill_disk, 2000), _REFUSED),
        Strike(step, 2, functools.partial(planted.lose_rights), _REFUSED),
    ]
    drawn.shuffle(found)
    early = functools.partial(planted.kill, drawn.uniform(0.5, 3.0))
    return [Strike("", 0, early), *found]


def run_through(config, log, planned):
    """Starts a run again and again until nothing is planned for it any more.

    Args:
        config: A `SearchConfig` or `TrainConfig`.
        log: File that takes what the runs say.
        planned: The strikes; every start is struck by one, and the last start by none.

    Returns:
        How many processes were killed.

    Raises:
        AssertionError: One did not end as it has to.
    """
    killed = 0
    for strike in planned:
        fault = strike.action
        if strike.moment:
            fault = functools.partial(planted.strike, strike.moment, strike.call, strike.action)
        exit_code = runs.start(config, log, fault)
        assert exit_code == strike.exit_code, (strike, exit_code, log.read_text()[-2000:])
        killed += exit_code == _KILLED
        if strike.damage:
            planted.DAMAGES[strike.damage](config.train_logdir)
    assert runs.start(config, log) == 0, log.read_text()[-2000:]
    return killed
