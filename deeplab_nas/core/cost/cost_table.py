"""A cost as a text table."""

from collections.abc import Sequence

from deeplab_nas.core.cost.network_cost import Cost, StageCost

_HEADER = (
    "stage",
    "stride",
    "size",
    "channels",
    "parameters",
    "multiply-adds",
    "paper's",
    "activations",
    "sees",
)


def render(cost: Cost) -> str:
    """Writes a line for each stage, their sum and what the columns are.

    Args:
        cost: Of a network.

    Returns:
        Lines of text, aligned for a font of fixed width.
    """
    totals = _counts(cost)
    sums = ("total", f"{cost.output_stride}", "", "", *totals, "")
    rows = [_HEADER, *(_row(stage) for stage in cost.stages), sums]
    notes = [
        f"Trainable parameters {cost.trainable_parameters:,}, of the backbone "
        f"{cost.backbone_trainable_parameters:,}; {cost.parameters:,} with moving statistics.",
        "Multiply-adds of the convolutions for one image, in billions; the paper's count pads",
        "atrous maps and adds image pooling and additions. Activations: what training keeps of one",
        "image for the backward pass, in MiB. Stride of the total: the backbone's. Sees: receptive",
        "field in pixels of the image.",
    ]
    return "\n".join([*_aligned(rows), "", *notes])


def _row(stage: StageCost) -> tuple[str, ...]:
    sees = "image" if stage.receptive_field is None else f"{stage.receptive_field}"
    size = f"{stage.height}x{stage.width}"
    return (stage.name, f"{stage.output_stride}", size, f"{stage.channels}", *_counts(stage), sees)


def _counts(cost: Cost | StageCost) -> tuple[str, ...]:
    return (
        f"{cost.trainable_parameters:,}",
        f"{cost.multiply_adds / 1e9:.2f}",
        f"{cost.paper_multi_adds / 1e9:.2f}",
        f"{cost.activation_bytes / 2**20:.1f}",
    )


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
