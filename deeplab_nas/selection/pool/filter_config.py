"""Whether candidates are filtered by a score of untrained networks, as one value."""

import dataclasses

from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, setting

SCORES = ("naswot", "jacob_cov")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FilterConfig(Settings):
    """A filter, or none."""

    filter_score: str = setting(
        "",
        "Score of untrained networks, computed on images alone, by which candidates are left out "
        "before any is trained: {choices}. It has to have passed its gate on --filter_table_path. "
        "Empty: none.",
        choices=SCORES,
    )
    filter_one_of: int = setting(3, "Of so many candidates one is kept.", least=2)
    filter_table_path: str = setting(
        "",
        "Table of networks that were trained on this data, as benchmarks.table writes it, by which "
        "the score is judged.",
        path=True,
        free=True,
    )

    def check_together(self) -> None:
        if bool(self.filter_score) != bool(self.filter_table_path):
            raise UserError(
                "Expected --filter_score and the --filter_table_path that it is judged by, found "
                "one of them: give both."
            )
