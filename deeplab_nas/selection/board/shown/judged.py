"""What the picks of arms are worth, as a table of the page and as one of the card."""

from collections.abc import Iterator, Sequence
from html import escape

from deeplab_nas.selection.board.judgement import Judgement
from deeplab_nas.selection.board.shown import network_rows

_NOTHING = "\N{EN DASH}"
_NOTE = (
    "Each arm had the same training steps in each repetition. What it picked was then trained with "
    "{seeds} that had chosen nothing. Intervals are over repetitions, seeds and images together; "
    "the last column is Wilcoxon's signed-rank test, exact and one-sided."
)
HEADS = (
    *("arm", "mean IoU of its picks", "ahead of random", "95% interval"),
    *("better than random", "p by chance"),
)


def rows(judgements: Sequence[Judgement]) -> Iterator[tuple[str, ...]]:
    """Yields what stands in each row, in the order of `HEADS`, plain text."""
    for judged in judgements:
        lead = judged.lead
        each = ", ".join(f"{miou:.4f}" for miou in judged.mious)
        told = [f"{judged.miou:.4f} ({each})"]
        if lead is None:
            told += [_NOTHING] * 4
        else:
            told += [f"{lead.miou:+.4f}", f"{lead.low:+.4f} to {lead.high:+.4f}"]
            told += [f"{lead.better:.0%} of the pairs"]
            told += [_NOTHING if lead.signed_rank is None else f"{lead.signed_rank:.3f}"]
        yield (judged.arm, *told)


def note(judgements: Sequence[Judgement]) -> str:
    """What the table says and how it came about, one paragraph of plain text."""
    seeds = judgements[0].seeds
    return _NOTE.format(seeds="a seed" if seeds == 1 else f"{seeds} seeds")


def section(judgements: Sequence[Judgement], groups: Sequence[str]) -> str:
    """Returns the section of the page, HTML; empty where nothing was judged.

    Args:
        judgements: Of the arms.
        groups: Names of all arms, in the order of their colours.
    """
    if not judgements:
        return ""
    heads = "".join(f'<th scope="col">{head}</th>' for head in HEADS)
    body = []
    for arm, *told in rows(judgements):
        name = network_rows.arm(arm, groups.index(arm))
        cells = "".join(f"<td>{escape(text)}</td>" for text in told)
        body.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
    lines = "\n".join(body)
    return f"""<h2 id="judged">Which way of choosing is worth it</h2>
<p class="note">{escape(note(judgements))}</p>
<div class="scroll" role="region" aria-labelledby="judged" tabindex="0">
<table class="judged">
<thead><tr>{heads}</tr></thead><tbody>
{lines}
</tbody></table>
</div>
"""
