"""Flags become a `SelectConfig`."""

from deeplab_nas import settings
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.selection.select_config import SelectConfig


def test_every_field_of_its_own_has_a_flag_that_sets_it(parse):
    config = parse(
        SelectConfig,
        *("--train_logdir=study", "--random=7", "--num_layers=3", "--num_blocks=2"),
        *("--architectures=a.json,b*.json", "--runs=runs/a,runs/b", "--mutate=2", "--all_paths"),
        *("--sampler=tpe", "--proposals=9", "--rungs=100,200", "--reduction_factor=4"),
        *("--budget_steps=5000", "--finalists=5", "--final_seeds=4", "--keep_runs"),
        *("--storage=postgresql://user@host/name", "--band=parameters", "--band_share=0.1"),
        *("--band_middle_path=auto_deeplab", "--repetitions=2", "--filter_score=naswot"),
        *("--filter_one_of=4", "--filter_table_path=table.json"),
    )
    default = settings.record(SelectConfig(train_logdir="study"))
    given = settings.record(config)
    of_training = {field.name for field in settings.leaves(TrainConfig)}
    left = of_training | {"band_lowest", "band_highest", "arms"}
    assert {name for name in given if given[name] == default[name]} == left
    assert config.pool.architectures == ("a.json", "b*.json")
    assert config.pool.runs == ("runs/a", "runs/b")


def test_arms_are_given_by_name(parse):
    config = parse(
        SelectConfig, "--train_logdir=study", "--arms=random,halving", "--budget_steps=9000000"
    )
    assert config.contest.arms == ("random", "halving")
