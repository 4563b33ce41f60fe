"""The laws of the house (WORKSPACE.md), read from the source itself."""

import ast
import collections
import pathlib
import re

import pytest

from tests import places

_PACKAGES = ("deeplab_nas", "flags", "tfrecords_tools")
_LONGEST_FILE = 350
# Modules of a folder, not counting those of the folders in it; more need a room of their own.
_MOST_MODULES = 16
_MOST_MODULES_OF = {"deeplab_nas/engine": 6, "deeplab_nas/core": 16, "flags": 5}

# What stands below every room.
_GROUND = {"errors", "settings"}
_MAY_IMPORT = {
    "errors": set(),
    "settings": {"errors"},
    "files": _GROUND,
    "core": {"files", *_GROUND},
    "data": {"files", *_GROUND},
    "flags": _GROUND,
    "drawing": {"core", *_GROUND},
    "supernet": {"core", *_GROUND},
    "engine": {"supernet", "drawing", "core", "data", "files", *_GROUND},
    "selection": {"engine", "drawing", "core", "data", "files", *_GROUND},
    "serving": {"engine", "core", "data", "files", *_GROUND},
    "tools": {"drawing", "data", "flags", "files", *_GROUND},
    "programs": {
        *(
            "selection",
            "serving",
            "engine",
            "supernet",
            "drawing",
            "core",
            "data",
            "tools",
            "flags",
            "files",
        ),
        *_GROUND,
    },
}
# Who else than files/atomic may write or rename, by what, and why.
_WRITES = {
    # The null device, in the place of a stdout that is not there.
    "flags.output": {"open"},
    # Adds a line at a time to a file that grows for days.
    "deeplab_nas.engine.reporting.history": {"GFile"},
    # What a process of its own prints, for as long as it runs.
    "deeplab_nas.selection.trainings.short_training": {"open"},
    # A whole folder gets its name.
    "deeplab_nas.serving.version_directory": {"rename"},
    # The same; processes that build it at once must not share a temporary name.
    "tfrecords_tools.build_shapes": {"rename"},
    # Inside the folder that an export renames.
    "deeplab_nas.serving.warm_up": {"TFRecordWriter"},
    # A stream that is larger than the memory; the journal renames it.
    "tfrecords_tools.writing.shards": {"TFRecordWriter"},
    "tfrecords_tools.writing.build_journal": {"rename"},
}
_ATOMIC = "deeplab_nas.files.atomic"
_READS = ("r", "rb")
_ALWAYS_WRITES = {"TFRecordWriter", "rename", "write_text", "write_bytes", "copyfile", "move"}
_WRITES_OF = {("os", "replace"), ("tf.io.gfile", "copy")}


def _modules() -> dict[str, ast.Module]:
    """The syntax tree of every module, by dotted name."""
    trees = {}
    for package in _PACKAGES:
        for path in sorted((places.ROOT / package).rglob("*.py")):
            parts = path.relative_to(places.ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            trees[name] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


_MODULES = _modules()


def _room(module: str) -> str:
    package, *rest = module.split(".")
    if package != "deeplab_nas":
        return {"flags": "flags", "tfrecords_tools": "tools"}[package]
    if not rest:
        return "errors"
    if rest[0] in _GROUND:
        return rest[0]
    return rest[0] if (places.ROOT / package / rest[0]).is_dir() else "programs"


def _imports(module: str) -> set[str]:
    """The modules of this project that `module` imports, wherever the import stands."""
    found = set()
    for node in ast.walk(_MODULES[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            members = {f"{node.module}.{alias.name}" for alias in node.names}
            submodules = members & _MODULES.keys()
            found |= submodules
            if len(submodules) < len(members):
                found.add(node.module)
    return found & _MODULES.keys()


def test_there_is_something_to_check():
    assert {
        "deeplab_nas.errors",
        "flags.program",
        "deeplab_nas.engine.steps.losses",
    } <= _MODULES.keys()
    assert _imports("deeplab_nas.engine.steps.losses") == set()
    assert "deeplab_nas.data.data_config" in _imports("deeplab_nas.engine.configs.search")


@pytest.mark.parametrize("module", _MODULES)
def test_nothing_is_imported_upward(module):
    room = _room(module)
    allowed = _MAY_IMPORT[room] | {room}
    upward = {name for name in _imports(module) if _room(name) not in allowed}
    assert not upward, f"{module} ({room}) imports {sorted(upward)}"


def test_no_circle():
    finished: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        if module not in finished:
            for imported in sorted(_imports(module)):
                visit(imported, (*path, module))
            finished.add(module)

    for module in _MODULES:
        visit(module, ())


@pytest.mark.parametrize("module", [name for name in _MODULES if _room(name) != "flags"])
def test_absl_is_known_to_flags_only(module):
    for node in ast.walk(_MODULES[module]):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        assert not [name for name in names if name.split(".")[0] == "absl"]


def _writing_calls(tree: ast.Module) -> set[str]:
    """The functions called that write a file or give one another name."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {ast.unparse(call.func).split(".")[-1] for call in calls if _writes(call)}


def _writes(call: ast.Call) -> bool:
    owner, _, name = ast.unparse(call.func).rpartition(".")
    if name == "GFile" or (name == "open" and owner not in ("Image", "PIL.Image")):
        # A path's own `open` takes the mode alone.
        place = 0 if name == "open" and owner not in ("", "io", "os") else 1
        modes = call.args[place : place + 1]
        modes += [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
        return not all(isinstance(mode, ast.Constant) and mode.value in _READS for mode in modes)
    return (name in _ALWAYS_WRITES and owner != "atomic") or (owner, name) in _WRITES_OF


@pytest.mark.parametrize("module", [name for name in _MODULES if name != _ATOMIC])
def test_files_are_written_by_atomic_alone(module):
    assert _writing_calls(_MODULES[module]) == _WRITES.get(module, set())


def test_writing_is_seen():
    assert {"GFile", "rename"} <= _writing_calls(_MODULES[_ATOMIC])
    opening = ("open(a, 'w')", "a.open('ab')", "open(a, mode='x')", "os.open(a, b)")
    for text in (*opening, "GFile(a, mode)", "os.replace(a, b)", "a.write_text(b)"):
        assert _writing_calls(ast.parse(text)), text
    reading = ("open(a)", "a.open()", "GFile(a, 'rb')", "PIL.Image.open(a)")
    for text in (*reading, "atomic.write_text(a, b)", "a.replace(b, c)", "a.copy()"):
        assert not _writing_calls(ast.parse(text)), text


_PATH_NAME = re.compile(
    r"(.*_)?(dir|logdir|root|folder|file|path|png|csv|checkpoint|model_card|label_colors)s?"
    "|architecture|input|tfds_name"
)


def _settings(tree: ast.Module) -> dict[str, ast.Call]:
    """The fields of a module's configurations that hold text, by name: how each is made."""
    return {
        node.target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) in ("setting", "required")
        and re.search(r"\bstr\b", ast.unparse(node.annotation))
    }


@pytest.mark.parametrize("module", [name for name in _MODULES if _settings(_MODULES[name])])
def test_settings_that_are_paths_say_so(module):
    """Those take `~`."""
    for name, call in _settings(_MODULES[module]).items():
        says = {keyword.arg for keyword in call.keywords}
        assert ("path" in says) == bool(_PATH_NAME.fullmatch(name)), name


def test_paths_among_the_settings_are_seen():
    made = [set(_settings(tree)) for tree in _MODULES.values()]
    assert {"train_logdir", "image_folder", "input", "checkpoint"} <= set().union(*made)


_KNOWS_FILES = {"deeplab_nas.core.nas_genotypes", "deeplab_nas.core.official_checkpoint"}
_KNOWS_THE_MACHINE = {"deeplab_nas.core.kernels.target"}


@pytest.mark.parametrize("module", [m for m in _MODULES if _room(m) in ("core", "supernet")])
def test_core_and_supernet_are_pure(module):
    tree = _MODULES[module]
    names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
    }
    assert not any(name.split(".")[0] in ("absl", "flags", "argparse") for name in imported)
    assert not any(name.startswith(("keras.optimizers", "tf.optimizers")) for name in names)
    if module not in _KNOWS_FILES:
        assert not any(name.startswith(("tf.io", "tf.train", "open")) for name in names)
        assert not {"os", "pathlib", "shutil"} & imported
        assert not any(name.startswith("deeplab_nas.files") for name in imported)
    if module not in _KNOWS_THE_MACHINE:
        kept = [each for node in tree.body for each in getattr(node, "decorator_list", ())]
        assert not any("cache" in ast.unparse(decorator) for decorator in kept)
        assert "contextvars" not in imported and "tf.config.list_physical_devices" not in names
        assert not any(isinstance(node, ast.Global) for node in ast.walk(tree))


def _sources_of_programs() -> list[str]:
    folders = (*_PACKAGES, "benchmarks")
    paths = (path for folder in folders for path in (places.ROOT / folder).rglob("*.py"))
    return sorted(path.relative_to(places.ROOT).as_posix() for path in paths)


# A clock that is set back or forward. Nobody asks for the date yet.
_WALL_CLOCKS = {"time", "time_ns", "ctime", "localtime", "gmtime", "now", "today", "utcnow"}
_ASKS_FOR_THE_DATE: set[str] = set()


def _wall_clocks(tree: ast.Module) -> set[str]:
    """The names under which a module takes or calls what tells the date."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("time", "datetime"):
            found |= {alias.name for alias in node.names} & {*_WALL_CLOCKS, "datetime", "date"}
        elif isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value).split(".")[-1]
            if owner in ("time", "datetime", "date") and node.attr in _WALL_CLOCKS:
                found.add(f"{owner}.{node.attr}")
    return found


@pytest.mark.parametrize("path", _sources_of_programs())
def test_time_is_measured_by_a_clock_that_nobody_sets(path):
    found = _wall_clocks(ast.parse((places.ROOT / path).read_text(encoding="utf-8")))
    assert not found or path in _ASKS_FOR_THE_DATE


def test_wall_clocks_are_seen():
    for text in ("time.time()", "import time as t\nfrom time import time", "datetime.date.today()"):
        assert _wall_clocks(ast.parse(text)), text
    for text in ("time.monotonic()", "time.sleep(1)", "from time import perf_counter", "a.time"):
        assert not _wall_clocks(ast.parse(text)), text


def test_every_class_that_keras_knows_has_a_name_of_its_own():
    """Keras takes the class that was registered last under a name."""
    registered = [
        node.name
        for tree in _MODULES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any("register_keras_serializable" in ast.dump(each) for each in node.decorator_list)
    ]
    assert {"Segmenter", "Supernet", "SeparableConvolution"} <= set(registered)
    assert sorted(set(registered)) == sorted(registered)


def _sources() -> list[pathlib.Path]:
    folders = (*_PACKAGES, "tests", "benchmarks")
    return [path for folder in folders for path in (places.ROOT / folder).rglob("*.py")]


def test_no_folder_is_full():
    modules = [path for path in _sources() if path.name != "__init__.py"]
    folders = (path.parent.relative_to(places.ROOT).as_posix() for path in modules)
    counts = collections.Counter(folders)
    assert counts.keys() >= _MOST_MODULES_OF.keys()
    full = {
        folder: count
        for folder, count in counts.items()
        if count > _MOST_MODULES_OF.get(folder, _MOST_MODULES)
    }
    assert not full


def test_no_file_is_long():
    sources = [*_sources(), places.ROOT / "setup.py"]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources}
    too_long = {str(path): length for path, length in lengths.items() if length > _LONGEST_FILE}
    assert not too_long
