"""What value means for a business: documented formulas whose inputs are shown beside the result.

All of them rest on one value per customer (`predict.value.lifetime`), so that value at risk, value recovered and
returns are sums of the same thing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from predict.frames import Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure with its formula and the numbers that went into it; money is in minor units of one currency."""

    name: str
    figure: float | None
    formula: str
    inputs: Mapping[str, float]

    def as_mapping(self) -> dict[str, object]:
        """Give plain JSON values."""
        return {"name": self.name, "figure": self.figure, "formula": self.formula, "inputs": dict(self.inputs)}


def value_at_risk(leaving: Vector, value: Vector) -> Figure:
    """Sum up over customers the chance of leaving times the value that would be lost."""
    return Figure(
        name="value_at_risk_minor",
        figure=float(leaving @ value),
        formula="sum over customers of chance of leaving * value if he stays",
        inputs={
            "customers": float(value.size),
            "value_minor": float(value.sum()),
            "expected_departures": float(leaving.sum()),
        },
    )


def recovered(kept: float, by_itself: float, value: Vector) -> Figure:
    """Count the value of those whom an action kept or brought back beyond what a hold-out did by itself.

    Args:
        kept: share of the treated who stayed or came back.
        by_itself: the same share of the hold-out.
        value: value of every treated customer.
    """
    return Figure(
        name="recovered_value_minor",
        figure=(kept - by_itself) * float(value.sum()),
        formula="(share of the treated - share of the hold-out) * value of the treated",
        inputs={
            "treated": float(value.size),
            "share_treated": kept,
            "share_hold_out": by_itself,
            "value_minor": float(value.sum()),
        },
    )


def returns(recovered_minor: float, cost_minor: float) -> Figure:
    """Give the return on an action; None where it cost nothing: a share of nothing is no figure."""
    return Figure(
        name="return_on_investment",
        figure=(recovered_minor - cost_minor) / cost_minor if cost_minor > 0 else None,
        formula="(recovered_value_minor - cost_minor) / cost_minor",
        inputs={"recovered_value_minor": recovered_minor, "cost_minor": cost_minor},
    )
