"""Everything that a table of trained architectures depends on, as one value."""

import dataclasses

from deeplab_nas.core import trellis
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.errors import UserError
from deeplab_nas.settings import setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class TableConfig(TrainConfig):
    """The training of each architecture, whose folder is the table's, and what is trained."""

    architectures: tuple[str, ...] = setting(
        (), "Names, or JSON files as a search writes them, of architectures in the table."
    )
    random: int = setting(0, "Architectures drawn by the seeds from 1 on.", least=0)
    num_layers: int = setting(5, "L of those that are drawn.", paper="12", least=1)
    num_blocks: int = setting(5, "B of those that are drawn.", paper="5", least=1)
    fixed_path: tuple[int, ...] = setting(
        (),
        "Level of each layer, such as 0,1,2, of the one path that all cells are trained on; empty: "
        "their own paths.",
        least=0,
        most=3,
    )
    all_paths: bool = setting(
        False, "Whether the cell of each of --architectures is trained on all paths of its length."
    )
    seeds: tuple[int, ...] = setting((), "Seeds of the training; empty: --seed.", least=0)
    repeats: int = setting(0, "Of the first so many, a row more by the next seed.", least=0)
    rungs: tuple[int, ...] = setting(
        (), "Steps of shorter trainings by the first seed, a row each.", least=1
    )
    keep_runs: bool = setting(False, "Whether the run directories stay when their row is written.")
    output: str = setting(
        "",
        "File of the whole table, with what each architecture costs and the scores of its "
        "untrained network; empty: none.",
        path=True,
    )

    def check_together(self) -> None:
        super().check_together()
        path = ",".join(map(str, self.fixed_path))
        if self.fixed_path and self.fixed_path not in trellis.paths(len(self.fixed_path)):
            raise UserError(
                "Expected --fixed_path to begin at level 0 or 1 and to move by at most one level a "
                f"layer, found {path}."
            )
        if self.fixed_path and self.all_paths:
            raise UserError(
                f"Expected one path or all with --fixed_path={path}, found --all_paths: leave one "
                "out."
            )
        whole = self.optimization.training_number_of_steps
        if any(steps >= whole for steps in self.rungs):
            raise UserError(
                f"Expected --rungs below --training_number_of_steps={whole}, found "
                f"{','.join(map(str, self.rungs))}."
            )
