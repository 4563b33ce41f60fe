"""A band of cost: candidates are worth comparing where they cost about the same."""

import dataclasses
import statistics
from collections.abc import Mapping
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


def kept(
    config: BandConfig, costs: Mapping[Name, Costs], middle: Any | None = None
) -> dict[Name, Costs]:
    """Keeps the candidates within the band, whose limits belong to it.

    Args:
        config: The band.
        costs: Of each candidate, by its name; each has the attribute that `config.band` names.
        middle: What the architecture of `config.band_middle_path` costs; None where that is empty.

    Returns:
        Those within the band, in the same order.

    Raises:
        UserError: There is none.
    """
    if not config.band:
        return dict(costs)
    found = {name: getattr(each, config.band) for name, each in costs.items()}
    lowest, highest = _limits(
        config, found.values(), None if middle is None else getattr(middle, config.band)
    )
    inside = {name: costs[name] for name, cost in found.items() if lowest <= cost <= highest}
    if not inside:
        told = _UNITS[config.band].format
        bound = f"from {told(lowest)}" + (f" to {told(highest)}" if highest < float("inf") else "")
        raise UserError(
            f"Expected candidates with {config.band} {bound}, found {len(found)} with "
            f"{told(min(found.values()))} to {told(max(found.values()))}: set --band_share, or "
            "--band_lowest and --band_highest, so that some are within, or give other candidates."
        )
    return inside


def _limits(config, costs, middle):
    if config.band_share is None:
        highest = config.band_highest
        return config.band_lowest or 0.0, float("inf") if highest is None else highest
    if bool(config.band_middle_path) != (middle is not None):
        raise ValueError("middle: expected the cost of --band_middle_path where it is given.")
    centre = statistics.median(costs) if middle is None else middle
    return centre * (1 - config.band_share), centre * (1 + config.band_share)
