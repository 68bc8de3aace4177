"""What a version changes in the figures that leave, in plain sentences; a rule without words is told by its name."""

from collections.abc import Iterator, Mapping
from dataclasses import fields

from hub.views.summary import MICRO, Budget, CellMeasure, Dimension, Summary


def summary_changes(old: Summary | None, new: Summary | None) -> Iterator[str]:
    """Say what is new in a summary; nothing where both say the same."""
    if old == new:
        return
    if new is None:
        yield "rows leave now: it was figures of cells"
    elif old is None:
        yield "no row leaves any more, but figures of cells"
        yield from (f"adds {each}" for each in (*map(_dimension, new.by), *map(_measure, new.measures)))
    else:
        before, after = ({each.name: _dimension(each) for each in summary.by} for summary in (old, new))
        yield from _named(before, after)
        before, after = ({each.name: _measure(each) for each in summary.measures} for summary in (old, new))
        yield from _named(before, after)
        if [each.name for each in old.by] != [each.name for each in new.by]:
            yield "cells are told apart in another order"
        yield from _rules(old, new)


def summary_guards(summary: Summary, k: int) -> Iterator[str]:
    """Say what keeps figures from being about few."""
    yield f"Cells of fewer than {k} customers are withheld, and those they could be computed from."
    if summary.min_staff:
        yield f"At least {summary.min_staff} employees stand behind a cell."
    yield f"Noise: {_noise(summary.budget)}."


def _named(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    yield from (f"adds {words}" for name, words in new.items() if name not in old)
    yield from (f"removes {words}" for name, words in old.items() if name not in new)
    for name in new:
        if name in old and new[name] != old[name]:
            yield f"{new[name]}; it was {old[name]}"


def _rules(old: Summary, new: Summary) -> Iterator[str]:
    for name in (field.name for field in fields(Summary) if field.name not in {"by", "measures"}):
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        match name:
            case "min_staff":
                yield f"at least {after} employees stand behind a cell, not {before}"
            case "dominance":
                yield f"nobody may tell another's amount to within {after} %, before {before} %"
            case "totals":
                yield "totals leave now" if after else "totals leave no more"
            case "budget":
                yield f"noise: {_noise(after)}; it was {_noise(before)}"
            case _:
                yield f"`{name}` is now {after}, not {before}"


def _noise(budget: Budget | None) -> str:
    if budget is None:
        return "none"
    each, total = (f"{micro / MICRO:g}" for micro in (budget.epsilon, budget.total))
    return f"epsilon {each} a release, {total} in all, {budget.cells_per_customer} cells a customer"


def _dimension(dimension: Dimension) -> str:
    if dimension.feature is not None:
        return f"cells by {dimension.name}: the customer's {dimension.feature}"
    if dimension.bucket_days is not None:
        return f"cells by {dimension.name}: {dimension.bucket_days} days each"
    return f"cells by {dimension.name}: {dimension.column} of the event ({', '.join(dimension.levels)})"


def _measure(measure: CellMeasure) -> str:
    of = f" of {' to '.join(measure.features)}" if measure.features else " of customers"
    times = f", times {measure.times:g}" if measure.times is not None else ""
    step = f", rounded to {measure.round_to:g}" if measure.round_to is not None else ""
    return f"the figure {measure.name}: {measure.op}{of}{times}{step}"
