"""Where the trials of a selection lie: a journal file, or any SQL database that Optuna takes."""

import os

import optuna
import sqlalchemy.exc
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic

_JOURNAL = "study.journal"
_ADVICE = "start the database, mend the address, or leave it out for a file in --train_logdir"


def open_storage(address: str, folder: str) -> BaseStorage:
    """Opens the storage, which is made where it is not there yet.

    Args:
        address: URL of a database, such as `postgresql://user@host/name`; empty for a journal file,
            which programs on several machines may share on a common file system.
        folder: Where the journal file lies; it exists.

    Returns:
        The storage.

    Raises:
        UserError: The database does not answer, or the address is none.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if not address:
        path = os.path.join(folder, _JOURNAL)
        with atomic.as_user_errors(path, f"{atomic.ADVICE}, or name another folder"):
            return JournalStorage(JournalFileBackend(path, JournalFileOpenLock(path)))
    try:
        return RDBStorage(address, engine_kwargs={"pool_pre_ping": True})
    except sqlalchemy.exc.SQLAlchemyError as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"Expected a database at --storage={_without_password(address)}, but it does not "
            f"answer ({reason}): {_ADVICE}."
        ) from error
    except ImportError as error:
        raise UserError(
            f"Expected the driver of --storage={_without_password(address)} to be installed, found "
            f"none ({error}): install it, or take postgresql+psycopg:// with pip install -e "
            "'.[select]'."
        ) from error


def _without_password(address):
    try:
        return sqlalchemy.engine.make_url(address).render_as_string(hide_password=True)
    except sqlalchemy.exc.ArgumentError:
        return address
