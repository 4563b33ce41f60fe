"""What every program that builds shards lets its user choose."""

import dataclasses

from absl import flags as absl_flags

from deeplab_nas.errors import UserError


@dataclasses.dataclass(frozen=True)
class BuildOptions:
    """How to build; what is built depends on `skip_bad` alone.

    Attributes:
        num_workers: Threads that read, check and encode; 0 for one a core.
        skip_bad: Leave out examples that cannot be used instead of ending at the first.
        max_bad_share: Share of examples left out, in 0..1, above which a split is not finished.
    """

    num_workers: int = 0
    skip_bad: bool = False
    max_bad_share: float = 0.01


def define_flags() -> None:
    """Registers `--output_dir` and a flag a field of `BuildOptions`."""
    absl_flags.DEFINE_string("output_dir", None, "Folder of the shards, local or gs://.")
    absl_flags.DEFINE_integer(
        "num_workers",
        BuildOptions.num_workers,
        "Threads that read and check files; 0: one a core. The shards do not depend on it.",
        lower_bound=0,
    )
    absl_flags.DEFINE_bool(
        "skip_bad",
        BuildOptions.skip_bad,
        "Leave out images and labels that cannot be used, and list them, instead of ending.",
    )
    absl_flags.DEFINE_float(
        "max_bad_share",
        BuildOptions.max_bad_share,
        "With --skip_bad: share of a split in 0..1 that may be left out.",
        lower_bound=0.0,
        upper_bound=1.0,
    )
    absl_flags.mark_flag_as_required("output_dir")


def from_flags(values: absl_flags.FlagValues) -> BuildOptions:
    """Assembles the options from the parsed flags."""
    fields = dataclasses.fields(BuildOptions)
    return BuildOptions(**{field.name: values[field.name].value for field in fields})


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
