"""All that a check of a view found, as it is kept and shown: counts and shares over everybody, no row of anybody.

Counts of few stand in what is kept; who may not see them (`without_few`) gets None in their place, as modellers do of
absence counts at a release.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from pydantic import TypeAdapter

from hub.inspection.cells import CellFigures, cells_unmeasured
from hub.inspection.cost import Cost
from hub.inspection.differencing import Differences
from hub.inspection.differencing import without_few as differences_without_few
from hub.inspection.groups import Diversity, Groups
from hub.inspection.ladder import Rung
from hub.inspection.lineage import Thread
from hub.inspection.search import Proposal
from hub.retention.sight import RETENTION
from hub.views.feature import Aggregate

OUTSIDE: Final = "outside_population"
_LEAST: Final = 5
"""Counts below this, or below the view's own k, are counts of few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What to write in the spec for one quasi-identifier, and that in words."""

    column: str
    words: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The least lossy generalisation that reaches k: nothing to change where the spec's own is the one.

    Loss is the normalised certainty penalty, 0 to 1; `hidden` the share of rows whose quasi-identifiers k takes away.
    """

    changes: tuple[Change, ...]
    loss_before: float
    loss_after: float
    hidden_before: float
    hidden_after: float
    combinations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of a check.

    - `customers`: all of the view's grain; `lost`: how many are in no row, by rule; the rest are rows;
    - `unique`: rows whose released values no other row has, all columns together;
    - `unused`: columns that the last models learned without;
    - `cells`: of a summary; its `rows` are cells with figures, and nothing is counted of rows that never leave.
    """

    view: str
    version: int
    k: int
    quasi_identifiers: tuple[str, ...]
    customers: int
    rows: int
    lost: Mapping[str, int]
    unique: int | None
    groups: Groups
    diversity: tuple[Diversity, ...]
    plan: Plan | None
    differences: Differences
    lineage: tuple[Thread, ...]
    unused: tuple[str, ...]
    cost: tuple[Cost, ...]
    cells: CellFigures | None = None


_WRITTEN: Final = TypeAdapter(Figures)
_Name = TypeVar("_Name", str, int)


def written(figures: Figures) -> str:
    """Write figures as JSON."""
    return _WRITTEN.dump_json(figures).decode()


def read(text: str) -> Figures:
    """Read figures that `written` wrote."""
    return _WRITTEN.validate_json(text)


def without_few(figures: Figures) -> Figures:
    """Take counts of few away, for whoever is neither DPO nor owner, and round the others down to groups of that size.

    Exact totals would give the few away by subtraction, and a filter of one's own would count whoever it names. Of a
    summary nothing is told that was measured in its population: `rows` is 0.
    """
    least, groups = max(figures.k, _LEAST), figures.groups
    return replace(
        figures,
        customers=_coarse(figures.customers, least),
        rows=_coarse(figures.rows, least) if figures.cells is None else 0,
        lost=_coarse_of(_told_of_lost(figures), least),
        unique=_told(figures.unique, least),
        groups=replace(
            groups,
            rows=_coarse(groups.rows, least),
            groups=_coarse(groups.groups, least),
            smallest=_told(groups.smallest, least),
            rows_below_k=_told(groups.rows_below_k, least),
            sizes=_coarse_of(groups.sizes, least),
        ),
        diversity=tuple(
            replace(each, rows_of_one_value=_told(each.rows_of_one_value, least)) for each in figures.diversity
        ),
        plan=None if figures.plan is None else _rounded(figures.plan),
        differences=differences_without_few(figures.differences, least=least),
        cells=None if figures.cells is None else cells_unmeasured(figures.cells),
    )


def _told_of_lost(figures: Figures) -> Mapping[str, int]:
    """Return who is lost by rule; of a summary without those whom the author's own population decides."""
    if figures.cells is None:
        return figures.lost
    return {rule: count for rule, count in figures.lost.items() if rule not in (OUTSIDE, RETENTION)}


def _coarse(count: int, least: int) -> int:
    return count - count % least


def _coarse_of(counts: Mapping[_Name, int], least: int) -> dict[_Name, int]:
    return {name: _coarse(count, least) for name, count in counts.items() if count >= least}


def plan_of(proposal: Proposal) -> Plan:
    """Say what to write in the spec."""
    own, best = proposal.own, proposal.best
    return Plan(
        changes=tuple(
            Change(column=rung.name, words=rung.words, key=_key(rung)) for rung in best.rungs if not rung.is_own
        ),
        loss_before=own.loss,
        loss_after=best.loss,
        hidden_before=own.hidden,
        hidden_after=best.hidden,
        combinations=proposal.combinations,
    )


def _rounded(plan: Plan) -> Plan:
    """Tell shares in whole hundredths: exact ones are counts in other words."""
    return replace(
        plan,
        loss_before=round(plan.loss_before, 2),
        loss_after=round(plan.loss_after, 2),
        hidden_before=round(plan.hidden_before, 2),
        hidden_after=round(plan.hidden_after, 2),
    )


def _key(rung: Rung) -> str:
    feature = rung.feature
    if feature is None:
        return "released: false"
    if isinstance(feature, Aggregate) and feature.levels:
        return f"levels: [{', '.join(feature.levels)}]"
    shape = feature.shape
    if shape.bands:
        return f"bands: [{', '.join(f'{edge:g}' for edge in shape.bands)}]"
    said = {"top_code": shape.top_code, "round_to": shape.round_to}
    return ", ".join(f"{name}: {value:g}" for name, value in said.items() if value is not None)


def _told(count: int | None, least: int) -> int | None:
    return None if count and count < least else count
