"""Everything that a search depends on, as one value."""

import dataclasses

from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.supernet.supernet_config import SupernetConfig


@dataclasses.dataclass(frozen=True)
class SearchConfig:
    """A whole search; the defaults are the paper's (Auto-DeepLab, section 5.1).

    Attributes:
        train_logdir: The run directory.
        data: What is read.
        supernet: What is searched.
        strategy: Where it runs: cpu, gpu, mirrored, multi_worker or tpu.
        num_gpus: GPUs that `mirrored` uses; 0 uses all of them.
        logical_cpus: Replicas that `mirrored` makes on the CPU instead; 0 makes none.
        tpu: TPU name, `local` or a grpc address, for the strategy `tpu`.
        seed: Seed of the initialisation, the halves, the order of the data and the augmentation.
        epochs: Passes over trainA.
        architecture_start_epoch: Epochs that train the weights alone before alpha and beta move.
        base_learning_rate: First learning rate of the weights.
        end_learning_rate: Last learning rate of the weights, reached along a cosine.
        momentum: Momentum of the weights' SGD.
        weight_decay: L2 of the weights, added to the gradient.
        clip_gradient_norm: Global norm at which the weights' gradient is clipped; 0 does not clip.
        architecture_learning_rate: Adam's learning rate for alpha and beta.
        architecture_weight_decay: L2 of alpha and beta, added to the gradient.
        mixed_precision: float32, bfloat16 or float16, with a scaled loss; what convolutions compute
            in.
        recompute: Whether nodes of the supernet compute again what their gradient needs instead of
            keeping it: auto, always or never.
        activation_memory_gib: With auto, what the nodes may keep on one replica, in GiB; those
            that do not fit are recomputed.
        steps_per_loop: Weight steps between two looks of the host.
        xla: Whether XLA compiles a step whole, on one replica; a TPU always does.
        log_steps: Weight steps between two history lines.
        keep_checkpoints: How many of the newest checkpoints are kept.
        save_interval_secs: Longest time without a checkpoint inside an epoch, in seconds.
        deterministic: Whether the run, killed and started again or not, ends with the same bits on
            one machine; takes longer.
        skip_bad_records: Records that cannot be used and are passed over before the run ends.
        debug_numerics: Whether the first operation with a number that is not finite ends the run
            and is named; takes much longer.
    """

    train_logdir: str
    data: DataConfig = DataConfig()
    supernet: SupernetConfig = SupernetConfig()
    strategy: str = "cpu"
    num_gpus: int = 0
    logical_cpus: int = 0
    tpu: str = ""
    seed: int = 1
    epochs: int = 40
    architecture_start_epoch: int = 20
    base_learning_rate: float = 0.025
    end_learning_rate: float = 0.001
    momentum: float = 0.9
    weight_decay: float = 3e-4
    clip_gradient_norm: float = 5.0
    architecture_learning_rate: float = 0.003
    architecture_weight_decay: float = 1e-3
    mixed_precision: str = "float32"
    recompute: str = "auto"
    activation_memory_gib: float = 0.5
    steps_per_loop: int = 1
    xla: bool = False
    log_steps: int = 10
    keep_checkpoints: int = 3
    save_interval_secs: float = 1200.0
    deterministic: bool = False
    skip_bad_records: int = 0
    debug_numerics: bool = False
