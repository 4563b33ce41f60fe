"""An arm at work: its trials, and then the finalists' trainings with further seeds."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.storages import BaseStorage

from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.selection.study import arm as arms
from deeplab_nas.selection.study import time_left
from deeplab_nas.selection.study.arm import Arm
from deeplab_nas.selection.study.pulse import Pulse
from deeplab_nas.selection.study.rung_trials import Claim, RungTrials
from deeplab_nas.selection.trainings.training_rows import Row

# A tenth of Optuna's: few candidates fit into a budget of trainings.
_POPULATION = 10
_SEEDS_OF_AN_ARM = 100_000


@dataclasses.dataclass(frozen=True)
class Job:
    """A training that was claimed.

    Attributes:
        row: What is to be trained.
        claim: The claim.
        trials: Where it was claimed.
    """

    row: Row
    claim: Claim
    trials: RungTrials


class ArmRun:
    """An arm, the trials that all workers share, and what this one may take next."""

    def __init__(
        self,
        arm: Arm,
        storage: BaseStorage,
        space: Mapping[str, BaseDistribution],
        pulse: Pulse,
        seeds: Sequence[int],
        finalists: int,
        judged: bool = False,
        accepts: Callable[[Architecture], bool] = lambda _: True,
    ):
        """Opens the studies.

        Args:
            arm: The arm.
            storage: Optuna's.
            space: What a sampler chooses from, as `search_space.distributions` gives it.
            pulse: This worker's.
            seeds: Of the trainings: the first is that of the rungs, the others the finalists'.
            finalists: How many candidates are trained with the other seeds.
            judged: Whether these trainings are evaluated by image.
            accepts: Whether something that is proposed may be trained.
        """
        self.arm = arm
        self._space = space
        self._seed = seeds[0]
        self._finalists = finalists
        self._judged = judged
        self._accepts = accepts
        self.trials = RungTrials(storage, arm.name, arm.rungs, space, pulse)
        self.finals = {
            seed: RungTrials(storage, f"{arm.name}, seed {seed}", arm.rungs[-1:], space, pulse)
            for seed in seeds[1:]
        }

    def take(self) -> Job | None:
        """Claims the next training; returns None where there is none, or none yet."""
        return self._take_of_rungs() or (None if self._rungs_run() else self._take_of_finals())

    def others_run(self) -> bool:
        """Tells whether another worker trains something of this arm."""
        return any(trials.others_run() for trials in (self.trials, *self.finals.values()))

    def seconds_left(self, seconds: Mapping[int, float]) -> float:
        """Estimates the time that one worker needs for the rest.

        Args:
            seconds: Mean time of a training by its steps, as `time_left.mean_seconds` has it.
        """
        finished = self.trials.finished()
        left = time_left.trainings_left(self.arm, finished, self.trials.begun())
        finalists = min(self._finalists, left[0] + len(finished[0]))
        left[-1] += finalists * len(self.finals)
        left[-1] -= sum(len(trials.finished()[0]) for trials in self.finals.values())
        return time_left.seconds_left(self.arm.rungs, left, seconds)

    def documents(self) -> list[dict[str, Any]]:
        """What came of all trainings that have ended, by rung and then by seed."""
        return self.documents_of_rungs() + [
            each for trials in self.finals.values() for rung in trials.documents() for each in rung
        ]

    def documents_of_rungs(self) -> list[dict[str, Any]]:
        """The same without the finalists' trainings with further seeds."""
        return [each for rung in self.trials.documents() for each in rung]

    def picks(self) -> list[str]:
        """The finalists as they stand, the best one first."""
        return arms.best(self.trials.finished(), self._finalists)

    def final_rows(self, candidate: str) -> list[Row]:
        """The trainings of a finalist with the further seeds."""
        architecture = self._architectures()[candidate]
        steps = self.arm.rungs[-1]
        return [Row(candidate, architecture, seed, steps, self._judged) for seed in self.finals]

    def _take_of_rungs(self):
        while True:
            given_back = self.trials.given_back()
            if given_back:
                wanted = given_back[0]
            else:
                begun = self.trials.begun()
                following = arms.next_training(self.arm, self.trials.finished(), begun)
                if following is None:
                    return None
                name = following.candidate
                if following.is_proposed:
                    wanted = self.trials.propose(self._sampler(name), name, self._is_new())
                    if wanted is None:
                        return None
                else:
                    wanted = Claim(following.rung, name, self._architectures()[name])
            if self.trials.claim(wanted):
                return self._job(wanted, self.trials, self._seed)

    def _take_of_finals(self):
        for name in self.picks():
            for seed, trials in self.finals.items():
                given_back = [each for each in trials.given_back() if each.candidate == name]
                if name in trials.begun()[0]:
                    continue
                wanted = (
                    given_back[0] if given_back else Claim(0, name, self._architectures()[name])
                )
                if trials.claim(wanted):
                    return self._job(wanted, trials, seed)
        return None

    def _rungs_run(self):
        finished, begun = self.trials.finished(), self.trials.begun()
        return any(len(names) > len(done) for names, done in zip(begun, finished, strict=True))

    def _job(self, claim, trials, seed):
        is_final = trials is not self.trials
        steps = self.arm.rungs[-1 if is_final else claim.rung]
        by_image = is_final and self._judged
        row = Row(claim.candidate, claim.architecture, seed, steps, by_image)
        return Job(row, claim, trials)

    def _is_new(self):
        known = set(self._architectures().values())
        return lambda architecture: architecture not in known and self._accepts(architecture)

    def _architectures(self):
        return {**self.trials.architectures(), **self.arm.pool}

    def _sampler(self, candidate: str) -> BaseSampler:
        """A new one for each proposal, so that it does not matter how often it was stopped."""
        number = int(candidate.rpartition("_")[2])
        seed = self.arm.seed * _SEEDS_OF_AN_ARM + number
        if self.arm.sampler == arms.TPE:
            return TPESampler(seed=seed)
        if self.arm.sampler == arms.EVOLUTION:
            return NSGAIISampler(seed=seed, population_size=_POPULATION)
        return RandomSampler(seed=seed)
