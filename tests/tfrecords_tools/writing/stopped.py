"""A build that is stopped at every moment: what each leaves on the disk."""

import contextlib
import pathlib
import re
import shutil
from unittest import mock

import tensorflow as tf

from deeplab_nas.files import partial_names

_SHARD = re.compile(r"(.+)-\d{5}-of-\d{5}\.tfrecord")


def files(folder):
    """The contents of the files of a folder, by name; nothing without the folder."""
    folder = pathlib.Path(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def put_back(folder, contents):
    """Makes a folder hold what `files` found."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, data in contents.items():
        (folder / name).write_bytes(data)


@contextlib.contextmanager
def recorded(folder):
    """Gives a list that takes what lies in a folder before each change of a file in it.

    A kill between two changes leaves what is there between them: nothing is cleaned up, and a file
    that is being written is as it is.
    """
    found = []

    def before(function):
        def recording(*args, **kwargs):
            there = files(folder)
            if there not in found[-1:]:
                found.append(there)
            return function(*args, **kwargs)

        return recording

    class Writer(tf.io.TFRecordWriter):
        write = before(tf.io.TFRecordWriter.write)
        close = before(tf.io.TFRecordWriter.close)

    with contextlib.ExitStack() as stack:
        for name in ("rename", "remove", "GFile"):
            changed = before(getattr(tf.io.gfile, name))
            stack.enter_context(mock.patch.object(tf.io.gfile, name, changed))
        stack.enter_context(mock.patch.object(tf.io, "TFRecordWriter", Writer))
        yield found


@contextlib.contextmanager
def as_another_process(number):
    """What this process left under names of its own is that of one that has ended."""
    partial_names._SWEPT.clear()
    with mock.patch.object(partial_names, "_THIS_START", f"{number:04x}"):
        yield


def check_every_moment(build, folder, least=20):
    """Builds once, then goes on from what a kill at each moment would have left.

    Args:
        build: Builds in a folder.
        folder: The folder.
        least: How many moments there have to be.

    Returns:
        What each kill left, and what every build has to end with; see `files`.
    """
    with recorded(folder) as moments:
        build(folder)
    whole = files(folder)
    assert len(moments) > least
    for number, moment in enumerate(moments):
        named = {name for name in moment if _SHARD.fullmatch(name)}
        assert all(moment[name] == whole[name] for name in named)
        put_back(folder, moment)
        with as_another_process(number):
            build(folder)
        assert files(folder) == whole, number
    return moments, whole
