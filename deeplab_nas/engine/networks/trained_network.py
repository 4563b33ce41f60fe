"""A trained network as its run directory holds it."""

import posixpath
from typing import NamedTuple

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.segmenter import Segmenter
from deeplab_nas.data import datasets
from deeplab_nas.data.data_config import ResizeConfig
from deeplab_nas.data.datasets import DatasetDescriptor
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.engine.networks import networks, weights
from deeplab_nas.engine.runs.run_directory import RunDirectory
from deeplab_nas.errors import UserError
from deeplab_nas.files import untrusted_json
from deeplab_nas.files.json_field import shown
from deeplab_nas.settings import from_record, record

_MAX_BYTES = 2**20


class TrainedNetwork(NamedTuple):
    """A network with its weights, and where they come from.

    Attributes:
        model: The network, without dropout and drop path.
        descriptor: The data set that it was trained on.
        run: Its run directory.
        settings: Settings of the training by flag name.
        resize: What came before everything else when it was trained and evaluated.
        checkpoint: Prefix of the checkpoint.
        step: Optimizer steps until then.
    """

    model: Segmenter
    descriptor: DatasetDescriptor
    run: RunDirectory
    settings: dict
    resize: ResizeConfig
    checkpoint: str
    step: int


def load(checkpoint: str, mixed_precision: str = "float32") -> TrainedNetwork:
    """Builds the network of a training and loads its weights.

    Args:
        checkpoint: Run directory of a training, or a checkpoint in it; see `weights.find`.
        mixed_precision: One of `precision.PRECISIONS`.

    Returns:
        The network.

    Raises:
        UserError: There is no such training, or its files do not belong together.
    """
    prefix = weights.find(checkpoint)
    run = RunDirectory(posixpath.dirname(posixpath.dirname(prefix)) or ".")
    config = _config(run)
    advice = "give the --train_logdir of a training"
    descriptor = datasets.from_document(untrusted_json.load(run.dataset_path, _MAX_BYTES, advice))
    architecture = nas_genotypes.load(run.architecture_path)
    _check_architecture(architecture, config, run)
    with weights.no_larger_than(prefix):
        model = networks.build(
            config.network, architecture, descriptor.num_classes, mixed_precision
        )
    weights.load(model, prefix)
    settings = record(config)
    resize = from_record(ResizeConfig, settings)
    return TrainedNetwork(model, descriptor, run, settings, resize, prefix, weights.step(prefix))


def _config(run):
    if "architecture" not in run.settings():
        raise UserError(
            f"Expected the settings of a training in {run.flags_path}, found no architecture: a "
            "search has no network yet; train what it found and give that --train_logdir."
        )
    # The architecture lies beside them, and with it the stride of its path.
    return run.checked_settings(TrainConfig, output_stride=None)


def _check_architecture(architecture, config, run):
    recorded = config.network.architecture
    # Runs of before it was recorded whole have a name there.
    if recorded.startswith("path ") and recorded != str(architecture):
        raise UserError(
            f"Expected the architecture in {run.architecture_path} to be the one in "
            f"{run.flags_path}, {shown(recorded)}, found {shown(str(architecture))}: restore the "
            "files of the training."
        )
