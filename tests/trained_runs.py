"""A small data set and a short training on it, for tests of what comes after."""

import pathlib

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.data.data_config import DataConfig
from deeplab_nas.engine.configs.decoding import DecodingConfig
from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.configs.train import TrainConfig
from tests.data import made_shards

# What a search is asked at its end has its own tests.
NOTHING_RATED = DecodingConfig(random_architectures=0)
ARCHITECTURE = nas_genotypes.Architecture(cell=(((0, "separable_3x3_1"), (1, "skip")),), path=(0,))


def make_shards(folder: pathlib.Path, num_train: int = 9) -> str:
    """Shards of the classes 0 to 3, which `shapes` allows: `num_train`, and 3 to evaluate."""
    for split, count in (("train", num_train), ("val", 3)):
        pairs = [made_shards.numbered_example(number) for number in range(count)]
        made_shards.write(folder, split, pairs)
    return str(folder)


def make_data(dataset_dir: str) -> DataConfig:
    """Batches of two small crops of what `make_shards` made."""
    return DataConfig(
        dataset="shapes",
        dataset_dir=dataset_dir,
        train_split="train",
        val_split="val",
        train_crop_size=(17, 17),
        train_batch_size=2,
        eval_batch_size=2,
    )


def make_config(dataset_dir: str, run_directory: pathlib.Path, **settings) -> TrainConfig:
    """Six steps of a one-cell network, evaluated every three; `settings` are of `TrainConfig`."""
    run_directory.parent.mkdir(parents=True, exist_ok=True)
    architecture = run_directory.parent / f"{run_directory.name}.json"
    ARCHITECTURE.save(architecture)
    defaults = {
        "data": make_data(dataset_dir),
        "network": NetworkConfig(str(architecture), filter_multiplier=2),
        "optimization": OptimizationConfig(training_number_of_steps=6),
        "batch_norm_decay": 0.5,
        "eval_interval_steps": 3,
        "log_steps": 2,
    }
    return TrainConfig(train_logdir=str(run_directory), **{**defaults, **settings})
