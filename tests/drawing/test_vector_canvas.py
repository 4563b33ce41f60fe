"""SVG holds what the picture shows, at the same places."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from deeplab_nas.core import nas_genotypes, random_architecture
from deeplab_nas.drawing import canvas, cell, labels, trellis
from deeplab_nas.drawing.vector_canvas import VectorCanvas, css

RED = (200, 0, 0)


def parsed(svg):
    return ElementTree.fromstring(svg)


def points(element):
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", element.get("d"))]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_shapes_lie_where_they_are_said_to_lie():
    sheet = VectorCanvas(99.5, 60)
    sheet.line((10, 10.04), (50, 10), RED, 3)
    sheet.curve((10, 20), (50, 40), RED)
    sheet.rounded_box((5, 6, 15, 26), canvas.WASH, RED, radius=4)
    sheet.circle((30, 31), 7, RED)
    sheet.text((50, 20), "a<b", 10, RED, "rm")
    root = parsed(sheet.finish())
    assert root.get("viewBox") == "0 0 100 60"
    line, curve = root.findall("path")
    assert points(line) == [(10, 10), (50, 10)] and line.get("stroke") == css(RED) == "#c80000"
    assert points(curve) == [(10, 20), (30, 20), (30, 40), (50, 40)]
    box = root.find("rect")
    assert [box.get(key) for key in ("x", "y", "width", "height", "rx")] == [
        "5",
        "6",
        "10",
        "20",
        "4",
    ]
    assert (box.get("fill"), box.get("stroke")) == (css(canvas.WASH), css(RED))
    circle = root.find("circle")
    assert [circle.get(key) for key in ("cx", "cy", "r", "stroke")] == ["30", "31", "7", None]
    text = root.find("text")
    assert (text.text, text.get("text-anchor")) == ("a<b", "end")


@pytest.mark.parametrize("method", ["arrow", "curved_arrow"])
def test_arrows_are_those_of_the_picture(method):
    vectors, pixels = VectorCanvas(80, 40), canvas.Canvas(80, 40)
    for sheet in (vectors, pixels):
        getattr(sheet, method)((10, 20), (70, 20), RED, 3)
    head = next(path for path in parsed(vectors.finish()).findall("path") if path.get("fill"))
    corners = np.array(points(head))
    assert tuple(corners[0]) == (70, 20)
    rows, columns = np.nonzero(np.asarray(pixels.finish())[:, :, 1] < 220)
    assert columns.max() == pytest.approx(corners[:, 0].max(), abs=1.5)
    assert rows.min() == pytest.approx(corners[:, 1].min(), abs=1.5)
    assert rows.max() == pytest.approx(corners[:, 1].max(), abs=1.5)


@pytest.mark.parametrize(
    "architecture", [nas_genotypes.auto_deeplab(), random_architecture.draw(3, 5, 5)]
)
def test_architectures_are_drawn_on_it(architecture):
    picture = cell.draw_cell(architecture)
    root = parsed(cell.draw_cell(architecture, VectorCanvas))
    assert root.get("viewBox") == f"0 0 {picture.width} {picture.height}"
    texts = [text.text for text in root.findall("text")]
    for block, pairs in enumerate(architecture.cell):
        assert nas_genotypes.state_name(block + 2) in texts
        assert {labels.operation_label(operation) for _, operation in pairs} <= set(texts)
    path = architecture.path
    picture = trellis.draw_trellis(None, path)
    root = parsed(trellis.draw_trellis(None, path, VectorCanvas))
    assert root.get("viewBox") == f"0 0 {picture.width} {picture.height}"
    chosen = {
        (float(circle.get("cx")), float(circle.get("cy")))
        for circle in root.findall("circle")
        if circle.get("fill") == css(canvas.HIGHLIGHT)
    }
    assert chosen == {trellis.node_center(layer, level) for layer, level in enumerate((0, *path))}
