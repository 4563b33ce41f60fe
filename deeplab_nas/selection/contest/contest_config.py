"""Which ways of choosing are compared, as one value."""

import dataclasses

from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, setting

RANDOM, HALVING, TPE, EVOLUTION, SEARCH = "random", "halving", "tpe", "evolution", "search"
ARMS = (RANDOM, HALVING, TPE, EVOLUTION, SEARCH)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ContestConfig(Settings):
    """The arms of a contest; without any there is none."""

    arms: tuple[str, ...] = setting(
        (),
        "Ways of choosing to compare, random among them, each with --budget_steps of its own: "
        "{choices}. random and halving train what is drawn, wholly and by rungs; tpe and evolution "
        "what they propose, wholly; search, by rungs, what --runs have found and what is near it. "
        "Empty: one selection among the candidates.",
        choices=ARMS,
    )
    repetitions: int = setting(
        3, "How often each of --arms is run, each time with other draws.", least=1
    )

    def check_together(self) -> None:
        if self.arms and RANDOM not in self.arms:
            raise UserError(
                f"Expected random among --arms, found {','.join(self.arms)}: what others are worth "
                "is measured by it."
            )
        if len(set(self.arms)) < len(self.arms):
            raise UserError(f"Expected each of --arms once, found {','.join(self.arms)}.")
