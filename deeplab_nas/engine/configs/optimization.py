"""How the weights of a discrete network are trained, as one value."""

import dataclasses

# The value of `label_weights` that asks for them to be computed.
MEDIAN_FREQUENCY = "median_frequency"


@dataclasses.dataclass(frozen=True)
class OptimizationConfig:
    """The optimisation; names follow the official flags, defaults the paper (section 5.2).

    Attributes:
        training_number_of_steps: Optimizer steps of the whole training.
        learning_policy: `poly`, `step` or `cosine`.
        base_learning_rate: Learning rate at the end of the slow start.
        end_learning_rate: Last learning rate of `poly` and `cosine`.
        decay_steps: Steps until they have decayed; 0 for all after the slow start.
        learning_power: Of `poly`.
        learning_rate_decay_step: Steps between two drops of `step`.
        learning_rate_decay_factor: What each drop of `step` multiplies the rate by.
        slow_start_step: Steps before the policy begins.
        slow_start_learning_rate: Learning rate during them.
        slow_start_linear: Whether it rises to `base_learning_rate` during them.
        momentum: Of SGD.
        weight_decay: Factor of half the sum of the squared kernels that is added to the loss.
        last_layer_gradient_multiplier: Of the gradients of everything after the backbone.
        last_layers_contain_logits_only: Whether it is of the logits' alone.
        bias_gradient_multiplier: Of the gradients of biases.
        label_weights: Weight of each class in the loss, or `MEDIAN_FREQUENCY`; None for 1.
        top_k_percent_pixels: Share of the pixels, the hardest ones, that the loss is taken of.
        hard_example_mining_step: Steps during which this share falls from 1.
        gradient_accumulation_steps: Parts that a batch is seen in, one after the other; batch norm
            sees a part at a time.
    """

    training_number_of_steps: int = 1_500_000
    learning_policy: str = "poly"
    base_learning_rate: float = 0.05
    end_learning_rate: float = 0.0
    decay_steps: int = 0
    learning_power: float = 0.9
    learning_rate_decay_step: int = 2000
    learning_rate_decay_factor: float = 0.1
    slow_start_step: int = 0
    slow_start_learning_rate: float = 1e-4
    slow_start_linear: bool = False
    momentum: float = 0.9
    weight_decay: float = 4e-5
    last_layer_gradient_multiplier: float = 1.0
    last_layers_contain_logits_only: bool = False
    bias_gradient_multiplier: float = 2.0
    label_weights: tuple[float, ...] | str | None = None
    top_k_percent_pixels: float = 1.0
    hard_example_mining_step: int = 0
    gradient_accumulation_steps: int = 1
