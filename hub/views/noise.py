"""Figures with noise: differential privacy for customers, by OpenDP's discrete Laplace mechanism.

What one customer can add is bounded before anything is added up: at most `top_code` to a sum, in at most
`cells_per_customer` cells, chosen by the customer's own rows alone. Sums are of whole numbers (an amount that is none
is counted in ten thousandths of its bound), so that no rounding of the machine tells more than the noise allows
(Mironov 2012; Casacuberta, Shoemate, Vadhan and Wagaman 2022). Each component is one vector over all cells; whoever
comes or goes changes it by at most the bound times the cells (L1), and the noise is scaled to that (Dwork, McSherry,
Nissim and Smith 2006). The epsilon of a release is divided evenly among its vectors (basic composition).

Totals are sums of noisy cells, and cells of fewer than k are withheld by their noisy counts, those of nobody as well:
both cost nothing. Nothing exact decides, so no staff are counted: one customer of a fifth employee would show. Nothing
else is withheld for a cell's sake: what the totals tell of it has the noise in it that was paid for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hub.errors import SettingsInvalid
from hub.views.cells import CUSTOMERS, Figures, Table, axis_of, coded_rows, counts_of, levels_of
from hub.views.folding import SUBJECT
from hub.views.release import dtype_of
from hub.views.spec import ViewSpec
from hub.views.summary import MICRO, Budget, MeasureOp, Summary
from privacy.withholding import Because, Numbers

Wholes = NDArray[np.int64]
_PARTS: Final = 10_000
"""In how many parts of its bound an amount that is no whole number is counted."""
_SLACK: Final = 1e-9


@dataclass(frozen=True, slots=True)
class _Vector:
    """One component over all cells in whole units: how many each cell has, the most of one customer, the unit."""

    values: Wholes
    most: int
    unit: float


def verify_noise() -> Any:  # noqa: ANN401 - OpenDP has no type stubs
    """Return OpenDP.

    Raises:
        SettingsInvalid: it is not installed.

    """
    try:
        import opendp.prelude as dp  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        why = "the package opendp is not installed"
        raise SettingsInvalid("view with `privacy`", why, "Install the extra: pip install 'varde[dp]'") from None
    dp.enable_features("contrib")  # reviewed by OpenDP, their proofs not all: what they call all but a few mechanisms
    return dp


def noisy_table(spec: ViewSpec, summary: Summary, budget: Budget, rows: pl.DataFrame, as_of: datetime) -> Table:
    """Put rows into cells, with noise in every component."""
    coded = _bounded(spec, summary, budget, coded_rows(spec, summary, rows))
    levels = levels_of(spec, summary, as_of)
    vectors = _vectors(spec, summary, coded, tuple(len(each) - summary.totals for each in levels))
    cells = budget.cells_per_customer if summary.of_events else 1
    drawn = _drawn(vectors, cells, budget.epsilon / MICRO)
    figures: Figures = {name: _with_totals(values, summary) for name, values in drawn.items()}
    for name in figures.keys() & _never_negative(spec):
        figures[name] = np.maximum(figures[name], 0.0)
    few = np.argwhere(figures[CUSTOMERS] < spec.k)
    withheld = {tuple(int(each) for each in place): Because.TOO_FEW for place in few}
    return Table(levels=levels, figures=figures, withheld=withheld)


def _never_negative(spec: ViewSpec) -> set[str]:
    """Return the components that are counts: what noise takes below 0 is told as 0."""
    names = [each.name for each in spec.features]
    return {f"{kind}:{name}" for kind in ("who", "some") for name in names} | {
        f"sum:{name}" for name in counts_of(spec)
    }


def _bounded(spec: ViewSpec, summary: Summary, budget: Budget, coded: pl.DataFrame) -> pl.DataFrame:
    """Let no customer add more than their share: values to the bound, and the cells in which they have most."""
    bounds = {each.name: float(each.shape.top_code or 0) for each in spec.features if each.name in summary.measured}
    clipped = coded.with_columns(pl.col(name).clip(-most, most) for name, most in bounds.items())
    if not summary.of_events:
        return clipped
    axes = [axis_of(place) for place in range(len(summary.by))]
    most = [pl.col(name).abs().fill_null(0.0) for name in sorted(bounds)]
    falling = [True] * len(most) + [False] * len(axes)
    ordered = clipped.sort([*most, *axes], descending=falling)
    return ordered.group_by(SUBJECT, maintain_order=True).head(budget.cells_per_customer)


def _vectors(spec: ViewSpec, summary: Summary, coded: pl.DataFrame, shape: tuple[int, ...]) -> dict[str, _Vector]:
    """Add up, in whole units, every component that a measure needs; customers always: cells are withheld by them."""
    index = tuple(coded[axis_of(place)].to_numpy().astype(np.intp) for place in range(len(shape)))
    bounds = {each.name: each.shape.top_code or 0 for each in spec.features}
    whole = {each.name for each in spec.features if dtype_of(each) in (pl.Int64(), pl.Boolean())}

    def counted(values: pl.Series, most: int, unit: float) -> _Vector:
        total = np.zeros(shape, dtype=np.int64)
        np.add.at(total, index, values.fill_null(0).to_numpy().astype(np.int64))
        return _Vector(total, most, unit)

    found = {CUSTOMERS: counted(pl.repeat(1, coded.height, eager=True), 1, 1.0)}
    for kind, name in sorted(_components(summary)):
        x = coded[name]
        if kind == "who":
            found[f"{kind}:{name}"] = counted(x.is_not_null().cast(pl.Int64), 1, 1.0)
        elif kind == "some":
            found[f"{kind}:{name}"] = counted((x > 0).cast(pl.Int64), 1, 1.0)
        else:
            most, unit = (int(bounds[name]), 1.0) if name in whole else (_PARTS, bounds[name] / _PARTS)
            found[f"{kind}:{name}"] = counted((x / unit).round().clip(-most, most), most, unit)
    return found


def _components(summary: Summary) -> set[tuple[str, str]]:
    kinds = {
        MeasureOp.SUM: (("sum", "of"),),
        MeasureOp.MEAN: (("sum", "of"), ("who", "of")),
        MeasureOp.SHARE: (("some", "of"), ("who", "of")),
        MeasureOp.RATIO: (("sum", "of"), ("sum", "to")),
    }
    return {
        (kind, str(getattr(measure, side))) for measure in summary.measures for kind, side in kinds.get(measure.op, ())
    }


def _drawn(vectors: Mapping[str, _Vector], cells: int, epsilon: float) -> dict[str, Numbers]:
    """Add noise to every vector, scaled so that all of them together spend epsilon at most."""
    dp = verify_noise()
    share, spent, found = epsilon / len(vectors), 0.0, {}
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    for name, vector in vectors.items():
        reach = vector.most * cells
        mechanism = dp.m.make_laplace(*space, scale=reach / share * (1 + _SLACK))
        spent += mechanism.map(d_in=reach)
        noisy = np.array(mechanism(vector.values.ravel().tolist()), dtype=np.float64)
        found[name] = noisy.reshape(vector.values.shape) * vector.unit
    if spent > epsilon:
        raise ArithmeticError("the noise would not hold what the budget says")
    return found


def _with_totals(values: Numbers, summary: Summary) -> Numbers:
    """Add the totals as sums of what is noisy already."""
    if summary.totals:
        for axis in range(values.ndim):
            values = np.concatenate([values, values.sum(axis=axis, keepdims=True)], axis=axis)
    return values
