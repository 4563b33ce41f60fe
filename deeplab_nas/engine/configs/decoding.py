"""How an architecture is made of a searched supernet, as one value."""

import dataclasses

from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, setting
from deeplab_nas.supernet.decoding.by_logits import PATH_DECODINGS, RELATIVE, VITERBI

# The path, or the cell, whose loss in the supernet is the lowest, all others cut.
EVALUATED = "evaluated"
ARGMAX, PERTURBATION = "argmax", "perturbation"


@dataclasses.dataclass(frozen=True)
class DecodingConfig(Settings):
    """The rules of decoding; the defaults are the paper's (Auto-DeepLab, section 3.3)."""

    path_decoding: str = setting(
        VITERBI,
        "How the path is decoded, {choices}: the most probable one by beta; the one whose arrows "
        "are most probable beside a choice by chance, which prefers no level while beta is "
        "undecided; or the one with the lowest loss of the supernet on trainB when all others are "
        "cut, which is looked for at the end of the search.",
        paper="viterbi",
        choices=(*PATH_DECODINGS, EVALUATED),
    )
    path_beam: int = setting(
        8,
        "With --path_decoding=evaluated: beginnings of paths that are followed a layer; the search "
        "for the path takes about 3 times as many evaluations a layer.",
        least=1,
    )
    operation_choice: str = setting(
        ARGMAX,
        "How operations and edges of the cell are chosen, {choices}: those of the largest weight; "
        "those without which the loss of the supernet on trainB is highest (DARTS-PT); or, edge by "
        "edge from there, those with which the loss is lowest when all others are cut.",
        paper="argmax",
        choices=(ARGMAX, PERTURBATION, EVALUATED),
    )
    decoding_batches: int = setting(
        4, "Batches of trainB that a loss of the supernet is the mean of.", least=1
    )
    decoding_steps: int = setting(
        0,
        "With --operation_choice=perturbation: steps of the weights on trainA before the first "
        "decision and after each, in what is left of the supernet.",
        paper="0; DARTS-PT: 5 epochs",
        least=0,
    )
    decoding_learning_rate: float = setting(
        0.0025,
        "Learning rate of these steps.",
        paper="not stated; DARTS-PT: a tenth of the weights'",
        above=0,
    )
    random_architectures: int = setting(
        16,
        "Random architectures that the supernet is cut down to at the end, to tell how many of "
        "them it rates below what was found.",
        least=0,
    )

    @property
    def rule_of_beta(self) -> str:
        """How a path is decoded from beta alone, as during the search."""
        return RELATIVE if self.path_decoding == EVALUATED else self.path_decoding

    def check_together(self) -> None:
        if self.decoding_steps and self.operation_choice != PERTURBATION:
            raise UserError(
                f"Expected --operation_choice={PERTURBATION} with --decoding_steps="
                f"{self.decoding_steps}, found {self.operation_choice}: leave one out."
            )
