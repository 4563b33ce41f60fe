"""How the weights of a discrete network are trained, as one value."""

import dataclasses

from deeplab_nas.engine.steps.schedules import POLICIES
from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, setting

# The value of `label_weights` that asks for them to be computed.
MEDIAN_FREQUENCY = "median_frequency"


@dataclasses.dataclass(frozen=True)
class OptimizationConfig(Settings):
    """The optimisation; names follow the official flags, defaults the paper (section 5.2)."""

    training_number_of_steps: int = setting(
        1_500_000,
        "Optimizer steps of the whole training.",
        paper="1500000; ADE20K 4000000",
        least=1,
    )
    learning_policy: str = setting("poly", "One of {choices}.", paper="poly", choices=POLICIES)
    base_learning_rate: float = setting(
        0.05, "Learning rate at the end of the slow start.", paper="0.05", above=0
    )
    end_learning_rate: float = setting(
        0.0, "Last learning rate of poly and cosine.", official="0", least=0
    )
    decay_steps: int = setting(
        0,
        "Steps until poly and cosine have decayed; 0: all after the slow start.",
        official="0",
        least=0,
    )
    learning_power: float = setting(0.9, "Power of poly.", official="0.9", above=0)
    learning_rate_decay_step: int = setting(
        2000, "Steps between two drops of the policy step.", official="2000", least=1
    )
    learning_rate_decay_factor: float = setting(
        0.1, "What each drop of the policy step multiplies the rate by.", official="0.1", above=0
    )
    slow_start_step: int = setting(0, "Steps before the policy begins.", official="0", least=0)
    slow_start_learning_rate: float = setting(
        1e-4, "Learning rate during these steps.", official="1e-4", least=0
    )
    slow_start_linear: bool = setting(
        False, "Whether it rises to --base_learning_rate during them.", official="no"
    )
    momentum: float = setting(0.9, "Momentum of SGD.", official="0.9", least=0, below=1)
    weight_decay: float = setting(
        4e-5,
        "Factor of half the sum of the squared kernels that is added to the loss.",
        official="4e-5",
        least=0,
    )
    last_layer_gradient_multiplier: float = setting(
        1.0, "Multiplier for the gradients of ASPP, decoder and logits.", official="1", least=0
    )
    last_layers_contain_logits_only: bool = setting(
        False, "Whether the last layers are the logits alone.", official="no"
    )
    bias_gradient_multiplier: float = setting(
        2.0, "Multiplier for the gradients of biases.", official="2", least=0
    )
    label_weights: tuple[float, ...] | str | None = setting(
        None,
        "Weight of each class in the loss, a number a class, or median_frequency: by the training "
        "split; unset: 1.",
        official="unset",
        choices=(MEDIAN_FREQUENCY,),
        least=0,
    )
    top_k_percent_pixels: float = setting(
        1.0,
        "Share of the pixels, from 0 to 1, that the loss is taken of, the hardest ones.",
        official="1",
        above=0,
        most=1,
    )
    hard_example_mining_step: int = setting(
        0, "Steps during which this share falls from 1.", official="0", least=0
    )
    gradient_accumulation_steps: int = setting(
        1,
        "Parts that the batch of a replica is seen in, one after the other, to save memory; batch "
        "norm sees a part at a time.",
        paper="not stated",
        least=1,
    )

    def check_together(self) -> None:
        if self.slow_start_step >= self.training_number_of_steps:
            raise UserError(
                f"Expected --slow_start_step below --training_number_of_steps="
                f"{self.training_number_of_steps}, found {self.slow_start_step}."
            )
