"""`~` is the home folder in every path of every program, on command lines and in flagfiles."""

import pytest

from deeplab_nas import settings
from deeplab_nas.describe import DescribeConfig
from deeplab_nas.engine.configs.evaluate import EvaluateConfig
from deeplab_nas.engine.configs.predict import PredictConfig
from deeplab_nas.engine.configs.search import SearchConfig
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.serving.export_config import ExportConfig
from tfrecords_tools.build_cityscapes import CityscapesConfig
from tfrecords_tools.build_folder import FolderConfig
from tfrecords_tools.build_voc2012 import Voc2012Config
from tfrecords_tools.verify import VerifyConfig

_PROGRAMS = (
    *(SearchConfig, TrainConfig, EvaluateConfig, PredictConfig, ExportConfig, DescribeConfig),
    *(CityscapesConfig, FolderConfig, Voc2012Config, VerifyConfig),
)


@pytest.mark.parametrize("in_flagfile", [True, False])
@pytest.mark.parametrize("config_class", _PROGRAMS, ids=lambda one: one.__name__)
def test_every_path_of_a_program(parse, monkeypatch, tmp_path, config_class, in_flagfile):
    monkeypatch.setenv("HOME", str(tmp_path))
    paths = [field.name for field in settings.leaves(config_class) if field.setting.path]
    # A server's card goes with a server instead of the checkpoint.
    paths = [name for name in paths if name != "model_card"]
    arguments = [f"--{name}=~/a,b" for name in paths]
    if config_class is VerifyConfig:
        arguments.append("--dataset=folder")
    if in_flagfile:
        (tmp_path / "own.flags").write_text("\n".join(["# Mine", *arguments]))
        arguments = ["--flagfile=~/own.flags"]
    recorded = settings.record(parse(config_class, *arguments))
    for name in paths:
        assert recorded[name] in (f"{tmp_path}/a,b", [f"{tmp_path}/a,b"]), name
