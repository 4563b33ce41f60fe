"""Everything that a search depends on, as one value."""

import dataclasses
import itertools

from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.engine.configs.decoding import ARGMAX, EVALUATED, PERTURBATION, DecodingConfig
from deeplab_nas.engine.configs.hessian import HessianConfig
from deeplab_nas.engine.configs.run import RunConfig
from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, setting
from deeplab_nas.supernet.supernet_config import SupernetConfig

# Names of the gradient that alpha and beta move along.
FIRST_ORDER, SECOND_ORDER = "first", "second"


@dataclasses.dataclass(frozen=True)
class SearchOptimization(Settings):
    """How the weights, alpha and beta are trained (Auto-DeepLab, section 5.1)."""

    base_learning_rate: float = setting(
        0.025, "First learning rate of the weights.", paper="0.025", above=0
    )
    end_learning_rate: float = setting(
        0.001, "Last learning rate of the weights, reached along a cosine.", paper="0.001", above=0
    )
    momentum: float = setting(0.9, "Momentum of the weights' SGD.", paper="0.9", least=0, below=1)
    weight_decay: float = setting(
        3e-4, "L2 of the weights, added to the gradient.", paper="0.0003", least=0
    )
    clip_gradient_norm: float = setting(
        5.0,
        "Global norm at which the weights' gradient is clipped; 0: not clipped.",
        paper="not stated; DARTS: 5",
        least=0,
    )
    architecture_learning_rate: float = setting(
        0.003, "Adam's learning rate for alpha and beta.", paper="0.003", above=0
    )
    architecture_weight_decay: float = setting(
        1e-3, "L2 of alpha and beta, added to the gradient.", paper="0.001", least=0
    )

    architecture_accumulation_steps: int = setting(
        1,
        "Batches of trainB that one update of alpha and beta takes, seen one after the other; "
        "batch norm sees one at a time.",
        paper="1",
        least=1,
    )
    architecture_gradient: str = setting(
        FIRST_ORDER,
        "Gradient of alpha and beta, one of {choices}: of the loss as the weights are, or through "
        "a step of the weights on a batch of trainA (DARTS, equations 7 and 8), which takes two to "
        "three times as long.",
        paper="first",
        choices=(FIRST_ORDER, SECOND_ORDER),
    )
    sampled_paths: int = setting(
        0,
        "Paths drawn at each step of the weights and trained alone, beside the whole supernet, "
        "so that a path is evaluated alone as it was trained.",
        paper="0; the sandwich rule",
        least=0,
    )
    skip_dropout: float = setting(
        0.0,
        "Probability at the first step that the operation skip of an edge is dropped of a step; it "
        "falls to 0 at the last.",
        paper="0; P-DARTS",
        least=0,
        below=1,
    )
    auxiliary_skip: float = setting(
        0.0,
        "Weight at the first step of a skip beside the operations of each edge, which is no "
        "candidate; it falls to 0 at the last.",
        paper="0; DARTS-: 1",
        least=0,
    )

    def check_together(self) -> None:
        if self.end_learning_rate > self.base_learning_rate:
            raise UserError(
                f"Expected --end_learning_rate at or below --base_learning_rate="
                f"{self.base_learning_rate}, found {self.end_learning_rate}."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchConfig(RunConfig):
    """A whole search; the defaults are the paper's (Auto-DeepLab, section 5.1)."""

    data: DataConfig = DataConfig()
    supernet: SupernetConfig = SupernetConfig()
    optimization: SearchOptimization = SearchOptimization()
    decoding: DecodingConfig = DecodingConfig()
    hessian: HessianConfig = HessianConfig()
    epochs: int = setting(
        40, "Passes over trainA, half of the training split.", paper="40", least=1
    )
    architecture_start_epoch: int = setting(
        20, "Epochs that train the weights alone before alpha and beta move.", paper="20", least=0
    )
    operations_per_edge: tuple[int, ...] = setting(
        (),
        "Operations that are left on each edge after each of as many prunings, such as 5,3, as in "
        "P-DARTS, spread evenly over the epochs in which alpha moves; empty: all stay.",
        paper="all stay",
        least=1,
    )
    recompute: str = setting(
        "auto",
        "Whether nodes of the supernet compute again what their gradient needs, which takes "
        "longer, instead of keeping it: auto (those that do not fit --activation_memory_gib), "
        "always or never.",
        paper="not stated",
        choices=("auto", "always", "never"),
        free=True,
    )
    activation_memory_gib: float = setting(
        0.5,
        "GiB that the nodes may keep for the gradient on one replica, with --recompute=auto.",
        least=0,
        free=True,
    )

    @property
    def is_decoded_by_logits(self) -> bool:
        """Whether alpha or beta decide what is found."""
        by_beta = not self.supernet.fixed_path and self.decoding.path_decoding != EVALUATED
        return by_beta or self.decoding.operation_choice == ARGMAX

    def check_together(self) -> None:
        super().check_together()
        if self.architecture_start_epoch > self.epochs:
            raise UserError(
                f"Expected --architecture_start_epoch between 0 and --epochs={self.epochs}, found "
                f"{self.architecture_start_epoch}."
            )
        if self.optimization.sampled_paths and self.supernet.fixed_path:
            raise UserError(
                "Expected more than one path to draw from with --sampled_paths="
                f"{self.optimization.sampled_paths}, found --fixed_path="
                f"{','.join(map(str, self.supernet.fixed_path))}: leave one out."
            )
        for name in ("skip_dropout", "auxiliary_skip"):
            if getattr(self.optimization, name) and "skip" not in self.supernet.operations:
                raise UserError(
                    f"Expected skip among the --operations with --{name}, found "
                    f"{','.join(self.supernet.operations)}: add it or leave the flag out."
                )
        counts = (len(self.supernet.operations), *self.operations_per_edge)
        if any(after >= before for before, after in itertools.pairwise(counts)):
            raise UserError(
                f"Expected --operations_per_edge to fall, from fewer than the {counts[0]} "
                f"--operations, found {','.join(map(str, self.operations_per_edge))}."
            )
        by_logits_alone = (self.decoding.operation_choice, self.decoding.path_decoding)
        if self.hessian.early_stop and {PERTURBATION, EVALUATED} & set(by_logits_alone):
            raise UserError(
                "Expected a choice by alpha and beta with --early_stop, which returns that of an "
                f"earlier epoch, found --operation_choice={by_logits_alone[0]} and "
                f"--path_decoding={by_logits_alone[1]}: choose {ARGMAX}, and a path by beta."
            )
        moving = self.epochs - self.architecture_start_epoch
        if moving <= len(self.operations_per_edge) > 0:
            raise UserError(
                f"Expected at least {len(self.operations_per_edge) + 1} epochs after "
                f"--architecture_start_epoch, one for each stage of --operations_per_edge, found "
                f"{moving}."
            )
