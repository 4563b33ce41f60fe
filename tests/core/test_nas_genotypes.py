"""An architecture survives a round trip, and nothing malformed becomes one."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.nas_genotypes import Architecture
from deeplab_nas.errors import UserError

OPERATIONS = [
    *(f"separable_{k}x{k}_{n}" for k in (3, 5, 7) for n in (1, 2)),
    *(f"atrous_{k}x{k}" for k in (3, 5, 7)),
    "avg_pool_3x3",
    "max_pool_3x3",
    "skip",
]
BLOCK = ((0, "skip"), (1, "atrous_3x3"))


@st.composite
def architectures(draw):
    operations = st.sampled_from(OPERATIONS)
    cell = tuple(
        tuple((draw(st.integers(0, i + 1)), draw(operations)) for _ in range(2))
        for i in range(draw(st.integers(1, 7)))
    )
    path = [0]
    for step in draw(st.lists(st.integers(-1, 1), min_size=1, max_size=20)):
        path.append(min(max(path[-1] + step, 0), 3))
    return Architecture(cell=cell, path=tuple(path[1:]))


def fields(**changes):
    result = json.loads(nas_genotypes.auto_deeplab().to_json())
    result.update(changes)
    return result


@settings(max_examples=50, deadline=None)
@given(architectures())
def test_json_round_trip(architecture):
    assert nas_genotypes.from_json(architecture.to_json()) == architecture
    assert hash(nas_genotypes.from_json(architecture.to_json())) == hash(architecture)


def test_json_has_the_documented_fields():
    found = fields()
    assert found["format"] == "deeplab_nas.architecture"
    assert found["version"] == 1
    assert found["cell"][0] == [[1, "atrous_5x5"], [0, "separable_3x3_2"]]
    assert found["path"] == [0, 0, 0, 1, 2, 1, 2, 2, 3, 3, 2, 1]


def test_runs_are_compared_by_this_very_text():
    """Old `flags.json` hold it."""
    assert str(nas_genotypes.auto_deeplab()) == (
        "path 4 4 4 8 16 8 16 16 32 32 16 8, cell "
        "atrous_5x5(H(l-2)) + separable_3x3_2(H(l-1)); "
        "separable_3x3_2(H(l-2)) + atrous_3x3(H(l-1)); "
        "separable_3x3_2(block 1) + separable_3x3_2(H(l-2)); "
        "separable_5x5_2(block 2) + separable_5x5_2(block 0); "
        "separable_5x5_2(block 1) + atrous_5x5(block 3)"
    )
    assert str(Architecture((BLOCK,), (0, 1))) == (
        "path 4 8, cell skip(H(l-1)) + atrous_3x3(H(l-2))"
    )


@settings(max_examples=50, deadline=None)
@given(architectures(), architectures())
def test_different_architectures_have_different_texts(one, other):
    assert (str(one) == str(other)) == (one == other)


def test_auto_deeplab_is_the_official_genotype():
    states = [state for block in nas_genotypes.auto_deeplab().cell for state, _ in block]
    operations = [
        operation for block in nas_genotypes.auto_deeplab().cell for _, operation in block
    ]
    assert states == [1, 0, 1, 0, 3, 1, 4, 2, 3, 5]
    sep3, sep5, atrous3, atrous5 = "separable_3x3_2", "separable_5x5_2", "atrous_3x3", "atrous_5x5"
    assert operations == [atrous5, sep3, sep3, atrous3, sep3, sep3, sep5, sep5, sep5, atrous5]
    assert nas_genotypes.auto_deeplab().output_stride == 8
    assert nas_genotypes.auto_deeplab().num_layers == 12
    assert nas_genotypes.auto_deeplab().num_blocks == 5


@pytest.mark.parametrize("output_stride", [8, 16, 32])
def test_pnasnet_ends_at_its_output_stride(output_stride):
    architecture = nas_genotypes.pnasnet(output_stride)
    assert architecture.output_stride == output_stride
    assert [state for block in architecture.cell for state, _ in block] == (
        [1, 1, 0, 0, 0, 0, 4, 0, 1, 0]
    )


def test_pnasnet_refuses_other_strides():
    with pytest.raises(ValueError, match="output_stride: 4"):
        nas_genotypes.pnasnet(4)
    with pytest.raises(UserError, match="output_stride: 4"):
        nas_genotypes.resolve("pnasnet", output_stride=4)


@pytest.mark.parametrize(
    ("cell", "path", "message"),
    [
        ((), (0,), r"^cell: "),
        ((BLOCK, BLOCK + BLOCK), (0,), r"^cell\[1\]: "),
        ((BLOCK, ((3, "skip"), (0, "skip"))), (0,), r"^cell\[1\]\[0\]: state 3 .* 0\.\.2"),
        ((((0, "skip"), (-1, "skip")),), (0,), r"^cell\[0\]\[1\]: state -1"),
        ((((True, "skip"), (0, "skip")),), (0,), r"^cell\[0\]\[0\]: state True"),
        ((((0, "zero"), (1, "skip")),), (0,), r"^cell\[0\]\[0\]: operation 'zero'"),
        ((((0, "none"), (1, "skip")),), (0,), r"^cell\[0\]\[0\]: operation 'none'"),
        ((((0, "skip\n"), (1, "skip")),), (0,), r"^cell\[0\]\[0\]: operation"),
        ((((0, 3), (1, "skip")),), (0,), r"^cell\[0\]\[0\]: operation 3"),
        ((((0,), (1, "skip")),), (0,), r"^cell\[0\]\[0\]: expected"),
        ((BLOCK,), (), r"^path: "),
        ((BLOCK,), [0], r"^path: "),
        ((BLOCK,), (2,), r"^path\[0\]: level 2 .* stem"),
        ((BLOCK,), (0, 1, 3), r"^path\[2\]: level 3 .* path\[1\]"),
        ((BLOCK,), (1, 2, 3, 4), r"^path\[3\]: level 4"),
        ((BLOCK,), (0, False), r"^path\[1\]: level False"),
        ((BLOCK,), (0, 1.0), r"^path\[1\]: level 1.0"),
    ],
)
def test_invalid_values_are_named(cell, path, message):
    with pytest.raises(ValueError, match=message):
        Architecture(cell=cell, path=path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "parse"),
        ("[1, 2", "parse"),
        ("[" * 100_000, "parse"),
        ("[]", "object"),
        ('{"format": "deeplab_nas.architecture"}', "lacks the key 'version'"),
        (json.dumps(fields(extra=1)), "unknown key 'extra'"),
        (json.dumps(fields(format="other")), "format: .*'other'"),
        (json.dumps(fields(version=2)), "version: expected 1, found 2"),
        (json.dumps(fields(version=True)), "version: expected 1, found True"),
        (json.dumps(fields(path=[0, True])), r"path\[1\]: level True"),
        (json.dumps(fields(path="0011")), "path: "),
        (json.dumps(fields(cell={"0": 1})), "cell: "),
        (
            json.dumps(fields(cell=[[[0, "conv"], [1, "skip"]]])),
            r"cell\[0\]\[0\]: operation 'conv'",
        ),
        (json.dumps(fields(path=None)).replace("null", "[" * 600 + "]" * 600), "nested|path|parse"),
        (" " * 1_000_001, "at most"),
        (json.dumps(fields(version=1.0)), "version: expected 1, found 1.0"),
        (json.dumps(fields(path=[0] * 1001)), "path: expected at most 1000 entries, found 1001"),
        (
            json.dumps(fields(cell=[[[0, "skip"], [1, "skip"]]] * 1001)),
            "cell: expected at most 1000 entries, found 1001",
        ),
        (json.dumps(fields(path=[10**30])), "parse .*an integer of more than 64 bits"),
        (json.dumps(fields(path=[float("nan")])), "parse .*NaN"),
        (json.dumps(fields())[:-1] + ', "path": [0]}', "parse .*the key 'path' twice"),
        (json.dumps(fields(path=["x" * 10_000])), r"path\[0\]: level 'x+\.\.\.x+' is not"),
        (
            json.dumps(fields(cell=[[[0, ["skip"] * 10_000], [1, "skip"]]])),
            r"cell\[0\]\[0\]: operation \('skip', .{,60}\.\.\.\) is not",
        ),
    ],
)
def test_invalid_json_is_a_users_mistake(text, message):
    with pytest.raises(UserError, match=message) as error:
        nas_genotypes.from_json(text)
    (line,) = str(error.value).splitlines()
    assert line[0].isupper()
    assert line[-1] == "."


def test_none_is_read_as_skip():
    text = json.dumps(fields(cell=[[[0, "none"], [1, "skip"]]]))
    assert nas_genotypes.from_json(text).cell == (((0, "skip"), (1, "skip")),)


def test_save_leaves_one_whole_file(tmp_path):
    file = tmp_path / "architecture.json"
    nas_genotypes.pnasnet(8).save(file)
    nas_genotypes.auto_deeplab().save(file)
    assert nas_genotypes.load(file) == nas_genotypes.auto_deeplab()
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"{}", b" " * 1_000_001])
def test_load_names_the_file(tmp_path, content):
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    with pytest.raises(UserError, match="bad.json"):
        nas_genotypes.load(file)


def test_load_refuses_a_folder_and_a_missing_file(tmp_path):
    with pytest.raises(UserError, match="Cannot read"):
        nas_genotypes.load(tmp_path)
    with pytest.raises(UserError, match="Cannot read"):
        nas_genotypes.load(tmp_path / "missing.json")


def test_resolve(tmp_path):
    file = tmp_path / "mine.json"
    mine = Architecture(cell=(BLOCK,), path=(0, 1))
    mine.save(file)
    assert nas_genotypes.resolve(str(file)) == mine
    assert nas_genotypes.resolve("auto_deeplab") == nas_genotypes.auto_deeplab()
    assert nas_genotypes.resolve("pnasnet", output_stride=32) == nas_genotypes.pnasnet(32)
    for unknown in ("", "autodeeplab", str(tmp_path / "missing.json")):
        with pytest.raises(UserError, match="auto_deeplab, pnasnet"):
            nas_genotypes.resolve(unknown)
