"""Everything that the training of a discrete network depends on, as one value."""

import dataclasses

from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.engine.configs.optimization import OptimizationConfig


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """A whole training; the defaults are the paper's on Cityscapes (Auto-DeepLab, section 5.2).

    Attributes:
        train_logdir: The run directory.
        data: What is read.
        network: What is trained.
        optimization: How.
        strategy: Where it runs: cpu, gpu, mirrored, multi_worker or tpu.
        num_gpus: GPUs that `mirrored` uses; 0 uses all of them.
        logical_cpus: Replicas that `mirrored` makes on the CPU instead; 0 makes none.
        tpu: TPU name, `local` or a grpc address, for the strategy `tpu`.
        seed: Seed of the initialisation, the order of the data, the augmentation, dropout and drop
            path.
        initial_checkpoint: Run directory, one checkpoint, or a checkpoint of the official code to
            begin with; empty begins with random weights.
        initialize_last_layer: Whether ASPP, decoder and logits are taken from it as well; with
            `last_layers_contain_logits_only`, whether the logits are.
        fine_tune_batch_norm: Whether batch norm is trained, over all replicas together. Without it
            the moving statistics of the initial checkpoint stay, and there is no drop path.
        batch_norm_decay: Of the moving statistics.
        drop_path_keep_prob: Of a branch of the last cell at the end of training; 1 is off.
        mixed_precision: float32, bfloat16 or float16.
        moving_average_decay: Of the average of the weights that is evaluated and served in their
            place; 0 keeps none.
        steps_per_loop: Optimizer steps between two looks of the host.
        eval_interval_steps: Steps between two evaluations on `val_split`; the last step ends in one
            in any case, and 0 leaves out all others.
        xla: Whether XLA compiles a step whole, on one replica; a TPU always does.
        log_steps: Steps between two history lines.
        keep_checkpoints: How many of the newest checkpoints are kept.
        save_interval_secs: Longest time without a checkpoint, in seconds.
        deterministic: Whether the run, killed and started again or not, ends with the same bits on
            one machine; takes longer.
        skip_bad_records: Records that cannot be used and are passed over before the run ends.
        debug_numerics: Whether the first operation with a number that is not finite ends the run
            and is named; takes much longer.
    """

    train_logdir: str
    data: DataConfig = DataConfig(train_crop_size=(769, 769), train_batch_size=8)
    network: NetworkConfig = NetworkConfig()
    optimization: OptimizationConfig = OptimizationConfig()
    strategy: str = "cpu"
    num_gpus: int = 0
    logical_cpus: int = 0
    tpu: str = ""
    seed: int = 1
    initial_checkpoint: str = ""
    initialize_last_layer: bool = True
    fine_tune_batch_norm: bool = True
    batch_norm_decay: float = 0.9997
    drop_path_keep_prob: float = 1.0
    mixed_precision: str = "float32"
    moving_average_decay: float = 0.0
    steps_per_loop: int = 1
    eval_interval_steps: int = 10_000
    xla: bool = False
    log_steps: int = 10
    keep_checkpoints: int = 3
    save_interval_secs: float = 1200.0
    deterministic: bool = False
    skip_bad_records: int = 0
    debug_numerics: bool = False
