"""How sharp the minimum in alpha and beta is, as a search's history and pictures tell it."""

from PIL import Image

from deeplab_nas.drawing.course import Panel, draw_course
from deeplab_nas.engine.scoring.early_stop import Stop
from deeplab_nas.engine.scoring.lanczos import Spectrum

# What `measured` returns; records of epochs that were not measured have none of it.
NUMBERS = ("hessian_largest", "hessian_smallest", "hessian_ratio", "hessian_products")


def measured(spectrum: Spectrum) -> dict[str, float]:
    """Numbers by name for the history.

    Args:
        spectrum: Of the Hessian of the loss in alpha and beta.

    Returns:
        The largest eigenvalue, the smallest one and its ratio to the largest, and how many products
        with the Hessian it took.
    """
    ratio = spectrum.smallest / spectrum.largest if spectrum.largest else 0.0
    values = (spectrum.largest, spectrum.smallest, ratio, spectrum.products)
    return dict(zip(NUMBERS, values, strict=True))


def rows(stop: Stop | None) -> list[tuple[str, str]]:
    """Rows of the table at the end of a search: none where it went on to its end."""
    if stop is None:
        return []
    text = (
        f"after epoch {stop.epoch}: the largest eigenvalue rose from {stop.before:.3g} to "
        f"{stop.after:.3g}; found is the architecture of epoch {stop.returned_epoch}"
    )
    return [("stopped early", text)]


def draw(records: list[dict]) -> Image.Image:
    """Draws the largest eigenvalue, the skips of the cell and the mean IoU over the epochs.

    Args:
        records: Those of epochs, oldest first, as the history has them; one at least was measured.
    """
    panels = [
        Panel(title, [(one["epoch"], one[name]) for one in records if name in one])
        for title, name in (
            ("largest eigenvalue of the Hessian in alpha and beta", NUMBERS[0]),
            ("skips among the edges of the cell", "skips"),
            ("mean IoU of the supernet", "miou"),
        )
    ]
    return draw_course(panels, "epoch")
