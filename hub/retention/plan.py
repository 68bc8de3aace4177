"""The retention plan: what is due, when, why and how many, to the row; and what is kept although its time is over.

The plan asks the very sieves that a run uses, so a run at the same instant takes what the plan says.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.lake.expiry import telling_rows
from hub.lake.reading import reading
from hub.retention.instants import from_rows, instants_of, worked_out
from hub.retention.keeping import Facts, TableSieve, facts_of, horizon
from hub.retention.own_terms import PERIODS, Endings, own_terms
from hub.retention.people import due_people, people_rule
from hub.retention.terms import TableTerms
from ingest.canonical.catalogue import LAKE_TABLES
from privacy.retention import OF_PERSON, RetentionRule, cut_of, date_of, midnight
from privacy.terms import DataCategory

AHEAD: Final = (0, 30, 90)
"""Days ahead of today that a plan looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One rule's part of the plan, in rows.

    `what` is "row", or the category whose columns are emptied. `before` is the day before which the start must lie,
    None where each row carries its own end. `due` goes at the next run; `next_30` and `next_90` come due within so many
    days after; `by_law` and `by_hold` stay although their time is over, unseen by every purpose but the law's own, on
    the grounds named.
    """

    rule: str
    table: str
    what: str
    starts: str
    period: str
    before: date | None
    due: int
    next_30: int
    next_90: int
    by_law: int = 0
    by_hold: int = 0
    grounds: tuple[str, ...] = ()
    source: str | None = None


def plan(hub: Hub, *, at: datetime, endings: Endings = ()) -> list[Line]:
    """Work out what is due on the day of an instant, and what will be; changes nothing.

    `endings` are tables of other rooms whose rows carry their own end: those that the run is given.
    """
    facts, on = facts_of(hub, at=at), date_of(at)
    instants = person_instants(hub, facts)
    lines = [line for table in LAKE_TABLES for line in _table_lines(hub, facts, table, on, instants)]
    lines += _people_lines(hub, facts, on, instants)
    ends = (at, *(midnight(horizon(on, days + 1)) for days in AHEAD[1:]))
    periods = PERIODS | {each.table: each.period for each in endings}
    for term in own_terms(hub, ends, endings):
        now, soon, later = term.over
        lines.append(
            Line(
                rule=term.table,
                table=term.table,
                what="row",
                starts="arrival",
                period=periods[term.table],
                before=None,
                due=now,
                next_30=soon - now,
                next_90=later - now,
            )
        )
    return lines


def person_instants(hub: Hub, facts: Facts) -> pl.DataFrame | None:
    """Work out last contacts and ends of relations; None where no rule counts from them."""
    if not any(rule.starts in OF_PERSON for rule in facts.policy.retention):
        return None
    with reading(hub.lake) as reader:
        return worked_out(reader, instants_of(from_rows(reader.scan), facts.records, facts.policy.contact_events))


def _table_lines(hub: Hub, facts: Facts, table: str, on: date, instants: pl.DataFrame | None) -> Iterator[Line]:
    sieves = [TableSieve(hub, facts, table, horizon(on, days), instants) for days in AHEAD]
    counted = [Counter[str]() for _ in AHEAD]
    for rows in telling_rows(hub.lake, table, sieves[-1].telling, sieves):
        for sieve, count in zip(sieves, counted, strict=True):
            count.update(sieve.counts(rows))
    terms = sieves[0].terms
    grounds = [law.name for law in terms.laws if counted[0]["statutory"]]
    grounds += [f"{hold.reason}:{hold.hold_id.hex()[:8]}" for hold in sieves[0].holds if counted[0]["legal"]]
    rules = [rule for each in terms.rules.values() for rule in each]
    longest = min(rules, key=lambda rule: cut_of(rule, on=on))
    yield _line(longest, "row", on, [count["due"] for count in counted], counted[0], tuple(grounds))
    for category in terms.rules if len(terms.rules) > 1 else ():
        due = [count[category.value] for count in counted]
        if any(due):
            yield _line(_rule_of(terms, category, on), category.value, on, due, Counter(), ())


def _people_lines(hub: Hub, facts: Facts, on: date, instants: pl.DataFrame | None) -> Iterator[Line]:
    """Count people, where a rule ends them as a whole; what comes due counts those too whom a ground keeps now."""
    rule = people_rule(facts.policy)
    if rule is None:
        return
    now, soon, later = (due_people(hub, facts, horizon(on, days), instants) for days in AHEAD)
    due = [len(each.due) for each in (now, soon, later)]
    yield _line(rule, "person", on, due, Counter(statutory=now.by_law, legal=now.by_hold), ())


def _line(  # noqa: PLR0913, PLR0917 - a line is a row of the plan, made in one place
    rule: RetentionRule, what: str, on: date, due: list[int], held: Counter[str], grounds: tuple[str, ...]
) -> Line:
    return Line(
        rule=rule.name,
        table=rule.table,
        what=what,
        starts=rule.starts.value,
        period=rule.period,
        before=cut_of(rule, on=on),
        due=due[0],
        next_30=max(0, due[1] - due[0]),
        next_90=max(0, due[2] - due[0]),
        by_law=held["statutory"],
        by_hold=held["legal"],
        grounds=grounds,
        source=rule.source or rule.statutory,
    )


def _rule_of(terms: TableTerms, category: DataCategory, on: date) -> RetentionRule:
    """Return the rule of a category that ends first."""
    return max(terms.rules[category], key=lambda rule: cut_of(rule, on=on))
