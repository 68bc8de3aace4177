"""How far customers have moved from how they looked when the model learned, and whether its chance still comes true.

Population stability index (PSI) of a column or of the score: sum over bins of (now - then) * ln(now / then), the bins
being tenths of what was taught and one for no value (Siddiqi, Credit Risk Scorecards, 2006, ch. 8: below .1 stable,
from .25 a shift). A PSI of few customers is large by chance alone: it is near (1/n + 1/m) times a chi-squared figure of
bins - 1 degrees of freedom (Yurdakul & Naranjo, Journal of Risk Model Validation 14, 2020), so a shift must pass the
.999 quantile of that too. Calibration drift: outcomes seen over outcomes foretold, with the interval of the difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.stats import chi2

from predict.frames import Matrix, Vector
from predict.readiness import Light

TENTHS: Final = 10
WATCH, SHIFTED = 0.1, 0.25
BY_CHANCE: Final = 0.999
FLOOR: Final = 0.5  # of one customer: an empty bin has no logarithm
Z: Final = 1.959963984540054  # two-sided 95 %


@dataclass(frozen=True, slots=True)
class Binned:
    """A column as it was taught: the inner edges of its bins, the share of each, then the share without a value."""

    name: str
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    customers: int

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values; `binned_of` reads them back."""
        lists = {"edges": list(self.edges), "shares": list(self.shares)}
        return {"name": self.name, **lists, "customers": self.customers}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How far a column moved; `by_chance` is what as many customers who did not change would stay below."""

    name: str
    psi: float
    by_chance: float
    light: Light

    def as_mapping(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"name": self.name, "psi": self.psi, "by_chance": self.by_chance, "light": self.light.value}


def binned_of(stored: Mapping[str, Any]) -> Binned:
    """Read a binned column back from its JSON values."""
    edges, shares = tuple(map(float, stored["edges"])), tuple(map(float, stored["shares"]))
    return Binned(str(stored["name"]), edges, shares, int(stored["customers"]))


def bin_columns(raw: Matrix, names: Sequence[str]) -> tuple[Binned, ...]:
    """Bin every column by its own tenths; a column of few values has as many bins as values."""
    return tuple(_binned(name, raw[:, position]) for position, name in enumerate(names))


def shift_of(then: Binned, now: Vector) -> Shift:
    """Measure one column."""
    if not now.size:
        return Shift(name=then.name, psi=0.0, by_chance=0.0, light=Light.GREEN)
    before, after = np.asarray(then.shares), _shares(now, then.edges)
    low = FLOOR / min(then.customers, now.size)
    before, after = np.maximum(before, low), np.maximum(after, low)
    psi = float(np.sum((after - before) * np.log(after / before)))
    by_chance = float((1 / then.customers + 1 / now.size) * chi2.ppf(BY_CHANCE, max(1, len(before) - 1)))
    light = Light.GREEN
    if psi >= WATCH and psi > by_chance:
        light = Light.RED if psi >= SHIFTED else Light.AMBER
    return Shift(name=then.name, psi=psi, by_chance=by_chance, light=light)


def calibration_shift(outcome: Vector, probability: Vector) -> dict[str, Any]:
    """Compare outcomes seen with outcomes foretold (calibration-in-the-large); amber where the interval leaves zero.

    The interval is that of a sum of independent yes/no outcomes with these chances.
    """
    seen, foretold = float(outcome.sum()), float(probability.sum())
    half = Z * float(np.sqrt(np.sum(probability * (1 - probability))))
    return {
        "customers": int(outcome.size),
        "seen": seen,
        "foretold": foretold,
        "difference": (seen - foretold) / outcome.size,
        "low": (seen - foretold - half) / outcome.size,
        "high": (seen - foretold + half) / outcome.size,
        "light": (Light.GREEN if abs(seen - foretold) <= half else Light.AMBER).value,
    }


def _binned(name: str, column: Vector) -> Binned:
    known = column[np.isfinite(column)]
    inner = np.quantile(known, np.linspace(0, 1, TENTHS + 1)[1:-1]) if known.size else np.empty(0)
    edges = tuple(map(float, np.unique(inner)))
    return Binned(name, edges, tuple(map(float, _shares(column, edges))), int(column.size))


def _shares(column: Vector, edges: tuple[float, ...]) -> Vector:
    known = np.isfinite(column)
    counts = np.bincount(np.searchsorted(edges, column[known], side="left"), minlength=len(edges) + 1)
    return np.append(counts, (~known).sum()) / column.size
