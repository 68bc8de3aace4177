"""People whose whole time is over: their identity records go by erasure, with keys, indexes and all.

A rule for the table `people` counts from a person's last contact or the end of the relation, else from the last arrival
of anything new about them. Who has rows that a law still keeps stays, restricted: a voucher names its customer. Who is
under any legal hold stays. There is no such rule unless the pack has one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.lake.reading import reading
from hub.retention.instants import RECORD, worked_out
from hub.retention.keeping import Facts
from ingest.canonical.catalogue import LAKE_TABLES
from ingest.canonical.identity import PEOPLE
from ingest.canonical.table import INSTANT
from ingest.store.arrivals import arrivals_frame
from ingest.store.record import records_frame
from privacy.purposes import Policy
from privacy.retention import EVERYTHING, NOTHING, OF_PERSON, RetentionRule, cut_of, midnight
from privacy.store.erasure import tombstones
from privacy.terms import EntityKind, RecordId

Eraser = Callable[[Sequence[tuple[RecordId, ...]]], int]
"""Erases people, each given by all their records; returns how many. `hub.erasing` is above this room."""
_ENTITY: Final = "entity"


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Entities whose time is over on a day: those to be erased (by records), and how many stay on which ground."""

    due: tuple[tuple[RecordId, ...], ...]
    by_law: int
    by_hold: int


def people_rule(policy: Policy) -> RetentionRule | None:
    """Return the rule for people's identity records, if the policy has one."""
    return next((rule for rule in policy.retention if rule.table == PEOPLE and rule.purpose is None), None)


def due_people(hub: Hub, facts: Facts, on: date, instants: pl.DataFrame | None) -> People:
    """Say whose time is over on a day."""
    rule = people_rule(facts.policy)
    if rule is None:
        return People(due=(), by_law=0, by_hold=0)
    with hub.reading() as session:
        records = records_frame(session, EntityKind.PERSON).select(RECORD, _ENTITY)
        arrivals = arrivals_frame(session, EntityKind.PERSON)
        gone = pl.Series(RECORD, sorted(tombstones(session)), dtype=pl.Binary)
    known = records.join(gone.to_frame(), on=RECORD, how="anti").join(arrivals, on=RECORD, how="left")
    over = _entities(known, instants, rule, on)
    kept_by_law = _with_records(records, _held_by_law(hub, facts, on))
    held = over.filter(pl.col(_ENTITY).is_in(_with_records(records, _under_hold(facts, known, on)).implode()))
    lawful = over.join(held, on=_ENTITY, how="anti").filter(pl.col(_ENTITY).is_in(kept_by_law.implode()))
    due = over.join(held, on=_ENTITY, how="anti").join(lawful, on=_ENTITY, how="anti").sort(_ENTITY)
    return People(
        due=tuple(tuple(map(RecordId, sorted(parts))) for parts in due["parts"]),
        by_law=lawful.height,
        by_hold=held.height,
    )


def _entities(known: pl.DataFrame, instants: pl.DataFrame | None, rule: RetentionRule, on: date) -> pl.DataFrame:
    """Return entity and parts (its records) of everybody whose rule has ended; the latest start of any part counts."""
    start = pl.col("arrived_at")
    if rule.starts in OF_PERSON and instants is not None:
        known = known.join(instants, on=RECORD, how="left")
        start = pl.coalesce(pl.col(rule.starts.value), start)
    cut = cut_of(rule, on=on)
    if cut in (NOTHING, EVERYTHING):
        over = pl.lit(value=cut == EVERYTHING)
    else:
        over = pl.col("start") < pl.lit(midnight(cut), dtype=INSTANT)
    folded = known.group_by(_ENTITY).agg(start.max().alias("start"), pl.col(RECORD).alias("parts"))
    return folded.filter(over).select(_ENTITY, "parts")


def _held_by_law(hub: Hub, facts: Facts, on: date) -> pl.Series:
    """Return the persons of all rows that a law still keeps."""
    with reading(hub.lake) as reader:
        found = []
        for table in LAKE_TABLES:
            since = facts.terms(table).held_from(on=on)
            if since is not None:
                found.append(reader.scan(table, columns=["person"], since=since).drop_nulls().unique())
        return worked_out(reader, pl.concat(found).unique())["person"] if found else pl.Series("person", [], pl.Binary)


def _under_hold(facts: Facts, known: pl.DataFrame, on: date) -> pl.Series:
    """Return the records that a hold standing on the day covers, whatever table it is for."""
    standing = [hold for hold in facts.holds if hold.ends_at > midnight(on)]
    if any(not hold.of_records for hold in standing):
        return known[RECORD]
    return pl.concat([pl.Series([], dtype=pl.Binary), *(facts.named[hold.hold_id] for hold in standing)])


def _with_records(records: pl.DataFrame, some: pl.Series) -> pl.Series:
    """Return the entities of some records."""
    return records.filter(pl.col(RECORD).is_in(some.implode()))[_ENTITY].unique()
