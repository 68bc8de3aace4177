"""What the policy in force says of one table of the lake, on one day, as expressions over its rows.

Rules kept here:
- the pack's rule for a table and category governs; where it has none, the table's own description does;
- a row goes when the time of every category it holds is over; until then a category whose time is over is taken out of
  the row alone (its columns become null);
- a purpose sees what neither the rule for all nor its own rule has ended; the purpose that a statutory hold names also
  sees what the law keeps;
- a score is kept no longer than what is made for its purpose (`retention_days`), whatever the table's rule says;
- a start that belongs to a person counts from the row's own time where nothing is known of that person.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import polars as pl

from ingest.canonical.scores import SCORE_ACTS, SCORES
from ingest.canonical.table import INSTANT, KeepDays, Table
from privacy.purposes import Policy
from privacy.retention import (
    EVERYTHING,
    MONTHS_A_YEAR,
    NOTHING,
    OF_PERSON,
    Bookkeeping,
    RetentionRule,
    StatutoryHold,
    cut_of,
    first_held,
    midnight,
    minus_days,
)
from privacy.terms import DataCategory

EVENT_TIME: Final = "event_time"
OWNER: Final = "owner"
MODULE: Final = "module"
"""A prediction module is named as the purpose that it serves."""
_OF_THE_ROW: Final = frozenset({DataCategory.NONE, DataCategory.IDENTIFIER})
"""Categories that go with the row: technical columns, and random ids of people. A rule of the pack may shorten one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableTerms:
    """One table, its rules by category, and the laws that keep it; for one purpose, or (None) for all.

    A category has the rule for all and perhaps the purpose's own; the first that ends counts. `days_of_module` says how
    long a score of a prediction module is kept.
    """

    table: str
    rules: dict[DataCategory, tuple[RetentionRule, ...]]
    columns: dict[DataCategory, tuple[str, ...]]
    laws: tuple[StatutoryHold, ...]
    books: Bookkeeping
    purpose: str | None = None
    days_of_module: tuple[tuple[str, int], ...] = ()

    @property
    def of_person(self) -> bool:
        """Say whether a rule counts from an instant that belongs to the person."""
        return any(rule.starts in OF_PERSON for rule in self._all())

    def may_bite(self, *, on: date, oldest: datetime, oldest_of_all: datetime) -> bool:
        """Say whether a rule can end anything: the oldest event of the table, and of the whole lake, are given."""
        cuts = [(cut_of(rule, on=on), oldest_of_all if rule.starts in OF_PERSON else oldest) for rule in self._all()]
        cuts += [(minus_days(on, days), oldest) for _, days in self.days_of_module]
        return any(midnight(cut) > first for cut, first in cuts)

    def ended(self, *, on: date) -> pl.Expr:
        """Say of each row whether the time of every category it holds is over."""
        by_module = [
            (pl.col(MODULE) == module) & (pl.col(EVENT_TIME) < midnight(minus_days(on, days)))
            for module, days in self.days_of_module
        ]
        by_rule = pl.all_horizontal(self._ended_category(category, on) for category in self.rules)
        return pl.any_horizontal(by_rule, *by_module)

    def ended_before(self, *, on: date) -> datetime | None:
        """Return the instant before which every row has ended, if the event time alone decides; else None."""
        if self.of_person or self.days_of_module:
            return None
        return midnight(min(max(cut_of(rule, on=on) for rule in rules) for rules in self.rules.values()))

    def blanks(self, *, on: date) -> dict[str, pl.Expr]:
        """Return the columns that end before their row, each with the expression that says where."""
        if len(self.rules) == 1:
            return {}
        return {
            column: self._ended_category(category, on)
            for category in self.rules
            for column in self.columns[category]
            if any(cut_of(rule, on=on) != NOTHING for rule in self.rules[category])
        }

    def held_from(self, *, on: date) -> datetime | None:
        """Return the instant from which on a law still keeps what happened; None where no law does."""
        cuts = [first_held(law, self.books, on=on) for law in self.laws]
        return midnight(min(cuts)) if cuts else None

    def held(self, *, on: date) -> pl.Expr:
        """Say of each row whether a law still keeps it."""
        since = self.held_from(on=on)
        return pl.lit(value=False) if since is None else pl.col(EVENT_TIME) >= since

    def for_the_law(self) -> bool:
        """Say whether the purpose is the one that a law keeps the rows for."""
        return any(law.purpose == self.purpose for law in self.laws)

    def _all(self) -> Iterable[RetentionRule]:
        return (rule for rules in self.rules.values() for rule in rules)

    def _ended_category(self, category: DataCategory, on: date) -> pl.Expr:
        return pl.any_horizontal(_ended(rule, on) for rule in self.rules[category])


def terms_of(policy: Policy, table: Table, purpose: str | None = None) -> TableTerms:
    """Return what a policy says of a table, for one purpose or for all."""
    said = [rule for rule in policy.retention if rule.table == table.name]
    own = {rule.data_category: rule for rule in said if purpose is not None and rule.purpose == purpose}
    every = {rule.data_category: rule for rule in said if rule.purpose is None}
    columns: dict[DataCategory, tuple[str, ...]] = {}
    for column in table.columns:
        columns[column.category] = (*columns.get(column.category, ()), column.name)
    governed = [each for each in columns if each not in _OF_THE_ROW or each in every] or [DataCategory.NONE]
    return TableTerms(
        table=table.name,
        rules={
            each: tuple(rule for rule in (every.get(each) or default_rule(table, each), own.get(each)) if rule)
            for each in governed
        },
        columns={each: columns.get(each, ()) for each in governed},
        laws=laws_of(policy, table.name),
        books=policy.bookkeeping,
        purpose=purpose,
        days_of_module=tuple((each.id, each.retention_days) for each in policy.purposes)
        if table in (SCORES, SCORE_ACTS)
        else (),
    )


def _days_of_module(policy: Policy) -> tuple[tuple[str, int], ...]:
    return tuple((each.id, each.retention_days) for each in policy.purposes)


def laws_of(policy: Policy, table: str) -> tuple[StatutoryHold, ...]:
    """Return the statutory holds that bind the controller for a table."""
    countries = policy.bookkeeping.countries
    return tuple(law for law in policy.statutory_holds if law.country in countries and table in law.tables)


def default_rule(table: Table, category: DataCategory) -> RetentionRule:
    """Return the rule of a table's own description.

    Where that names years after a year's end, one year more from the event: never short, and a pack that says which law
    binds says it to the day.
    """
    if isinstance(table.retention, KeepDays):
        return RetentionRule(table=table.name, data_category=category, days=table.retention.days)
    months = MONTHS_A_YEAR * (table.retention.years + 1)
    return RetentionRule(table=table.name, data_category=category, months=months, statutory=table.retention.law)


def start_of(rule: RetentionRule) -> pl.Expr:
    """Return the instant from which a rule counts, of each row."""
    own = pl.col(EVENT_TIME)
    return pl.coalesce(pl.col(rule.starts.value), own) if rule.starts in OF_PERSON else own


def _ended(rule: RetentionRule, on: date) -> pl.Expr:
    cut = cut_of(rule, on=on)
    if cut in (NOTHING, EVERYTHING):
        return pl.lit(value=cut == EVERYTHING)
    return start_of(rule) < pl.lit(midnight(cut), dtype=INSTANT)
