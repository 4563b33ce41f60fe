"""What every program that builds shards lets its user choose."""

import dataclasses

from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, required, setting


@dataclasses.dataclass(frozen=True)
class BuildOptions(Settings):
    """How to build; what is built depends on `skip_bad` alone."""

    num_workers: int = setting(
        0,
        "Threads that read and check files; 0: one a core. The shards do not depend on it.",
        least=0,
    )
    skip_bad: bool = setting(
        False, "Leave out images and labels that cannot be used, and list them, instead of ending."
    )
    max_bad_share: float = setting(
        0.01, "With --skip_bad: share of a split in 0..1 that may be left out.", least=0, most=1
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class BuildConfig(Settings):
    """Where a program that builds shards writes them, and how."""

    output_dir: str = required(
        "Folder of the shards, local or gs://.", example="tfrecords/first", path=True
    )
    options: BuildOptions = BuildOptions()


class BadExamples:
    """Sentences about examples that cannot be used: the first ends the build, or all are kept."""

    def __init__(self, skip: bool):
        self._skip = skip
        self.sentences: list[str] = []

    def add(self, sentence: str) -> None:
        """Keeps a sentence.

        Raises:
            UserError: Bad examples are not skipped.
        """
        if not self._skip:
            raise UserError(sentence)
        self.sentences.append(sentence)
