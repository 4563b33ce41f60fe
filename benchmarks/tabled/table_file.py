"""The file of a table: made of its rows, and, on another machine, its rows made of it."""

from collections.abc import Sequence

import tensorflow as tf

from benchmarks.tabled.table_config import TableConfig
from deeplab_nas import settings
from deeplab_nas.data import pipeline
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.errors import UserError
from deeplab_nas.selection.board import results
from deeplab_nas.selection.evidence import trained_table
from deeplab_nas.selection.evidence.trained_table import TrainedArchitecture, TrainedTable, Training
from deeplab_nas.selection.pool.pool_costs import PoolCosts
from deeplab_nas.selection.trainings.training_rows import Row, TrainingRows

_RECIPE = "training"
# Of a training: its own in each row, or where things lie on this machine.
_NO_RECIPE = {"train_logdir", "dataset_dir", "architecture", "seed"}


def write(config: TableConfig, planned: Sequence[Row], trainings: TrainingRows) -> None:
    """Writes the rows that are there as one file, with what each architecture costs; of none, none.

    Args:
        config: The table, which has an `output`.
        planned: Its rows.
        trainings: Where they lie.

    Raises:
        UserError: The file cannot be written.
    """
    documents = [(row, trainings.document(row)) for row in planned]
    by_candidate: dict[str, list[tuple[Row, dict]]] = {}
    for row, document in documents:
        if document:
            by_candidate.setdefault(row.candidate, []).append((row, document))
    if not by_candidate:
        # Other programs train all of them.
        return
    train, _ = pipeline.splits(config.data)
    architectures = {name: some[0][0].architecture for name, some in by_candidate.items()}
    costs = PoolCosts(config, train, config.train_logdir, scored=True).of(architectures)
    rows = tuple(
        TrainedArchitecture(
            name=name,
            architecture=architectures[name],
            multiply_adds=costs[name].multiply_adds,
            parameters=costs[name].parameters,
            activation_bytes=costs[name].activation_bytes,
            scores=results.scores(costs[name]),
            trainings=tuple(_training(document) for _, document in some),
        )
        for name, some in by_candidate.items()
    )
    TrainedTable(_about(config), rows).save(config.output)


def take_over(config: TableConfig, planned: Sequence[Row], trainings: TrainingRows) -> int:
    """Makes the rows that the file has and the folder has not; returns how many these are.

    Args:
        config: The table.
        planned: Its rows.
        trainings: Where they lie.

    Raises:
        UserError: The file is of another data set or training, or an architecture of it is another
            one here.
    """
    if not (config.output and tf.io.gfile.exists(config.output)):
        return 0
    table = trained_table.load(config.output)
    here = _about(config)
    for name in (*here, *table.about):
        if here.get(name) != table.about.get(name):
            raise UserError(
                f"Expected a table of the same {name} in --output={config.output}, found "
                f"{table.about.get(name)} there and {here.get(name)} here: name another file."
            )
    known = {row.name: row for row in table.architectures}
    taken = 0
    for row in planned:
        there = known.get(row.candidate)
        if there is None:
            continue
        if there.architecture != row.architecture:
            raise UserError(
                f"Expected {row.candidate} of --output={config.output} to be the architecture of "
                "that name here, found another one: name another file."
            )
        for one in there.trainings:
            if (one.seed, one.steps) == (row.seed, row.steps) and not trainings.document(row):
                trainings.put(row, one.miou, one.class_iou, one.seconds)
                taken += 1
    return taken


def _training(document):
    names = ("seed", "steps", "miou", "class_iou", "seconds")
    return Training(**{name: document[name] for name in names})


def _about(config):
    return {
        "data set": config.data.dataset,
        "split": config.data.val_split,
        _RECIPE: _recipe(config),
    }


def _recipe(config):
    """The settings of the training that are not their defaults, as flags."""
    names = {field.name for field in settings.leaves(TrainConfig) if not field.setting.free}
    defaults = settings.defaults(TrainConfig)
    return " ".join(
        f"--{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in settings.record(config).items()
        if name in names - _NO_RECIPE and value != defaults.get(name)
    )
