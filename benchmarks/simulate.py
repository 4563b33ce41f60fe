"""Ways of choosing an architecture at an equal budget, simulated on a table of trained ones.

    python -m benchmarks.simulate --table=docs/camvid/table.json --budget=4800 --repetitions=2000

Each arm spends the same number of training steps, thousands of times over, on architectures that it
draws from the table: `random` trains some of them wholly and takes the best, `halving` promotes
short trainings to longer ones, `halving_SCORE_N` first keeps one of N by a score of the untrained
network or by its multiply-adds, `evolution` mutates the best. What an arm is worth is the mean of
the table's whole trainings of what it picks. What it sees of one there is drawn as another seed
would show it, and on shorter rungs it sees what the table has.

Gains are in standard deviations of the architectures above the mean of the table. The interval of a
difference to `random` over repetitions tells how far it would change with more of them; the one
over tables, which are drawn from this one with replacement, how far it might on other
architectures. Prints the headroom of the table and the arms to stderr, and one JSON line.
"""

import dataclasses
import functools
import json
import sys
from collections.abc import Callable

from flags import program

import numpy as np

from benchmarks.simulation import arms, evolution
from benchmarks.simulation import rows as simulated
from benchmarks.simulation.rows import Rows
from deeplab_nas.engine.reporting import table as text_table
from deeplab_nas.errors import UserError
from deeplab_nas.selection.evidence import headroom, statistics, trained_table
from deeplab_nas.selection.pool import score_filter
from deeplab_nas.settings import Settings, required, setting

RANDOM = "random"
# A repetition is dear where the table is drawn too; the mean of a tenth of them is good enough.
_PART = 10

Arm = Callable[[Rows, int, np.random.Generator], arms.Outcome]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SimulateConfig(Settings):
    """The table, and how it is chosen from."""

    table: str = required("File of the table.", example="docs/camvid/table.json", path=True)
    budget: int = setting(4800, "Optimizer steps that each arm may spend.", least=1)
    repetitions: int = setting(2000, "How often each arm is run.", least=20)
    tables: int = setting(50, "Tables drawn with replacement from this one.", least=20)
    reduction_factor: int = setting(3, "Of so many candidates of a rung one is promoted.", least=2)
    rungs: tuple[int, ...] = setting(
        (), "Steps of the shorter trainings that halving uses; empty: all the table has.", least=1
    )
    one_of: tuple[int, ...] = setting((2, 3), "Of so many drawn a filter keeps one.", least=2)
    seed: int = setting(1, "Of everything that is drawn.", least=0)


def main(config: SimulateConfig) -> None:
    table = trained_table.load(config.table)
    rungs = tuple(sorted(config.rungs)) or table.rungs
    _check(config, table, rungs)
    report = headroom.of(table, config.seed)
    stds = report.architectures_std, report.seeds_std
    rows = simulated.of(table, rungs, *stds, config.table)
    verdicts = {name: score_filter.verdict(table, name) for name in table.score_names}
    told = {
        "rows": len(rows),
        "left_out": len(table.architectures) - len(rows),
        "best": rows.best,
        "varies_enough": report.varies_enough,
        "headroom": dataclasses.asdict(report),
        "filters": {name: verdict.passed for name, verdict in verdicts.items()},
        "arms": compare(rows, config),
    }
    print(headroom.render(report), file=sys.stderr)
    for name, verdict in verdicts.items():
        may = "may choose" if verdict.passed else "may not choose"
        print(f"{name} {may}: {verdict.reason}", file=sys.stderr)
    best = ("best of the table", f"{told['best']:+.2f} sd")
    print(text_table.render([best, *map(_line, told["arms"])]), file=sys.stderr)
    print(json.dumps({"benchmark": "simulate", **told}))


def compare(rows: Rows, config: SimulateConfig) -> list[dict]:
    """Runs all arms, on the rows and on such that are drawn from them.

    Args:
        rows: The table.
        config: A `SimulateConfig`.

    Returns:
        For each arm, `random` first, what is known of it by name.
    """
    ways = _arms(rows, config)
    outcomes = {
        name: _run(arm, rows, config.budget, config.repetitions, [config.seed, number])
        for number, (name, arm) in enumerate(ways.items())
    }
    gains = {name: rows.gains[[one.picked for one in found]] for name, found in outcomes.items()}
    over_tables = _over_tables(ways, rows, config)
    told = []
    for name, found in outcomes.items():
        known = {"arm": name, "gain": float(gains[name].mean())}
        if name != RANDOM:
            low, high = np.quantile(over_tables[name], [0.025, 0.975])
            known["over_random"] = dataclasses.asdict(
                statistics.mean_difference(gains[name], gains[RANDOM], config.seed)
            )
            known["over_tables"] = {"low": float(low), "high": float(high)}
            known["better_than_random"] = statistics.better_share(gains[name], gains[RANDOM])
        for spent in ("trained", "steps", "multiply_adds"):
            known[spent] = float(np.mean([getattr(one, spent) for one in found]))
        told.append(known)
    return told


def _check(config, table, rungs):
    whole = table.whole_steps
    if config.budget < whole:
        raise UserError(
            f"Expected a --budget of one whole training or more, {whole} steps, found "
            f"{config.budget}."
        )
    if not rungs or set(rungs) - set(table.rungs):
        there = ",".join(map(str, table.rungs)) or "none"
        raise UserError(
            f"Expected --rungs of which {config.table} has trainings ({there}), found "
            f"{','.join(map(str, rungs)) or 'none'}: train them with benchmarks.table."
        )


def _arms(rows: Rows, config: SimulateConfig) -> dict[str, Arm]:
    promoted = functools.partial(arms.halving, reduction_factor=config.reduction_factor)
    filtered = {
        f"halving_{score}_{one_of}": functools.partial(promoted, score=score, one_of=one_of)
        for score in rows.scores
        for one_of in config.one_of
    }
    return {
        RANDOM: arms.best_of_random,
        "halving": promoted,
        **filtered,
        "evolution": evolution.run,
    }


def _run(arm, rows, budget, repetitions, seed):
    random = np.random.default_rng(seed)
    return [arm(rows, budget, random) for _ in range(repetitions)]


def _over_tables(ways, rows, config):
    """Mean differences to `random` by arm, one for each table that is drawn."""
    random = np.random.default_rng([config.seed, len(ways)])
    differences = {name: [] for name in ways}
    for table in range(config.tables):
        drawn = rows.resampled(random)
        gains = drawn.gains
        means = {}
        for number, (name, arm) in enumerate(ways.items()):
            seed = [config.seed, number, table + 1]
            found = _run(arm, drawn, config.budget, config.repetitions // _PART, seed)
            means[name] = gains[[one.picked for one in found]].mean()
            differences[name].append(means[name] - means[RANDOM])
    return differences


def _line(arm):
    """An arm's row of the table on stderr."""
    text = f"{arm['gain']:+.2f} sd"
    if "over_random" in arm:
        over, tables = arm["over_random"], arm["over_tables"]
        text += (
            f", {over['value']:+.2f} over random ({over['low']:+.2f} to {over['high']:+.2f}; over "
            f"tables {tables['low']:+.2f} to {tables['high']:+.2f}), better with a "
            f"probability of {arm['better_than_random']:.2f}"
        )
    return arm["arm"], f"{text}; {arm['trained']:.1f} trained in {arm['steps']:.0f} steps"


if __name__ == "__main__":
    program.run(SimulateConfig, main)
