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


def recovered(uplift: float, treated: int, value_of_kept: Vector) -> Figure:
    """Count the value that an action kept or brought back beyond what a hold-out did by itself.

    Args:
        uplift: share of the treated who stayed or came back, less the same share of the hold-out; or a bound of it.
        treated: how many were treated.
        value_of_kept: value of each of the treated who stayed or came back: nobody else brings any.
    """
    mean = float(value_of_kept.mean()) if value_of_kept.size else 0.0
    return Figure(
        name="recovered_clv_minor",
        figure=uplift * treated * mean,
        formula="(share of the treated - share of the hold-out) * treated * mean value of who stayed or came back",
        inputs={"treated": float(treated), "uplift": uplift, "mean_value_minor": mean},
    )


def returns(recovered_minor: float, cost_minor: float) -> Figure:
    """Give the return on an action; None where it cost nothing: a share of nothing is no figure."""
    return Figure(
        name="return_on_investment",
        figure=(recovered_minor - cost_minor) / cost_minor if cost_minor > 0 else None,
        formula="(recovered_clv_minor - cost_minor) / cost_minor",
        inputs={"recovered_clv_minor": recovered_minor, "cost_minor": cost_minor},
    )
