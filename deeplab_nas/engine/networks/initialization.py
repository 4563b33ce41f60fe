"""What the weights of a training begin with (official `train_utils.get_model_init_fn`)."""

from deeplab_nas.core import official_checkpoint
from deeplab_nas.engine.networks import weights
from deeplab_nas.errors import UserError

_FLAGS = "give the flags of the network that was trained"
_BACKBONE = "to keep its backbone only, --initialize_last_layer=false"


def initialize(model, config):
    """Loads `--initial_checkpoint` into a network, if there is one.

    Args:
        model: `Segmenter`, built.
        config: `TrainConfig`.

    Returns:
        A line on what was loaded, or None.

    Raises:
        UserError: The checkpoint cannot be read or is of another network, or batch norm would be
            frozen at random weights.
    """
    if not config.initial_checkpoint:
        if not config.fine_tune_batch_norm:
            raise UserError(
                "Expected --initial_checkpoint with --fine_tune_batch_norm=false, found none: with "
                "batch norm frozen at random weights a network never learns; give a checkpoint, or "
                "train batch norm."
            )
        return None
    without = ()
    if not config.initialize_last_layer:
        without = model.last_layers(config.optimization.last_layers_contain_logits_only)
    prefix = weights.find(config.initial_checkpoint)
    if weights.is_ours(prefix):
        weights.load(model, prefix, without, _FLAGS if without else f"{_FLAGS}, or, {_BACKBONE}")
        return f"Began with the weights of {prefix}."
    report = official_checkpoint.load(model, prefix, without=without)
    return f"Began with the official weights of {prefix}: {report}."
