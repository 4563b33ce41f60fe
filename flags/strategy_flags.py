"""Flags that say where a program computes."""

from flags import checks

from absl import flags

from deeplab_nas.engine.configs.search import SearchConfig

STRATEGIES = ("cpu", "gpu", "mirrored", "multi_worker", "tpu")


def define() -> None:
    """Defines `--strategy`, `--num_gpus`, `--logical_cpus`, `--tpu` and `--threads`."""
    flags.DEFINE_string(
        "strategy",
        SearchConfig.strategy,
        f"Where to compute: {', '.join(STRATEGIES)}. Paper: one P100 GPU (gpu).",
    )
    flags.DEFINE_integer(
        "num_gpus", SearchConfig.num_gpus, "GPUs that the strategy mirrored uses; 0: all of them."
    )
    flags.DEFINE_integer(
        "logical_cpus",
        SearchConfig.logical_cpus,
        "Replicas that the strategy mirrored makes on the CPU instead of GPUs, which share its "
        "cores: to try several replicas, not to be faster. 0: none.",
    )
    flags.DEFINE_string(
        "tpu", SearchConfig.tpu, "TPU of the strategy tpu: a name, local or a grpc address."
    )
    flags.DEFINE_integer("threads", 0, "CPU operations at a time; 0: as many as there are cores.")


def check(flags_obj: flags.FlagValues) -> None:
    """Raises `UserError` for a value that no machine can satisfy."""
    checks.one_of("strategy", flags_obj.strategy, STRATEGIES)
    checks.at_least("num_gpus", flags_obj.num_gpus, 0)
    checks.at_least("logical_cpus", flags_obj.logical_cpus, 0)
    checks.at_least("threads", flags_obj.threads, 0)
