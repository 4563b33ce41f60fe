"""What the page tells of a network that is opened: path and cell, trainings, IoU of the classes."""

from collections.abc import Iterator
from html import escape

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.nas_genotypes import NUM_LEVELS, Path
from deeplab_nas.drawing import cell, trellis
from deeplab_nas.drawing.vector_canvas import VectorCanvas
from deeplab_nas.selection.board.shown import quantities
from deeplab_nas.selection.board.standings import Standing

_STEP = 8


def render(standing: Standing) -> str:
    """Returns what stands below the row of a network, HTML."""
    return "\n".join(['<div class="inside">', *_parts(standing), "</div>"])


def small_path(path: Path) -> str:
    """Returns a path as a line of a few pixels, SVG: down is a coarser resolution."""
    width, height = _STEP * len(path) + 4, _STEP * (NUM_LEVELS - 1) + 4
    points = (f"{2 + _STEP * layer},{2 + _STEP * level}" for layer, level in enumerate((0, *path)))
    return (
        f'<svg class="path" viewBox="0 0 {width} {height}" aria-hidden="true">'
        f'<path d="M{"L".join(points)}"/></svg>'
    )


def _parts(standing: Standing) -> Iterator[str]:
    candidate = standing.candidate
    architecture = candidate.architecture
    strides = nas_genotypes.path_text(architecture.path)
    yield f"<div><h3>Path: output strides {strides}</h3>"
    yield f"<figure>{trellis.draw_trellis(None, architecture.path, VectorCanvas)}</figure>"
    yield from _trainings(standing)
    yield "</div><div><h3>Cell</h3>"
    yield f'<figure class="cell">{cell.draw_cell(architecture, VectorCanvas)}</figure>'
    yield '<ol start="0">'
    yield from (f"<li>{nas_genotypes.block_text(block)}</li>" for block in architecture.cell)
    yield "</ol></div>"


def _trainings(standing: Standing) -> Iterator[str]:
    if not standing.trainings:
        yield "<p>Not trained.</p>"
        return
    yield '<h3>Trainings</h3><table class="plain">'
    yield "<tr><th>steps</th><th>seed</th><th>mean IoU</th><th>time</th></tr>"
    trainings = sorted(standing.candidate.trainings, key=lambda each: (-each.steps, each.seed))
    for training in trainings:
        time = quantities.in_words(quantities.of_seconds([training.seconds]), training.seconds)
        row = (f"{training.steps:,}", f"{training.seed}", f"{training.miou:.4f}", time)
        yield f"<tr>{''.join(f'<td>{text}</td>' for text in row)}</tr>"
    yield "</table>"
    if standing.class_iou:
        yield f"<details><summary>IoU of each class after {standing.steps:,} steps</summary>"
        yield '<table class="plain">'
        for name, iou in standing.class_iou.items():
            bar = f'<meter min="0" max="1" value="{iou:.4f}"></meter>'
            yield f"<tr><th>{escape(name)}</th><td>{bar}</td><td>{iou:.4f}</td></tr>"
        yield "</table></details>"
