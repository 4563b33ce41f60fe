"""The readers of JSON files, each with documents that it takes and what these are good for."""

import base64
import dataclasses
import io
import json
from collections.abc import Callable

import numpy as np
import PIL.Image

from deeplab_nas import settings
from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.data import class_statistics, datasets, manifests
from deeplab_nas.data.shard_index import ShardIndex
from deeplab_nas.data.split import Split
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.engine.devices import cluster
from deeplab_nas.engine.networks import model_card
from deeplab_nas.engine.prediction import rest_client
from deeplab_nas.engine.reporting.history import History
from deeplab_nas.engine.runs import run_data
from deeplab_nas.engine.runs.bad_records import BadRecords
from deeplab_nas.engine.runs.run_directory import RunDirectory
from deeplab_nas.files import untrusted_json
from tests.core import made_architectures
from tfrecords_tools.writing import build_journal

_SMALL = Architecture(cell=(((0, "skip"), (1, "atrous_3x3")),), path=(0, 1))
_MANIFEST = manifests.Manifest(
    dataset="folder",
    split="train",
    num_examples=5,
    shard_counts=(3, 2),
    num_classes=3,
    ignore_label=255,
    class_names=("ground", "thing", "sky"),
    colormap=((0, 0, 0), (9, 9, 9), (255, 0, 3)),
    image_sizes=((4, 5), (4, 6), (480, 640)),
    statistics=class_statistics.ClassStatistics((5, 6, 0), (20, 11, 0), 7),
    skipped=("Expected an intact image file in ä.png, but it is none that Pillow knows.",),
    made_of=manifests.MadeOf(1, ("--half_resolution=True",), "a1" * 32, (1234, 0)),
)
_SHARD = build_journal.FinishedShard(
    "a1" * 32, 1234, 3, ((4, 5),), class_statistics.ClassStatistics((5, 6), (20, 11), 7), ("x.",)
)
_RECORDS = (
    {"kind": "interval", "step": 10, "epoch": 1, "loss": 2.5, "rate": 0.05, "none": None},
    {"kind": "epoch", "step": 20, "epoch": 2, "miou": 0.25, "path": [0, 1, 1]},
    {"step": 30},
)


@dataclasses.dataclass(frozen=True)
class Reader:
    """How a kind of file is read.

    Attributes:
        name: Of the kind.
        documents: Files that are taken, each as the JSON values it consists of.
        check: Reads a file of these bytes and asserts what its user counts on.
        joined: Makes a file of the bytes of its values.
    """

    name: str
    documents: list[list]
    check: Callable[[bytes], None]
    joined: Callable[[list[bytes]], bytes] = b"".join


def readers(folder):
    """All readers; they read files below `folder`."""
    return [
        _architectures(folder / "architecture.json"),
        _manifests(folder),
        _histories(folder / "history.jsonl"),
        _settings(RunDirectory(str(folder)), folder / "flags.json"),
        _data(),
        _bad_records(folder / "bad_records.json"),
        _descriptions(),
        _journals(folder / "build"),
        _metrics(folder / "metrics.json"),
        _cards(folder / "model_card.json"),
        _clusters(),
        _answers(),
    ]


def _architectures(path):
    def check(raw):
        path.write_bytes(raw)
        found = nas_genotypes.load(path)
        assert nas_genotypes.from_json(found.to_json()) == found

    made = (nas_genotypes.auto_deeplab(), nas_genotypes.pnasnet(16), made_architectures.MIXED)
    documents = [[json.loads(architecture.to_json())] for architecture in (*made, _SMALL)]
    return Reader("architecture", documents, check)


def _manifests(folder):
    def check(raw):
        path.write_bytes(raw)
        found = manifests.read(str(folder), "train")
        assert len(found.class_names) == len(found.colormap) == found.num_classes
        assert sum(found.shard_counts) == found.num_examples
        if found.statistics:
            class_statistics.median_frequency_weights(found.statistics)
        manifests.write(found, str(folder))
        assert manifests.read(str(folder), "train") == found

    path = folder / "manifest-train.json"
    empty = {"num_examples": 0, "shard_counts": (0,), "image_sizes": (), "statistics": None}
    empty["made_of"] = None
    made = (_MANIFEST, dataclasses.replace(_MANIFEST, **empty, skipped=()))
    made = (*made, dataclasses.replace(_MANIFEST, submission_ids=(0, 128, 255)))
    return Reader(
        "manifest", [[{"format_version": 1, **dataclasses.asdict(one)}] for one in made], check
    )


def _histories(path):
    def check(raw):
        path.write_bytes(raw)
        history = History(str(path))
        for record in history.read():
            assert type(record["step"]) is int
        history.append({"step": 7})
        history.truncate_after(7)
        assert history.read()[-1] == {"step": 7}

    def joined(lines):
        # Now and then the last line is cut off.
        return b"\n".join(lines) + b"\n" * (len(lines[-1]) % 4 != 0)

    documents = [list(_RECORDS), [_RECORDS[0]], [_RECORDS[2], _RECORDS[1]]]
    return Reader("history", documents, check, joined)


def _settings(run, path):
    def check(raw):
        path.write_bytes(raw)
        for value in run.settings().values():
            scalars = value if isinstance(value, list) else [value]
            assert not any(isinstance(scalar, (list, dict)) for scalar in scalars)
        found = run.checked_settings(TrainConfig)
        assert run.checked_settings(TrainConfig) == found
        assert found.network.filter_multiplier * np.prod(found.data.train_crop_size) < 2**40

    config = settings.record(TrainConfig("runs/a"))
    documents = [
        [{"config": config, "versions": {"python": "3.11.9"}}],
        [{"config": {"epochs": 3, "save_interval_secs": float("inf")}}],
    ]
    return Reader("settings", documents, check)


def _data():
    def check(raw):
        for difference in run_data.differences(_parsed(raw), here):
            assert difference
            assert difference.isprintable()
        run_data.notices(_parsed(raw), here)

    split = {"split": "train", "examples": 9, "digest": "a1" * 32}
    here = {
        "train": split,
        "val": {**split, "split": "val", "examples": 3},
        "class_names": ["ground", "thing", "sky"],
        "ignore_label": 255,
        "label_weights": [1.0, 0.5, 2.0],
        "initial_checkpoint": {"prefix": "runs/b/best/ckpt-3", "digest": "b2" * 32},
    }
    return Reader("data of a run", [[here], [{"train": split}]], check)


def _bad_records(path):
    index = ShardIndex("train", ("a",), np.zeros(9, np.int32), np.zeros(9, np.int64), ((4, 5),))

    def check(raw):
        path.write_bytes(raw)
        split = Split(index, datasets.describe("shapes", ""))
        found = BadRecords(str(path), 3, split).replaced(np.arange(9))
        assert len(found) == 9

    faults = {"3": "Expected a label.", "8": "Expected an intact image, found none."}
    return Reader("bad records", [[faults], [{"0": "Expected one."}]], check)


def _descriptions():
    def check(raw):
        found = datasets.from_document(_parsed(raw))
        assert datasets.from_document(_parsed(json.dumps(found.to_document()))) == found
        assert found.submission_ids is None or len(found.submission_ids) == found.num_classes

    return Reader(
        "data set",
        [
            [dataclasses.asdict(datasets.describe(name, ""))]
            for name in ("shapes", "camvid", "cityscapes")
        ],
        check,
    )


def _parsed(raw):
    return untrusted_json.parse(raw, "the file", 2**20, "mend it")


def _metrics(path):
    def check(raw):
        path.write_bytes(raw)
        found = model_card.read_metrics(str(path), 20)
        assert found == {} or found["step"] == 20
        json.dumps(found, allow_nan=False)

    facts = {"dataset": "shapes", "class_iou": {"sky": 0.5}, "confusion_matrix": [[1, 2], [3, 4]]}
    return Reader("metrics", [[{"step": step, "miou": 0.25, **facts}] for step in (20, 30)], check)


def _cards(path):
    def check(raw):
        path.write_bytes(raw)
        found = model_card.read_dataset(str(path))
        assert len(found.class_names) == len(found.colormap) == found.num_classes

    facts = {"format_version": 1, "architecture": _SMALL.to_document(), "metrics": {"step": 3}}
    documents = [
        [{**facts, "dataset": datasets.describe(name, "").to_document()}]
        for name in ("shapes", "camvid")
    ]
    return Reader("model card", documents, check)


def _clusters():
    def check(raw):
        # The environment holds no other text.
        found = cluster.check(raw.decode(errors="surrogateescape"))
        assert found.own < len(found.tasks)

    tasks = ({"type": "worker", "index": 1}, {"type": "chief", "index": 0})
    addresses = {"chief": ["a:1"], "worker": ["b:1", "c:1"], "ps": []}
    documents = [[{"cluster": addresses, "task": task}] for task in tasks]
    return Reader("TF_CONFIG", documents, check)


# Heights and widths of label maps; the first is that of the image.
_ANSWER_SIZES = ((5, 7), (1, 1))


def _answers():
    def check(raw):
        size = _ANSWER_SIZES[0]
        found = rest_client.read_label_map(raw, "the answer", size, 10_000)
        assert found.shape == size
        assert found.dtype == np.uint8

    documents = []
    for size in _ANSWER_SIZES:
        buffer = io.BytesIO()
        PIL.Image.new("L", size[::-1], 3).save(buffer, "PNG")
        encoded = base64.b64encode(buffer.getvalue()).decode()
        documents.append([{"predictions": [{"b64": encoded}]}])
    return Reader("answer", documents, check)


def _journals(folder):
    folder.mkdir()

    def check(raw):
        path.write_bytes(raw)
        journal = build_journal.BuildJournal(str(folder), "train", [_SHARD.identity] * 3)
        assert journal.finished == {}

    path = folder / "building-train.json"
    return Reader(
        "journal",
        [
            [{str(number): dataclasses.asdict(_SHARD) for number in range(count)}]
            for count in (1, 3)
        ],
        check,
    )
