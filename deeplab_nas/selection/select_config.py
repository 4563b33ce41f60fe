"""Everything that a selection depends on, as one value."""

import dataclasses

from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.errors import UserError
from deeplab_nas.selection.contest import contest_config
from deeplab_nas.selection.contest.contest_config import ContestConfig
from deeplab_nas.selection.pool.band import BandConfig
from deeplab_nas.selection.pool.filter_config import FilterConfig
from deeplab_nas.selection.study.arm import SAMPLERS
from deeplab_nas.settings import Settings, setting


@dataclasses.dataclass(frozen=True)
class PoolConfig(Settings):
    """Where the candidates come from."""

    random: int = setting(0, "Candidates drawn at random.", least=0)
    num_layers: int = setting(
        5, "L, cells on the path, of those that are drawn or proposed.", paper="12", least=1
    )
    num_blocks: int = setting(
        5, "B, blocks in the cell, of those that are drawn or proposed.", paper="5", least=1
    )
    architectures: tuple[str, ...] = setting(
        (), "Names, or JSON files as a search writes them, also with *, of candidates.", free=True
    )
    runs: tuple[str, ...] = setting(
        (), "Run directories of searches, whose finds and last epochs are candidates.", free=True
    )
    mutate: int = setting(
        0, "Neighbours of each of --architectures and --runs that are candidates too.", least=0
    )
    all_paths: bool = setting(
        False, "Whether the cell of each of --architectures is a candidate on every path."
    )
    sampler: str = setting(
        "",
        "Who proposes more candidates, from what the first rung has shown, one of {choices}; "
        "empty: nobody.",
        choices=SAMPLERS,
    )
    proposals: int = setting(
        0, "Candidates that it proposes; 0: as --budget_steps allows.", least=0
    )

    def check_together(self) -> None:
        if not (self.random or self.architectures or self.runs or self.sampler):
            raise UserError(
                "Expected candidates, found none: give --random, --architectures, --runs or "
                "--sampler."
            )
        if self.mutate and not (self.architectures or self.runs):
            raise UserError(
                f"Expected --architectures or --runs that --mutate={self.mutate} changes, found "
                "none: give them, or leave it out."
            )
        if self.all_paths and not self.architectures:
            raise UserError(
                "Expected --architectures whose cells --all_paths tries, found none: give them, or "
                "leave it out."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class SelectConfig(TrainConfig):
    """A training, the candidates that it is done for, and how many of them get how far.

    Its `--architecture` is each candidate in turn.
    """

    pool: PoolConfig = PoolConfig(random=30)
    band: BandConfig = BandConfig()
    filter: FilterConfig = FilterConfig()
    contest: ContestConfig = ContestConfig()
    rungs: tuple[int, ...] = setting(
        (),
        "Steps of the shorter trainings before the whole one, each along a whole schedule, such as "
        "100,200.",
        least=1,
    )
    reduction_factor: int = setting(
        3, "Of so many candidates of a rung one is trained for the next.", least=2
    )
    budget_steps: int = setting(
        0,
        "Training steps that may be spent in all, of a contest by each arm in each repetition; 0: "
        "until every candidate is tried.",
        least=0,
    )
    finalists: int = setting(
        3, "Best candidates that are trained with more seeds; of a contest one an arm.", least=0
    )
    final_seeds: int = setting(
        2,
        "Further seeds that each of them is trained with, beyond --budget_steps; those of a "
        "contest judge it.",
        least=0,
    )
    storage: str = setting(
        "",
        "URL of a database that programs on several machines share, such as "
        "postgresql://user@host/name; empty: a journal file in --train_logdir.",
        free=True,
    )
    keep_runs: bool = setting(
        False, "Whether the run directories of the trainings stay when they have ended.", free=True
    )

    def check_together(self) -> None:
        super().check_together()
        whole = self.optimization.training_number_of_steps
        if list(self.rungs) != sorted(set(self.rungs)) or any(s >= whole for s in self.rungs):
            raise UserError(
                f"Expected ascending --rungs below --training_number_of_steps={whole}, found "
                f"{','.join(map(str, self.rungs))}."
            )
        if self.pool.sampler and not (self.pool.proposals or self.budget_steps):
            raise UserError(
                f"Expected an end to what --sampler={self.pool.sampler} proposes, found none: give "
                "--proposals or --budget_steps."
            )
        if self.contest.arms:
            self._check_contest(whole)
        least = min(self.all_rungs)
        if 0 < self.budget_steps < least:
            raise UserError(
                f"Expected --budget_steps for one training of {least} steps at least, found "
                f"{self.budget_steps}."
            )

    def _check_contest(self, whole):
        if self.budget_steps < whole:
            raise UserError(
                "Expected --budget_steps of a training or more for --arms, "
                f"--training_number_of_steps={whole}, found {self.budget_steps}."
            )
        if not self.final_seeds:
            raise UserError(
                "Expected --final_seeds that judge --arms, found 0: a training that has chosen is "
                "no judge."
            )
        pool = self.pool
        if pool.architectures or pool.sampler or pool.mutate:
            raise UserError(
                "Expected --arms without --architectures, --mutate and --sampler, found one of "
                "them: each arm has candidates of its own."
            )
        if self.filter.filter_score:
            raise UserError(
                f"Expected --arms without --filter_score, found {self.filter.filter_score}: "
                "benchmarks.simulate says what a filter is worth."
            )
        runs, wanted = len(pool.runs), self.contest.repetitions
        if contest_config.SEARCH not in self.contest.arms:
            wanted = 0
        if runs != wanted:
            raise UserError(
                f"Expected a search in --runs for each of --repetitions={wanted} of the arm "
                f"search, found {runs}."
                if wanted
                else f"Expected no --runs without the arm search, found {runs}: leave them out."
            )

    @property
    def all_rungs(self) -> tuple[int, ...]:
        """Steps of the trainings, the whole one last."""
        return (*self.rungs, self.optimization.training_number_of_steps)
