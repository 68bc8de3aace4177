"""Filters, windows, populations and labels of a view, read from YAML.

A filter is written `{status: [placed], quantity: {ge: 1}, escalated: true, resolved_at: {null: true}}`: a list or a
single value means one of these, a mapping names the comparison.

`latest_of: COLUMN` (with `until: COLUMN`) makes of a selection what stands: of each thing that the column names the
latest event. Outcomes of a label say so by `none_standing` and `any_standing`, at the end of the horizon.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, TypeVar

from hub.views.feature import Comparison, Condition, Rows, Scalar
from hub.views.section import Section
from hub.views.spec import Label, Outcome, Population

Kind = TypeVar("Kind", bound=StrEnum)

_AT_END: Final = ("none_standing", "any_standing")
_OUTCOMES: Final = ("none_within", "any_within", *_AT_END)
_ORDERED: Final = (Comparison.GE, Comparison.GT, Comparison.LE, Comparison.LT)


def choice_of(section: Section, key: str, kinds: type[Kind], *, rule: str) -> Kind:
    """Take one of a closed list of words.

    Raises:
        SpecRefused: the word is not in the list, under the given rule.

    """
    word = section.text(key)
    if word not in set(kinds):
        raise section.refused(key, rule, f"use one of {', '.join(kinds)}")
    return kinds(word)


def rows_of(section: Section) -> Rows:
    """Take table, window and filter of a feature or a population.

    Raises:
        SpecRefused: the window reaches to as_of or beyond (`future_window`), or is no window (`empty_window`).

    """
    offset = section.whole("offset_days", 0)
    if offset < 0:
        raise section.refused("offset_days", "future_window", "end the window at as_of or before: 0 or more")
    window = section.whole_or_none("window_days")
    if window is not None and window < 1:
        raise section.refused("window_days", "empty_window", "write 1 or more days, or null for all history")
    latest_of, until = _standing(section)
    return Rows(
        table=section.text("table"),
        window_days=window,
        offset_days=offset,
        conditions=conditions_of(section.section("filter")),
        latest_of=latest_of,
        until=until,
    )


def _standing(section: Section) -> tuple[str | None, str | None]:
    """Take by which column things are told apart, and when they end by themselves.

    Raises:
        SpecRefused: `until` stands alone (`missing_key`).

    """
    latest_of, until = (section.text(key) if section.has(key) else None for key in ("latest_of", "until"))
    if until is not None and latest_of is None:
        raise section.refused("until", "missing_key", "say `latest_of` as well: what it is that ends")
    return latest_of, until


def conditions_of(section: Section) -> tuple[Condition, ...]:
    """Take a filter; conditions are kept in the order of their columns, so that the hash does not depend on it."""
    return tuple(condition for name in sorted(section.names) for condition in _conditions(section, name))


def population_of(section: Section) -> Population:
    """Take who is a row."""
    population = Population(
        any_of=tuple(_selection(part) for part in section.sections("any_of")),
        none_of=tuple(_selection(part) for part in section.sections("none_of")),
    )
    section.done()
    return population


def label_of(section: Section) -> Label:
    """Take what a training view teaches.

    Raises:
        SpecRefused: the label begins before as_of (`label_before_as_of`) or has no outcome or horizon.

    """
    starts = section.whole("starts_days", 0)
    if starts < 0:
        raise section.refused("starts_days", "label_before_as_of", "let the label begin at as_of or later: 0 or more")
    horizon = section.whole("horizon_days")
    if horizon < 1:
        raise section.refused("horizon_days", "empty_window", "write 1 or more days")
    label = Label(
        name=section.text("name"),
        horizon_days=horizon,
        starts_days=starts,
        outcomes=tuple(_outcome(part) for part in section.sections("any_of")),
    )
    if not label.outcomes:
        raise section.refused("any_of", "missing_key", "say what makes the label true")
    section.done()
    return label


def _selection(section: Section) -> Rows:
    """Take rows that stand alone."""
    rows = rows_of(section)
    section.done()
    return rows


def _outcome(section: Section) -> Outcome:
    """Take one outcome of a label: one key or several that all have to hold, each a list of tables with filters."""
    outcome: Outcome | None = None
    for key in (each for each in reversed(_OUTCOMES) if section.has(each)):
        rows = tuple(_within(part, stands=key in _AT_END) for part in section.sections(key))
        if not rows:
            raise section.refused(key, "missing_key", "name the events")
        outcome = Outcome(rows=rows, wanted=key.startswith("any_"), also=outcome)
    if outcome is None:
        raise section.refused("any_within", "missing_key", f"name the events in one of {', '.join(_OUTCOMES)}")
    section.done()
    return outcome


def _within(section: Section, *, stands: bool) -> Rows:
    """Take rows of a label: the horizon is their window, or its end their instant, so they may not name one.

    Raises:
        SpecRefused: what stands is not told apart by `latest_of`, or events within are (`missing_key`, `unknown_key`).

    """
    latest_of, until = _standing(section) if stands else (None, None)
    if stands and latest_of is None:
        raise section.refused("latest_of", "missing_key", "name the column that tells things apart")
    conditions = conditions_of(section.section("filter"))
    rows = Rows(table=section.text("table"), conditions=conditions, latest_of=latest_of, until=until)
    section.done()
    return rows


def _conditions(section: Section, name: str) -> Iterator[Condition]:
    """Take the comparisons of one column."""
    value = section.take(name)
    if isinstance(value, dict):
        comparisons = Section(section.view, f"{section.where}.{name}", value)
        for key in sorted(comparisons.names):
            yield _comparison(comparisons, name, key)
    else:
        yield Condition(name, Comparison.IN, _values(section, name, value))


def _comparison(section: Section, name: str, key: str) -> Condition:
    """Take one named comparison."""
    if key not in set(Comparison):
        raise section.refused(key, "unknown_comparison", f"use one of {', '.join(Comparison)}")
    comparison = Comparison(key)
    value = section.take(key)
    if comparison in (Comparison.NULL, Comparison.NOT_NULL):
        if value is not True:
            raise section.refused(key, "wrong_type", f"write `{key}: true`")
        return Condition(name, comparison)
    values = _values(section, key, value)
    if comparison in _ORDERED and (len(values) != 1 or isinstance(values[0], str | bool)):
        raise section.refused(key, "wrong_type", "compare with one number")
    return Condition(name, comparison, values)


def _values(section: Section, key: str, value: object) -> tuple[Scalar, ...]:
    """Take one value or a list of them, sorted, each once."""
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(item, str | int | float | bool) for item in values):
        raise section.refused(key, "wrong_type", "write a value or a list of values")
    if len({type(item) for item in values}) > 1:
        raise section.refused(key, "wrong_type", "write values of one type")
    return tuple(sorted(set(values)))
