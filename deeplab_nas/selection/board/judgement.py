"""What the picks of an arm are worth, by trainings that chose nothing, as a value and as JSON."""

import dataclasses
from typing import Any

from deeplab_nas.files.json_field import Field


@dataclasses.dataclass(frozen=True)
class Lead:
    """How far the picks of an arm are ahead of those of random.

    Attributes:
        miou: Mean over the repetitions of the difference in mean IoU, of the same repetition.
        low: Lower end of its 95% interval over repetitions, seeds and images.
        high: Upper end.
        better: Share of the pairs of repetitions, each with each, that it wins, equal ones half.
        signed_rank: Probability under chance of differences that lie so far above 0 (Wilcoxon,
            exact, one-sided); None for one repetition.
    """

    miou: float
    low: float
    high: float
    better: float
    signed_rank: float | None


@dataclasses.dataclass(frozen=True)
class Judgement:
    """An arm, judged.

    Attributes:
        arm: Its name.
        picks: The candidate that it ends with in each repetition.
        mious: Mean IoU of each pick over the trainings that judge.
        seeds: How many these are.
        lead: Over the arm random; None for random itself.
    """

    arm: str
    picks: tuple[str, ...]
    mious: tuple[float, ...]
    seeds: int
    lead: Lead | None

    @property
    def miou(self) -> float:
        """Mean over the repetitions."""
        return sum(self.mious) / len(self.mious)


def document(judgement: Judgement) -> dict[str, Any]:
    """A judgement as JSON takes it."""
    return dataclasses.asdict(judgement)


def read(field: Field) -> Judgement:
    """Reads what `document` made.

    Raises:
        UserError: It is none; the message names the field.
    """
    fields = field.record(("arm", "picks", "mious", "seeds", "lead"))
    lead = fields["lead"]
    return Judgement(
        arm=fields["arm"].line(),
        picks=tuple(name.line() for name in fields["picks"].items()),
        mious=tuple(_number(miou, 0, 1) for miou in fields["mious"].items()),
        seeds=fields["seeds"].integer(1),
        lead=None if lead.value is None else _lead(lead),
    )


def _lead(field: Field) -> Lead:
    fields = field.record(("miou", "low", "high", "better", "signed_rank"))
    probability = fields["signed_rank"]
    return Lead(
        **{name: _number(fields[name], -1, 1) for name in ("miou", "low", "high")},
        better=_number(fields["better"], 0, 1),
        signed_rank=None if probability.value is None else _number(probability, 0, 1),
    )


def _number(field: Field, least: float, most: float) -> float:
    if not least <= field.number() <= most:
        raise field.refusal(f"a number from {least} to {most}")
    return float(field.value)
