"""The trials of one arm in Optuna: a study for each rung, in which a trial is a training.

Any number of workers share them. A worker claims a training by adding a trial that runs; where two
claim the same, the trial of the lower number stands and the other fails. What a worker was training
that has died fails too, so that it is claimed again.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.selection.study import search_space
from deeplab_nas.selection.study.pulse import Pulse

_CANDIDATE, _ARCHITECTURE, _WORKER, _ROW = "candidate", "architecture", "worker", "row"
# A sampler that proposes the same again and again has nothing else.
_MOST_ASKED = 200
_RUNNING, _COMPLETE, _FAILED = TrialState.RUNNING, TrialState.COMPLETE, TrialState.FAIL


@dataclasses.dataclass(frozen=True)
class Claim:
    """A training that this worker has taken, or may take.

    Attributes:
        rung: Index of the rung.
        candidate: Name of the architecture.
        architecture: What is to be trained.
        attributes: What the sampler that has proposed it knows of it.
    """

    rung: int
    candidate: str
    architecture: Architecture
    attributes: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class RungTrials:
    """The trials of one arm."""

    def __init__(
        self,
        storage: BaseStorage,
        name: str,
        rungs: Sequence[int],
        space: Mapping[str, BaseDistribution],
        pulse: Pulse,
    ):
        """Opens the studies, which are made where they are not there yet.

        Args:
            storage: Optuna's.
            name: Of the arm; the studies are called `NAME, N steps`.
            rungs: Steps of each rung, ascending.
            space: What each parameter may be, as `search_space.distributions` gives it.
            pulse: This worker's.
        """
        self._storage = storage
        self._space = space
        self._pulse = pulse
        self._studies = [
            optuna.create_study(
                storage=storage,
                study_name=f"{name}, {steps} steps",
                direction="maximize",
                load_if_exists=True,
            )
            for steps in rungs
        ]

    def finished(self) -> list[dict[str, float]]:
        """Mean IoU by candidate for each rung, in the order in which they were claimed."""
        return [
            {_candidate(trial): trial.value for trial in self._trials(rung, _COMPLETE)}
            for rung in range(len(self._studies))
        ]

    def begun(self) -> list[list[str]]:
        """The candidates that are trained or being trained, for each rung."""
        return [
            [_candidate(trial) for trial in self._trials(rung, _RUNNING, _COMPLETE)]
            for rung in range(len(self._studies))
        ]

    def others_run(self) -> bool:
        """Tells whether another worker trains something."""
        return any(
            trial.user_attrs[_WORKER] != self._pulse.worker
            for rung in range(len(self._studies))
            for trial in self._trials(rung, _RUNNING)
        )

    def documents(self) -> list[list[dict[str, Any]]]:
        """The documents that `finish` was given, for each rung."""
        return [
            [json.loads(trial.user_attrs[_ROW]) for trial in self._trials(rung, _COMPLETE)]
            for rung in range(len(self._studies))
        ]

    def architectures(self) -> dict[str, Architecture]:
        """The architectures of the candidates that were claimed, by name."""
        found: dict[str, Architecture] = {}
        for rung in range(len(self._studies)):
            for trial in self._trials(rung, _RUNNING, _COMPLETE, _FAILED):
                # The first one of a name stands, whatever another worker has proposed under it.
                found.setdefault(_candidate(trial), _architecture(trial))
        return found

    def given_back(self) -> list[Claim]:
        """What was claimed and is nobody's now, the highest rung first.

        Fails what dead workers were training.
        """
        found = []
        for rung in reversed(range(len(self._studies))):
            for trial in self._trials(rung, _RUNNING):
                if self._pulse.has_stopped(trial.user_attrs[_WORKER]):
                    self._fail(rung, trial)
            live = set(self.begun()[rung])
            for trial in self._trials(rung, _FAILED):
                if _candidate(trial) not in live:
                    live.add(_candidate(trial))
                    attributes = trial.system_attrs
                    found.append(Claim(rung, _candidate(trial), _architecture(trial), attributes))
        return found

    def claim(self, wanted: Claim) -> bool:
        """Takes a training; returns whether this worker has it and no other was faster."""
        parameters = search_space.parameters_of(wanted.architecture)
        self._studies[wanted.rung].add_trial(
            optuna.create_trial(
                state=_RUNNING,
                params=parameters,
                distributions={name: self._space[name] for name in parameters},
                user_attrs={
                    _CANDIDATE: wanted.candidate,
                    _ARCHITECTURE: wanted.architecture.to_json(),
                    _WORKER: self._pulse.worker,
                },
                system_attrs=dict(wanted.attributes),
            )
        )
        return self._is_first(wanted.rung, wanted.candidate)

    def propose(
        self,
        sampler: BaseSampler,
        candidate: str,
        accepts: Callable[[Architecture], bool] = lambda _: True,
    ) -> Claim | None:
        """Asks a sampler for an architecture; takes nothing.

        Args:
            sampler: Optuna's; learns from the trials of the first rung, those that failed left out.
            candidate: What the architecture will be called.
            accepts: Whether an architecture may be trained; the sampler is asked until one may.

        Returns:
            What may be claimed, a training of the first rung; None where the sampler knows of none.
        """
        # In memory, since what it proposes has a name before others see it.
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.add_trials(self._trials(0, _RUNNING, _COMPLETE))
        for _ in range(_MOST_ASKED):
            trial = study.ask(dict(self._space))
            architecture = search_space.architecture_of(trial.params)
            if accepts(architecture):
                return Claim(0, candidate, architecture, study.trials[-1].system_attrs)
            study.tell(trial, state=_FAILED)
        return None

    def finish(self, claim: Claim, document: Mapping[str, Any]) -> bool:
        """Tells what came of a training.

        Args:
            claim: What was claimed.
            document: What to keep of it; its `miou` is the trial's value.

        Returns:
            Whether it counts: not where this worker was taken for dead and another does it.
        """
        mine = self._mine(claim.rung, claim.candidate)
        if not mine:
            return False
        self._storage.set_trial_user_attr(mine[0]._trial_id, _ROW, json.dumps(document))
        self._studies[claim.rung].tell(mine[0].number, document["miou"])
        return True

    def give_back(self, claim: Claim) -> None:
        """Gives up a training that was not finished, so that somebody else claims it."""
        for trial in self._mine(claim.rung, claim.candidate):
            self._fail(claim.rung, trial)

    def _is_first(self, rung, candidate):
        live = [
            trial
            for trial in self._trials(rung, _RUNNING, _COMPLETE)
            if _candidate(trial) == candidate
        ]
        if live[0] in self._mine(rung, candidate):
            return True
        self.give_back(Claim(rung, candidate, _architecture(live[0])))
        return False

    def _mine(self, rung, candidate):
        return [
            trial
            for trial in self._trials(rung, _RUNNING)
            if _candidate(trial) == candidate and trial.user_attrs[_WORKER] == self._pulse.worker
        ]

    def _fail(self, rung, trial):
        self._studies[rung].tell(trial.number, state=_FAILED, skip_if_finished=True)

    def _trials(self, rung, *states) -> list[FrozenTrial]:
        """The trials in these states by number."""
        trials = self._studies[rung].get_trials(deepcopy=False, states=states)
        return sorted(trials, key=lambda trial: trial.number)


def _candidate(trial):
    return trial.user_attrs[_CANDIDATE]


def _architecture(trial):
    return nas_genotypes.from_json(trial.user_attrs[_ARCHITECTURE])
