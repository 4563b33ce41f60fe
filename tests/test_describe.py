"""The program `deeplab_nas.describe`."""

import json

import PIL.Image
import pytest

from deeplab_nas.core import nas_genotypes
from tests import programs, refusals

_SMALL = ("--filter_multiplier=2", "--input_size=33,65")


def describe(*arguments):
    return programs.run("deeplab_nas.describe", *arguments)


def test_json_is_the_papers_network():
    result = describe(
        *("--architecture=auto_deeplab", "--filter_multiplier=20", "--num_classes=19"),
        *("--input_size=1025,2049", "--json"),
    )
    assert result.returncode == 0, result.stderr
    facts = json.loads(result.stdout)
    assert facts["trainable_parameters"] == 10_147_427
    assert facts["backbone_trainable_parameters"] == 7_030_832
    assert facts["multiply_adds"] == pytest.approx(320.45e9, abs=5e6)
    assert facts["paper_multi_adds"] == pytest.approx(333.25e9, rel=5e-4)
    assert facts["output_stride"] == 8
    assert facts["path"] == list(nas_genotypes.auto_deeplab().path)
    assert facts["cell"][0] == [[1, "atrous_5x5"], [0, "separable_3x3_2"]]
    for name in ("trainable_parameters", "multiply_adds", "activation_bytes"):
        assert sum(stage[name] for stage in facts["stages"]) == facts[name]


def test_a_file_gives_a_table_and_a_picture(tmp_path):
    cell = (((0, "atrous_3x3"), (1, "skip")),)
    nas_genotypes.Architecture(cell=cell, path=(0, 1)).save(tmp_path / "found.json")
    picture = tmp_path / "found.png"
    result = describe(f"--architecture={tmp_path}/found.json", f"--output_png={picture}", *_SMALL)
    assert result.returncode == 0, result.stderr
    assert "atrous_3x3(H(l-1)) + skip(H(l-2))" in result.stdout
    assert "Cell_1" in result.stdout
    with PIL.Image.open(picture) as image:
        assert image.format == "PNG"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["found.json", "found.png"]


def test_pnasnet_ends_at_the_stride_asked_for():
    result = describe("--architecture=pnasnet", "--output_stride=32", "--json", *_SMALL)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["output_stride"] == 32


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--architecture=resnet"], ["resnet", "auto_deeplab", "pnasnet"]),
        (["--architecture=pnasnet", "--output_stride=4"], ["output_stride", "4"]),
        (["--input_size=33,0"], ["--input_size", "33,0"]),
        (["--output_png=absent/folder/a.png"], ["--output_png", "absent/folder/a.png"]),
    ],
    ids=lambda value: value[-1] if value[0].startswith("--") else None,
)
def test_a_wrong_flag_is_refused_in_one_sentence(arguments, expected):
    assert_refused(describe(*arguments), *expected)


def test_a_wrong_architecture_file_is_refused_by_field(tmp_path):
    wrong = nas_genotypes.auto_deeplab().to_json().replace("atrous_3x3", "atrous_4x4")
    (tmp_path / "wrong.json").write_text(wrong)
    result = describe(f"--architecture={tmp_path}/wrong.json")
    assert_refused(result, "wrong.json", "cell[1][1]", "atrous_4x4")


def assert_refused(result, *expected):
    refusals.assert_program_refused(result, *expected)
    assert result.stdout == ""
