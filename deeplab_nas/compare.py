"""Says which of two networks is better, and how sure that is: `python -m deeplab_nas.compare`."""

from flags import program

import numpy as np

from deeplab_nas.engine.reporting import table
from deeplab_nas.selection import extra
from deeplab_nas.selection.evidence.compare_config import CompareConfig


def main(config: CompareConfig) -> None:
    """Compares, and prints the means, their difference and its interval."""
    with extra.needed("deeplab_nas.compare"):
        from deeplab_nas.selection.evidence import comparison
    found = comparison.compare(config)
    gap = found.difference
    over = "seeds and images" if min(len(found.first), len(found.second)) > 1 else "images"
    rows = [
        ("first", _trainings(found.first)),
        ("second", _trainings(found.second)),
        ("difference", f"{gap.value:+.4f}"),
        (f"95% interval over {over}", f"{gap.low:+.4f} to {gap.high:+.4f}"),
        ("pairs that the first one wins", f"{found.better:.0%}"),
        ("images", str(found.images)),
    ]
    print(table.render(rows))


def _trainings(mious):
    each = ", ".join(f"{miou:.4f}" for miou in mious)
    return f"mIoU {np.mean(mious):.4f} ({each})"


if __name__ == "__main__":
    program.run(CompareConfig, main)
