"""What a study was begun with: everybody who works on it has to give the same."""

import json
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.storages import BaseStorage

from deeplab_nas import settings
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.engine.runs import run_data
from deeplab_nas.errors import UserError
from deeplab_nas.files.json_field import Field, shown
from deeplab_nas.settings import Settings

_STUDY, _BEGUN_WITH = "settings", "begun with"
_ABSENT = "absent"


def claim(
    storage: BaseStorage, config: Settings, data: dict[str, Any], pool: Mapping[str, Architecture]
) -> None:
    """Writes the settings of a study that begins, or compares those of one that was begun.

    Args:
        storage: Optuna's.
        config: The settings; the free ones may differ.
        data: What is known of the data, as `run_data.document` gives it.
        pool: The candidates, whose files may have changed.

    Raises:
        UserError: The study was begun with others.
    """
    study = optuna.create_study(
        storage=storage, study_name=_STUDY, direction="maximize", load_if_exists=True
    )
    free = settings.free_names(type(config))
    here = {
        "settings": {name: v for name, v in settings.record(config).items() if name not in free},
        "data": data,
        "pool": {name: str(architecture) for name, architecture in pool.items()},
    }
    # Of two that begin at once the later one's are there, and both see them.
    if _BEGUN_WITH not in study.user_attrs:
        study.set_user_attr(_BEGUN_WITH, json.dumps(here))
    there = json.loads(study.user_attrs[_BEGUN_WITH])
    here = json.loads(json.dumps(here))
    differing = _different_flags(there["settings"], here["settings"])
    differing += run_data.differences(Field(there["data"], "the study", ""), data)
    if there["pool"] != here["pool"] and not differing:
        differing.append("the files of the candidates are others")
    if differing:
        raise UserError(
            f"The selection there was begun with other settings: {'; '.join(differing)}. Give the "
            "old values to go on with it, or another --train_logdir or --storage to begin anew."
        )


def _different_flags(there, here):
    return [
        f"--{name} is {shown(there.get(name, _ABSENT))} there and "
        f"{shown(here.get(name, _ABSENT))} here"
        for name in dict.fromkeys([*there, *here])
        if there.get(name, _ABSENT) != here.get(name, _ABSENT)
    ]
