"""A band of cost: candidates are worth comparing where they cost about the same."""

import dataclasses
import statistics
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, setting

# What may bound a pool: how each is told.
_UNITS = {
    "multiply_adds": "{:,.0f}",
    "parameters": "{:,.0f}",
    "activation_bytes": "{:,.0f}",
    "latency": "{:.4g} s",
}
QUANTITIES = tuple(_UNITS)

Name = TypeVar("Name")
Costs = TypeVar("Costs")


@dataclasses.dataclass(frozen=True, kw_only=True)
class BandConfig(Settings):
    """What bounds a pool of candidates: two limits, or a share around something."""

    band: str = setting(
        "",
        "What candidates have to cost about the same of: {choices}; multiply-adds and the bytes of "
        "the activations of one image as deeplab_nas.describe counts them, trainable parameters, "
        "or the measured seconds of an inference. Empty: they may cost what they will.",
        choices=QUANTITIES,
    )
    band_share: float | None = setting(
        None,
        "How far from the middle of the band, as a share of it: 0.1 keeps what costs 10% more or "
        "less. Unset: the two limits count.",
        above=0,
        most=1,
    )
    band_middle_path: str = setting(
        "",
        "Name or JSON file of the architecture whose cost is the middle of --band_share; empty: "
        "the median of the candidates.",
        path=True,
        free=True,
    )
    band_lowest: float | None = setting(
        None, "Least that a candidate may cost; unset: nothing.", least=0
    )
    band_highest: float | None = setting(
        None, "Most that a candidate may cost; unset: anything.", least=0
    )

    def check_together(self) -> None:
        has_limits = self.band_lowest is not None or self.band_highest is not None
        has_share = self.band_share is not None
        if not self.band and (has_limits or has_share or self.band_middle_path):
            raise UserError(
                f"Expected --band with what bounds it, found none: name one of "
                f"{', '.join(QUANTITIES)}."
            )
        if self.band and has_limits == has_share:
            found = "both" if has_share else "neither"
            raise UserError(
                f"Expected --band={self.band} with --band_share or with --band_lowest and "
                f"--band_highest, found {found}: give one."
            )
        if self.band_middle_path and not has_share:
            raise UserError(
                f"Expected --band_share with --band_middle_path={self.band_middle_path}, found "
                "none: say how far from its cost a candidate may be."
            )
        if None not in (self.band_lowest, self.band_highest) and (
            self.band_lowest > self.band_highest
        ):
            raise UserError(
                f"Expected --band_lowest at or below --band_highest={self.band_highest:g}, found "
                f"{self.band_lowest:g}."
            )


@dataclasses.dataclass(frozen=True)
class Limits:
    """From what to what a candidate may cost, both included."""

    quantity: str
    lowest: float
    highest: float

    def include(self, costs: Any) -> bool:
        """Whether something costs as much; it has the attribute that `quantity` names."""
        return self.lowest <= getattr(costs, self.quantity) <= self.highest

    def __str__(self) -> str:
        told = _UNITS[self.quantity].format
        upwards = f" to {told(self.highest)}" if self.highest < float("inf") else ""
        return f"{self.quantity} from {told(self.lowest)}{upwards}"


def limits(config: BandConfig, costs: Collection[Any], middle: Any | None = None) -> Limits:
    """Computes the limits of a band.

    Args:
        config: The band, which is one.
        costs: Of all candidates; each has the attribute that `config.band` names.
        middle: What the architecture of `config.band_middle_path` costs; None where that is empty.

    Raises:
        UserError: It is a share of the median of candidates, of which there are none.
    """
    if config.band_share is None:
        highest = float("inf") if config.band_highest is None else config.band_highest
        return Limits(config.band, config.band_lowest or 0.0, highest)
    if bool(config.band_middle_path) != (middle is not None):
        raise ValueError("middle: expected the cost of --band_middle_path where it is given.")
    if middle is None and not costs:
        raise UserError(
            f"Expected candidates whose median is the middle of --band_share={config.band_share}, "
            "found none before some are proposed: give --band_middle_path, or --band_lowest and "
            "--band_highest."
        )
    centre = (
        statistics.median(getattr(each, config.band) for each in costs)
        if middle is None
        else getattr(middle, config.band)
    )
    share = config.band_share
    return Limits(config.band, centre * (1 - share), centre * (1 + share))


def kept(within: Limits, costs: Mapping[Name, Costs]) -> dict[Name, Costs]:
    """Keeps the candidates within limits.

    Args:
        within: The limits.
        costs: Of each candidate, by its name, one or more.

    Returns:
        Those within, in the same order.

    Raises:
        UserError: There is none.
    """
    inside = {name: cost for name, cost in costs.items() if within.include(cost)}
    if not inside:
        found = [getattr(cost, within.quantity) for cost in costs.values()]
        told = _UNITS[within.quantity].format
        raise UserError(
            f"Expected candidates with {within}, found {len(found)} with {told(min(found))} to "
            f"{told(max(found))}: set --band_share, or --band_lowest and --band_highest, so that "
            "some are within, or give other candidates."
        )
    return inside
