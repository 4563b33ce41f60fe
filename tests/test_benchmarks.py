"""The programs whose numbers stand in the documents: what they count, and that they run."""

import dataclasses
import json
import pathlib
import shutil

import filelock
import pytest

from benchmarks import table as tables
from benchmarks.tabled.table_config import TableConfig
from deeplab_nas.core import nas_genotypes, random_architecture, trellis
from deeplab_nas.engine import search_loop
from deeplab_nas.engine.configs.decoding import EVALUATED, DecodingConfig
from deeplab_nas.engine.configs.optimization import OptimizationConfig
from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.selection.evidence import trained_table
from deeplab_nas.selection.pool import candidate_costs
from deeplab_nas.selection.pool.candidate_costs import Costs
from deeplab_nas.selection.trainings import short_training
from deeplab_nas.supernet.supernet_config import SupernetConfig
from tests import programs, refusals, trained_runs

CELL = (((0, "skip"), (1, "atrous_3x3")),)


def written_row(folder, name, path, miou):
    (folder / name).mkdir(parents=True)
    row = {"name": name, "seed": 1, "miou": miou, "seconds": 1.0, "path": path, "cell": CELL}
    (folder / name / "row.json").write_text(json.dumps(row))


def told(ended):
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_a_percentile_is_the_share_of_the_others_that_are_worse(tmp_path):
    table = tmp_path / "table"
    # The find has 0.5: of the four others two are worse and one is equal.
    for number, (path, miou) in enumerate(
        [((0, 0), 0.5), ((0, 1), 0.1), ((1, 0), 0.5), ((1, 1), 0.9), ((1, 2), 0.2)]
    ):
        written_row(table, f"random_{number}", path, miou)
    found = nas_genotypes.Architecture(cell=CELL, path=(0, 0))
    found.save(tmp_path / "found.json")
    for by_path in ("--by_path", "--noby_path"):
        summary = told(
            programs.run(
                "benchmarks.search_percentile",
                *(f"--table={table}", f"--found={tmp_path / 'found.json'}", by_path),
            )
        )
        assert summary["percentile"] == 2.5 / 4
        assert (summary["mean_level"], summary["finds"][0]["miou"]) == (0.0, 0.5)


def test_a_find_without_a_row_is_refused(tmp_path):
    written_row(tmp_path / "table", "random_1", (0, 0), 0.5)
    nas_genotypes.Architecture(cell=CELL, path=(0, 1)).save(tmp_path / "found.json")
    ended = programs.run(
        "benchmarks.search_percentile",
        *(f"--table={tmp_path / 'table'}", f"--found={tmp_path / 'found.json'}"),
    )
    refusals.assert_program_refused(ended, "a row of what", "found.json", "found none: train it")


def test_a_table_without_rows_is_refused(tmp_path):
    ended = programs.run(
        "benchmarks.search_percentile", f"--table={tmp_path}", "--found=found.json"
    )
    refusals.assert_program_refused(ended, "a table with rows", "found none: make it")


def test_a_table_trains_what_has_no_row_yet(tmp_path, monkeypatch):
    """All paths of a cell, in trainings that are made up."""
    nas_genotypes.Architecture(cell=CELL, path=(0, 0)).save(tmp_path / "cell.json")
    trained = []

    def train(config, folder, _=False):
        path = nas_genotypes.load(config.network.architecture).path
        trained.append(path)
        assert pathlib.Path(config.train_logdir).parent == folder
        pathlib.Path(config.train_logdir).mkdir()
        return short_training.Result({"miou": sum(path) / 10, "class_iou": {"disc": 0.5}}, 1.0)

    monkeypatch.setattr(short_training, "run", train)
    config = TableConfig(
        train_logdir=str(tmp_path / "table"),
        architectures=(str(tmp_path / "cell.json"),),
        all_paths=True,
    )
    (tmp_path / "table" / "cell-11-seed1").mkdir(parents=True)
    done = {"miou": 0.25}
    (tmp_path / "table" / "cell-11-seed1" / "row.json").write_text(json.dumps(done))
    tables.main(config)
    assert trained == [path for path in trellis.paths(2) if path != (1, 1)]
    rows = [json.loads(p.read_text()) for p in sorted((tmp_path / "table").glob("*/row.json"))]
    assert [row["miou"] for row in rows] == [0.0, 0.1, 0.1, 0.25, 0.3]
    tables.main(config)
    assert len(trained) == 4
    # Of a row alone nothing but the row stays.
    assert not list((tmp_path / "table").glob("*/run"))
    drawn = dataclasses.replace(config, all_paths=False, fixed_path=(1, 2), random=1)
    tables.main(drawn)
    assert trained[4:] == [(1, 2)]
    one = nas_genotypes.load(tmp_path / "table" / "random_1-12-seed1" / "architecture.json")
    assert one.cell == random_architecture.draw(1, 5, 5).cell


def test_a_table_has_shorter_trainings_and_the_first_ones_by_another_seed(tmp_path, monkeypatch):
    trained = []

    def train(config, folder, _=False):
        steps = config.optimization.training_number_of_steps
        trained.append((config.seed, steps, config.optimization.slow_start_step))
        return short_training.Result({"miou": steps / 100, "class_iou": {}}, 1.0)

    monkeypatch.setattr(short_training, "run", train)
    optimization = OptimizationConfig(training_number_of_steps=40, slow_start_step=10)
    config = TableConfig(
        train_logdir=str(tmp_path), random=2, repeats=1, rungs=(20,), optimization=optimization
    )
    tables.main(config)
    assert trained == [(1, 40, 10), (2, 40, 10), (1, 20, 5), (1, 40, 10), (1, 20, 5)]
    told = {row["name"]: (row["steps"], row["miou"]) for row in tables.rows(str(tmp_path))}
    assert told == {
        "random_1-seed1": (40, 0.4),
        "random_1-seed2": (40, 0.4),
        "random_1-seed1-steps20": (20, 0.2),
        "random_2-seed1": (40, 0.4),
        "random_2-seed1-steps20": (20, 0.2),
    }
    with refusals.refused("--rungs", "below --training_number_of_steps=40", "20,40"):
        dataclasses.replace(config, rungs=(20, 40))


def test_a_whole_table_has_costs_and_scores(shards, tmp_path, monkeypatch):
    def train(config, folder, _=False):
        steps = config.optimization.training_number_of_steps
        return short_training.Result({"miou": steps / 100, "class_iou": {"disc": 0.5}}, 1.5)

    def measure(architectures, asked, cache):
        assert asked.images.shape == (16, 17, 17, 3)
        costs = [len(each.path) + sum(each.path) for each in architectures]
        return [Costs(cost, 10, 100, naswot=-1.5, jacob_cov=2.5) for cost in costs]

    monkeypatch.setattr(short_training, "run", train)
    monkeypatch.setattr(candidate_costs, "measure", measure)
    config = TableConfig(
        train_logdir=str(tmp_path / "table"),
        data=trained_runs.make_data(shards),
        random=2,
        repeats=1,
        rungs=(20,),
        optimization=OptimizationConfig(training_number_of_steps=40),
        output=str(tmp_path / "table.json"),
    )
    tables.main(config)
    table = trained_table.load(tmp_path / "table.json")
    assert table.mious() == {"random_1": 0.4, "random_2": 0.4}
    assert table.mious(20) == {"random_1": 0.2, "random_2": 0.2}
    assert list(table.repeats()) == ["random_1"]
    for row in table.architectures:
        assert row.multiply_adds == len(row.architecture.path) + sum(row.architecture.path)
        assert row.scores == {"naswot": -1.5, "jacob_cov": 2.5}
        assert row.trainings[0].seconds == 1.5 and row.trainings[0].class_iou == {"disc": 0.5}


def test_a_table_goes_on_from_its_file(shards, tmp_path, monkeypatch):
    trained = []

    def train(config, folder, _=False):
        trained.append(folder.name)
        return short_training.Result({"miou": 0.25, "class_iou": {"disc": 0.5}}, 1.5)

    def measure(architectures, asked, cache):
        return [Costs(1, 10, 100, naswot=-1.5, jacob_cov=2.5) for _ in architectures]

    monkeypatch.setattr(short_training, "run", train)
    monkeypatch.setattr(candidate_costs, "measure", measure)
    config = TableConfig(
        train_logdir=str(tmp_path / "here"),
        data=trained_runs.make_data(shards),
        random=2,
        optimization=OptimizationConfig(training_number_of_steps=40),
        output=str(tmp_path / "table.json"),
    )
    tables.main(config)
    before = trained_table.load(config.output)
    there = dataclasses.replace(config, train_logdir=str(tmp_path / "there"), random=3)
    tables.main(there)
    assert trained == ["random_1-seed1", "random_2-seed1", "random_3-seed1"]
    after = trained_table.load(config.output)
    assert after.architectures[:2] == before.architectures and len(after.architectures) == 3
    assert tables.rows(str(tmp_path / "there"))[0] == tables.rows(str(tmp_path / "here"))[0]
    assert "--training_number_of_steps=40" in after.about["training"]
    shorter = dataclasses.replace(there, optimization=OptimizationConfig(slow_start_step=3))
    with refusals.refused("the same training in --output=", "--slow_start_step=3 here"):
        tables.main(shorter)
    other = random_architecture.draw(9, 5, 5)
    monkeypatch.setattr(random_architecture, "draw", lambda *_: other)
    with refusals.refused("random_1 of --output=", "found another one"):
        tables.main(there)


def test_a_table_of_rows_that_others_train_is_not_written(shards, tmp_path):
    config = TableConfig(
        train_logdir=str(tmp_path / "table"),
        data=trained_runs.make_data(shards),
        random=1,
        output=str(tmp_path / "table.json"),
    )
    folder = tmp_path / "table" / "random_1-seed1"
    folder.mkdir(parents=True)
    with (
        filelock.FileLock(folder / ".table_lock"),
        refusals.refused("Expected a table with rows", "found none"),
    ):
        tables.main(config)
    assert not (tmp_path / "table.json").exists()


def test_a_table_refuses_a_path_that_there_is_not_and_one_beside_all():
    def make(path, **how):
        TableConfig(train_logdir="table", fixed_path=path, **how)

    with refusals.refused("--fixed_path", "at most one level", "0,2"):
        make((0, 2))
    with refusals.refused("--fixed_path=0,1", "--all_paths", "leave one out"):
        make((0, 1), all_paths=True)


@pytest.mark.slow
def test_candidates_are_measured_and_put_through_the_band(shards, tmp_path):
    given = [f"--train_logdir={tmp_path}", f"--dataset_dir={shards}", "--train_crop_size=17"]
    given += ["--dataset=shapes", "--train_split=train", "--val_split=val", "--filter_multiplier=2"]
    given += ["--random=3", "--num_layers=1", "--num_blocks=1", "--train_batch_size=2"]
    record = told(programs.run("benchmarks.candidates", *given))
    assert (record["candidates"], record["kept"]) == (3, 3)
    one = "--band=parameters", "--band_share=0.001", "--band_middle_path=auto_deeplab"
    with pytest.raises(AssertionError, match="Expected candidates with parameters"):
        told(programs.run("benchmarks.candidates", *given, *one))


@pytest.mark.slow
def test_the_arithmetic_of_replicas_runs():
    speeds = ("--search_step_seconds=2", "--train_step_seconds=1")
    network = ("--gb_per_second=10", "--latency_microseconds=20")
    record = told(programs.run("benchmarks.scaling", *speeds, *network))
    assert record["search"]["step_seconds"] == 2.0
    # Alpha and beta, 20 x 8 and 12 x 4 x 3, and the weights, in float32.
    assert record["search"]["gradient_bytes"] % 4 == 0


@pytest.mark.slow
def test_a_supernet_ranks_a_table_by_its_own_loss(tmp_path):
    shards = trained_runs.make_shards(tmp_path / "shards")
    config = SearchConfig(
        train_logdir=str(tmp_path / "run"),
        data=trained_runs.make_data(shards),
        supernet=SupernetConfig(num_layers=2, num_blocks=1, filter_multiplier=2),
        epochs=1,
        architecture_start_epoch=1,
        decoding=DecodingConfig(EVALUATED, path_beam=5, decoding_batches=2, random_architectures=0),
    )
    (record,) = search_loop.run(config)
    # Of all five paths, the best one is trained best.
    for number, path in enumerate(map(tuple, record["best_paths"])):
        written_row(tmp_path / "table", f"random_{number}", path, 1 - number / 10)
    written_row(tmp_path / "table", "wide", (0, 0, 0), 0.5)
    arguments = (f"--train_logdir={config.train_logdir}", f"--table={tmp_path / 'table'}")
    for among, sentence in (("other", "2 rows or more"), ("wide", "other --num_layers")):
        ended = programs.run("benchmarks.supernet_ranking", *arguments, f"--among={among}")
        refusals.assert_program_refused(ended, sentence, "name others with --among")
    ranked = told(programs.run("benchmarks.supernet_ranking", *arguments, "--batches=2"))
    assert ranked["rows"] == 5
    assert ranked["path"] == pytest.approx(1)
    assert abs(ranked["architecture"]) <= 1
    # There is one cell.
    assert ranked["cell"] is None


@pytest.mark.slow
def test_a_search_that_has_ended_is_decoded_by_other_rules(tmp_path):
    config = SearchConfig(
        train_logdir=str(tmp_path / "run"),
        data=trained_runs.make_data(trained_runs.make_shards(tmp_path / "shards")),
        supernet=SupernetConfig(num_layers=2, num_blocks=1, filter_multiplier=2),
        epochs=1,
        architecture_start_epoch=1,
        decoding=DecodingConfig(path_beam=5, decoding_batches=2, random_architectures=0),
    )
    (record,) = search_loop.run(config)
    before = (tmp_path / "run" / "history.jsonl").read_bytes()

    def decoded(*rules):
        return programs.run(
            "benchmarks.decode_search",
            *(f"--train_logdir={config.train_logdir}", f"--output={tmp_path / 'found.json'}"),
            *("--path_beam=5", "--decoding_batches=2", "--random_architectures=0", *rules),
        )

    assert told(decoded())["path"] == record["path"]
    evaluated = told(decoded("--path_decoding=evaluated"))
    # All five paths were looked at.
    assert evaluated["path"] == evaluated["best_paths"][0]
    assert len(evaluated["best_paths"]) == 5
    assert evaluated["path_loss"] <= evaluated["next_path_loss"]
    assert list(nas_genotypes.load(tmp_path / "found.json").path) == evaluated["path"]
    assert (tmp_path / "run" / "history.jsonl").read_bytes() == before
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    ended = decoded()
    refusals.assert_program_refused(ended, "a search that has ended", "deeplab_nas.search")
