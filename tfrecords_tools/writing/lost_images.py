"""Images of more than 8 bits of which 8 bits show next to nothing."""

from collections.abc import Sequence

from deeplab_nas.data import manifests
from deeplab_nas.data.brightness import ranges
from deeplab_nas.errors import UserError
from tfrecords_tools.writing import progress
from tfrecords_tools.writing.build_journal import FinishedShard

SHOWN = 3


def check(manifest: manifests.Manifest, finished: Sequence[FinishedShard]) -> None:
    """Names such images of a split on stderr.

    Args:
        manifest: Of the split.
        finished: Its shards.

    Raises:
        UserError: All images are such.
    """
    count = sum(shard.num_lost for shard in finished)
    if not count:
        return
    shown = [text for shard in finished for text in shard.lost][:SHOWN]
    found = (
        f"{count} of {manifest.num_examples} images of {manifest.split!r} that are one brightness "
        f"or all but black at 8 bits, by their numbers in the range "
        f"{ranges.shown(manifest.image_range or (0, 2**16 - 1))}, such as {', '.join(shown)}"
    )
    if count == manifest.num_examples:
        raise UserError(
            f"Expected images that can be seen, found {found}: give another --image_range to "
            "tfrecords_tools.build_folder, or scale them first."
        )
    progress.tell(f"Found {found}.")
