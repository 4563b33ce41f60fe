"""What the programs that build the splits of a published data set share."""

from collections.abc import Callable, Sequence

from absl import flags as absl_flags

from deeplab_nas.data import manifests
from deeplab_nas.errors import UserError
from tfrecords_tools import workers


def define_flags(root_flag: str, root_help: str, default_splits: Sequence[str]) -> None:
    """Registers the flags of such a program.

    Args:
        root_flag: Name of the flag of the raw data, such as `cityscapes_root`.
        root_help: What that folder holds.
        default_splits: Splits that are built unless others are asked for.
    """
    absl_flags.DEFINE_string(root_flag, None, root_help)
    absl_flags.DEFINE_string("output_dir", None, "Folder of the shards, local or gs://.")
    workers.define_flag()
    absl_flags.DEFINE_list("splits", list(default_splits), "Splits to build.")
    absl_flags.mark_flags_as_required([root_flag, "output_dir"])


def build(
    splits: Sequence[str],
    known: Sequence[str],
    build_split: Callable[[str], manifests.Manifest],
) -> tuple[manifests.Manifest, ...]:
    """Builds splits one after another.

    Args:
        splits: Names of the splits.
        known: Those that exist.
        build_split: Builds a split by its name.

    Returns:
        The manifests that were written.

    Raises:
        UserError: A split is unknown; nothing was built then.
    """
    unknown = [split for split in splits if split not in known]
    if unknown or not splits:
        raise UserError(
            f"Expected --splits to be some of {', '.join(known)}, found "
            f"{', '.join(unknown) or 'none'}."
        )
    return tuple(build_split(split) for split in splits)


def tell(built: Sequence[manifests.Manifest]) -> None:
    """Prints a line a split."""
    for manifest in built:
        print(f"{manifest.split}: {manifest.num_examples} examples")
