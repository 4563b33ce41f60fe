"""The program `deeplab_nas.select`, as several at once run it on one study."""

import collections
import json
import os
import signal
import subprocess
import sys
import time

import optuna
import pytest

from tests import programs, refusals
from tests.selection import databases

postgresql = databases.postgresql


def arguments(shards, study, *others):
    given = (
        *("--dataset=shapes", f"--dataset_dir={shards}", "--train_split=train", "--val_split=val"),
        *("--train_crop_size=17", "--train_batch_size=2", "--eval_batch_size=2"),
        *("--filter_multiplier=2", "--training_number_of_steps=6", "--batch_norm_decay=0.5"),
        *("--random=4", "--num_layers=1", "--num_blocks=1", "--finalists=1"),
        *("--final_seeds=1", f"--train_logdir={study}"),
    )
    return programs.with_others(given, *others)


def test_a_candidate_that_is_none_is_refused(shards, tmp_path):
    (tmp_path / "none.json").write_text("{}")
    given = arguments(shards, tmp_path / "study", f"--architectures={tmp_path}/none.json")
    refusals.assert_program_refused(programs.run("deeplab_nas.select", *given), "none.json")
    assert not (tmp_path / "study").exists()


@pytest.mark.slow
def test_without_optuna_it_says_what_to_install(shards, tmp_path):
    without = (
        "import runpy, sys; sys.modules['optuna'] = None; "
        "runpy.run_module('deeplab_nas.select', run_name='__main__')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", without, *arguments(shards, tmp_path / "study")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    lines = [line for line in ended.stderr.splitlines() if line.startswith("Expected")]
    assert len(lines) == 1 and "optuna" in lines[0] and "pip install -e '.[select]'" in lines[0]
    assert "Traceback" not in ended.stderr and not (tmp_path / "study").exists()


def trials(address, steps):
    study = optuna.load_study(study_name=f"select, {steps} steps", storage=address)
    return study.get_trials(deepcopy=False)


@pytest.mark.slow
def test_two_on_one_database_of_which_one_is_killed_end_complete(shards, tmp_path, postgresql):
    study = tmp_path / "study"
    command = [
        *(sys.executable, "-m", "deeplab_nas.select"),
        *arguments(shards, study, f"--storage={postgresql}", "--training_number_of_steps=90"),
        *("--rungs=60", "--log_steps=1", "--eval_interval_steps=0"),
    ]

    def start():
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    killed = start()
    while not list(study.glob("trainings/*/run/history.jsonl")):
        assert killed.poll() is None, killed.stderr.read()
        time.sleep(0.1)
    other = start()
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    told, errors = other.communicate()
    assert other.returncode == 0, errors
    assert "winner" in told
    complete = collections.Counter()
    for steps, count in ((60, 4), (90, None)):
        found = trials(postgresql, steps)
        done = [trial for trial in found if trial.state.name == "COMPLETE"]
        names = [trial.user_attrs["candidate"] for trial in done]
        assert len(names) == len(set(names)) and count in (None, len(names))
        assert {trial.state.name for trial in found} <= {"COMPLETE", "FAIL"}
        complete.update(trial.state.name for trial in found)
    # What the one was training when it was killed, the other has done.
    assert complete["FAIL"] == 1
    board = json.loads((study / "leaderboard.json").read_text())
    assert len(board["candidates"]) == 4
    rows = list(study.glob("trainings/*/row.json"))
    assert len(rows) == complete["COMPLETE"] + 1


@pytest.mark.slow
def test_arms_are_compared_by_trainings_that_chose_nothing(shards, tmp_path):
    study = tmp_path / "study"
    contest = ("--arms=random,halving", "--repetitions=1", "--budget_steps=18", "--rungs=3")
    ended = programs.run("deeplab_nas.select", *arguments(shards, study, *contest))
    assert ended.returncode == 0, ended.stderr
    board = json.loads((study / "leaderboard.json").read_text())
    random, halving = board["judgements"]
    assert (random["arm"], halving["arm"], random["seeds"]) == ("random", "halving", 1)
    assert halving["lead"]["miou"] == pytest.approx(halving["mious"][0] - random["mious"][0])
    # Three whole trainings; four short ones, of which a third is promoted.
    assert [arm["steps"] for arm in board["arms"]] == [18, 18]
    assert "worth of halving" in ended.stdout
    judged = list(study.glob("trainings/*-seed2/image_matrices.npz"))
    assert 1 <= len(judged) <= 2
