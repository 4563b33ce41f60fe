"""Dots have the colours of their groups, as a picture and as SVG."""

import itertools
from xml.etree import ElementTree

import numpy as np
import pytest

from deeplab_nas.drawing import canvas, scatter, scatter_svg
from deeplab_nas.drawing.plot import layout
from deeplab_nas.drawing.plot.layout import Dot, Plot

GROUPS = [f"group_{number}" for number in range(10)]
DOTS = [
    Dot(f"dot_{i}", group, i % 4, i // 4, (i // 4 - 0.2, i // 4 + 0.2))
    for i, group in enumerate(GROUPS)
]
PLOT = Plot(DOTS, GROUPS, ("costs", "quality"))


def colors(number):
    return scatter.GROUP_COLORS[scatter.group_style(number)[0]]


def test_every_dot_is_drawn():
    picture = np.asarray(scatter.draw_scatter(PLOT)).astype(int)
    placing = layout.lay_out(PLOT, picture.shape[1], picture.shape[0], labelled=8)
    for placed in placing.dots:
        x, y = map(round, placed.center)
        is_ring = placed.group >= len(scatter.GROUP_COLORS)
        expected = canvas.PAPER if is_ring else colors(placed.group)
        assert np.abs(picture[y, x] - expected).max() < 12
        rim = picture[y, x - 7 : x + 8]
        assert (np.abs(rim - colors(placed.group)).max(axis=-1) < 80).any()


@pytest.mark.parametrize("palette", [scatter.GROUP_COLORS, scatter_svg.GROUP_COLORS_ON_DARK])
@pytest.mark.parametrize(
    "seen",
    [
        np.eye(3),
        # Protanopia and deuteranopia in linear RGB (Machado, Oliveira and Fernandes, 2009).
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
    ],
)
def test_colours_are_told_apart_by_whoever_sees_fewer(palette, seen):
    linear = (np.array(palette) / 255) ** 2.2
    found = np.clip(linear @ np.transpose(seen), 0, 1) ** (1 / 2.2) * 255
    distances = [np.abs(a - b).max() for a, b in itertools.combinations(found, 2)]
    assert min(distances) > 25


def test_svg_has_a_link_for_each_dot():
    links = {dot.name: (f"#{dot.name}", f"<{dot.name}> & more") for dot in DOTS}
    text = scatter_svg.draw_scatter(PLOT, 980, 520, 10, links, 'class="plot"')
    root = ElementTree.fromstring(text)
    found = root.findall("a")
    assert {(link.get("href"), link.find("title").text) for link in found} == set(links.values())
    placing = layout.lay_out(PLOT, 980, 520, 10)
    for link, placed in zip(found, placing.dots, strict=True):
        circle = link.find("circle")
        center = float(circle.get("cx")), float(circle.get("cy"))
        assert center == pytest.approx(placed.center, abs=0.06)
        assert f"g{placed.group % 7}" in link.get("class").split()
        assert ("ring" in link.get("class").split()) == (placed.group >= 7)
    assert {"costs", "quality"} <= {each.text for each in root.findall("text")}
    assert len(root.findall("path[@class='axis']")) == 2


def test_names_in_svg_are_escaped():
    hostile = "</svg><script>alert(1)</script>"
    plot = Plot([Dot(hostile, hostile, 1, 1)], [hostile], (hostile, hostile))
    text = scatter_svg.draw_scatter(plot, 980, 520, 10, {hostile: (hostile, hostile)}, "")
    root = ElementTree.fromstring(text)
    assert root.find("a/title").text == hostile
    assert not list(root.iter("script"))


def test_without_dots_there_are_axes():
    scatter.draw_scatter(Plot([], [], ("x", "y")))
    text = scatter_svg.draw_scatter(Plot([], [], ("x", "y")), 420, 460, 5, {}, "")
    assert not ElementTree.fromstring(text).findall("a")
