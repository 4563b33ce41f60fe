"""One training in a process of its own, which lives no longer than the one that waits for it.

A process of its own since TensorFlow forgets no graph that it has traced, and since a training that
dies shall not take the others with it.
"""

import dataclasses
import multiprocessing
import os
import pathlib
import signal
import sys
import threading
import time
from typing import Any

import filelock

from deeplab_nas.engine import evaluation, train_loop
from deeplab_nas.engine.configs.devices import DeviceConfig
from deeplab_nas.engine.configs.evaluate import EvaluateConfig
from deeplab_nas.engine.configs.train import TrainConfig
from deeplab_nas.errors import StoppedError, UserError

_LOG = "log.txt"
_RESULT, _MISTAKE, _STOPPED = "result", "mistake", "stopped"


@dataclasses.dataclass(frozen=True)
class Result:
    """What a training came to.

    Attributes:
        evaluation: The record of its last evaluation, as `history.jsonl` has it, or what
            `metrics.json` holds where it was evaluated by image.
        seconds: Time that it took, of this start alone where it was resumed.
    """

    evaluation: dict[str, Any]
    seconds: float


def run(config: TrainConfig, folder: str | os.PathLike[str], by_image: bool = False) -> Result:
    """Trains, or resumes the training, in a process of its own.

    Args:
        config: A `TrainConfig`, the folder of its data filled in.
        folder: Where the process writes what it prints, to `log.txt`.
        by_image: Whether it is evaluated once more, for the confusion matrix of each image, which
            comes into the folder beside the other files of an evaluation.

    Returns:
        The result.

    Raises:
        UserError: The training was refused.
        StoppedError: A signal came to the process, and the training was saved.
        RuntimeError: The process has died; its log tells why.
    """
    log = pathlib.Path(folder, _LOG)
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(
        target=_train, args=(config, str(log), by_image, sender), name=str(folder)
    )
    started = time.monotonic()
    process.start()
    # Its end in this process would keep `recv` from seeing that the other has gone.
    sender.close()
    try:
        kind, told = receiver.recv()
    except EOFError:
        process.join()
        raise RuntimeError(
            f"A training has ended with exit code {process.exitcode}: {log} tells why."
        ) from None
    except BaseException:
        # Left while it trains: it saves, and is resumed by the next one that asks for it.
        process.terminate()
        raise
    finally:
        process.join()
    if kind == _MISTAKE:
        raise UserError(told)
    if kind == _STOPPED:
        raise StoppedError(told)
    return Result(told, time.monotonic() - started)


def _train(config, log, by_image, sender):
    """Runs in the process of its own."""
    # Ctrl-C goes to all processes of a terminal, and a second signal ends it before it has saved.
    os.setsid()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(file, 1)
    os.dup2(file, 2)
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    try:
        # Until one whose parent was killed has saved and gone.
        with filelock.FileLock(f"{log}.lock"):
            found = train_loop.run(config)[-1]
            if by_image:
                found = evaluation.run(_evaluation_of(config, os.path.dirname(log)))
            told = _RESULT, found
    except UserError as error:
        told = _MISTAKE, str(error)
    except StoppedError as error:
        told = _STOPPED, error.signal_number
    sender.send(told)
    sender.close()
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is written and told, and the next training waits for this one's end.
    os._exit(0)


def _evaluation_of(config, folder):
    """The evaluation, on the same devices, of the training that a run directory holds."""
    names = [field.name for field in dataclasses.fields(DeviceConfig)]
    return EvaluateConfig(
        config.train_logdir,
        **{name: getattr(config, name) for name in names},
        eval_logdir=folder,
        mixed_precision=config.mixed_precision,
        save_image_matrices=True,
    )


def _stop_with_parent():
    """Sends the signal on which a training saves and stops when nobody waits for it any more."""
    multiprocessing.parent_process().join()
    os.kill(os.getpid(), signal.SIGTERM)
