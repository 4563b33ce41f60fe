"""Everything that an evaluation depends on, as one value."""

import dataclasses

from deeplab_nas.engine.configs.inference import InferenceConfig


@dataclasses.dataclass(frozen=True)
class EvaluateConfig:
    """An evaluation of a trained network on a split.

    Attributes:
        checkpoint: Run directory of a training (its best weights, else its newest), or one
            checkpoint in it.
        eval_logdir: Folder of what is written; empty for the run directory.
        dataset: Name of the data set; empty for the one of the training.
        dataset_dir: Folder of its shards; empty for the one of the training.
        eval_split: Split; empty for the validation split of the training.
        eval_batch_size: Images a batch over all replicas, where all have one size.
        inference: How images are seen.
        mixed_precision: float32, bfloat16 or float16.
        save_predictions: Whether to write a label map for each image, with the ids and names that
            the data set's evaluation server takes.
        strategy: Where it runs: cpu, gpu, mirrored, multi_worker or tpu.
        num_gpus: GPUs that `mirrored` uses; 0 uses all of them.
        logical_cpus: Replicas that `mirrored` makes on the CPU instead; 0 makes none.
        tpu: TPU name, `local` or a grpc address, for the strategy `tpu`.
    """

    checkpoint: str
    eval_logdir: str = ""
    dataset: str = ""
    dataset_dir: str = ""
    eval_split: str = ""
    eval_batch_size: int = 1
    inference: InferenceConfig = InferenceConfig()
    mixed_precision: str = "float32"
    save_predictions: bool = False
    strategy: str = "cpu"
    num_gpus: int = 0
    logical_cpus: int = 0
    tpu: str = ""
