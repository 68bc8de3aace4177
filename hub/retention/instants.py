"""When a person was last in contact, and when the relation with them ended, from what they did: one frame for all.

A contact is what the policy counts as one (CNIL: no e-mail that was merely opened). A relation lasts as long as a
subscription of theirs runs, and to their last purchase at least. Both are of the person, so what one record of an
entity did counts for all its records, and a row that carries a person and an organisation counts for both.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

import polars as pl

from hub.lake.reading import Reader
from hub.retention.terms import OWNER
from ingest.canonical.table import INSTANT
from privacy.retention import ContactEvent, RetentionStart

RECORD: Final = "record"
LAST_CONTACT: Final = RetentionStart.LAST_CONTACT.value
RELATION_END: Final = RetentionStart.RELATION_END.value
RUNNING: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""The end of a relation whose end nobody knows."""
TRACES: Final = "contact_traces"
_PURCHASES: Final = ("orders", "order_lines", "payments")
_EVENT: Final = pl.col("event_time")
Scan = Callable[[str], pl.LazyFrame]


def instants_of(scan: Scan, records: pl.DataFrame, contacts: Iterable[ContactEvent]) -> pl.LazyFrame:
    """Return record (Binary), last_contact and relation_end (instants, null where nothing is known).

    `scan` gives a whole table of the lake; `records` has record and entity (Binary) of everybody.
    """
    traces = scan(TRACES)
    acts = [_matching(scan(each.table), each) for each in contacts]
    bought = [scan(table) for table in _PURCHASES]
    contact = [_owned(each) for each in (*acts, traces.filter(pl.col("kind") == LAST_CONTACT))]
    ended = [_owned(each) for each in (*bought, traces.filter(pl.col("kind") == RELATION_END))]
    ended.append(_subscriptions(scan("subscriptions")))
    known = pl.concat([_latest(contact, LAST_CONTACT), _latest(ended, RELATION_END)], how="diagonal")
    owners = known.join(records.lazy().select(pl.col(RECORD).alias(OWNER), "entity"), on=OWNER, how="left")
    of_entity = owners.group_by(pl.coalesce("entity", OWNER).alias("entity")).agg(
        pl.max(LAST_CONTACT), pl.max(RELATION_END)
    )
    named = records.lazy().select(RECORD, "entity")
    strangers = owners.filter(pl.col("entity").is_null()).select(pl.col(OWNER).alias(RECORD), entity=OWNER).unique()
    return pl.concat([named, strangers]).join(of_entity, on="entity", how="inner").drop("entity")


def worked_out(reader: Reader, frame: pl.LazyFrame) -> pl.DataFrame:
    """Run a query over whole tables in pieces, so that memory grows with people and not with events.

    Raises:
        SnapshotExpired, LakeFileRefused: as `Reader.collect`.

    """
    with reader.refusals():
        return frame.collect(engine="streaming")


def joined(rows: pl.LazyFrame, instants: pl.LazyFrame | None) -> pl.LazyFrame:
    """Put the owner beside each row and, where they are given, the owner's instants."""
    owned = rows.with_columns(pl.coalesce("person", "organisation").alias(OWNER))
    if instants is None:
        return owned
    return owned.join(instants, left_on=OWNER, right_on=RECORD, how="left")


def _matching(rows: pl.LazyFrame, contact: ContactEvent) -> pl.LazyFrame:
    return rows if contact.column is None else rows.filter(pl.col(contact.column).is_in(sorted(contact.values)))


def _owned(rows: pl.LazyFrame, at: pl.Expr = _EVENT) -> pl.LazyFrame:
    """Return owner and instant of each row, once for its person and once for its organisation."""
    sides = [rows.select(pl.col(side).alias(OWNER), at.alias("at")) for side in ("person", "organisation")]
    return pl.concat(sides).drop_nulls()


def _subscriptions(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return until when each subscription runs by its last change; of two at one instant the end counts."""
    newest = rows.group_by("person", "organisation", "subscription_ref").agg(
        pl.col("kind", "ends_at", "event_time").sort_by("event_time", pl.col("kind") == "ended").last()
    )
    end = (
        pl.when(pl.col("kind") == "ended")
        .then("event_time")
        .when(pl.col("kind") == "cancelled")
        .then(pl.coalesce("ends_at", "event_time"))
        .otherwise(pl.coalesce("ends_at", pl.lit(RUNNING, dtype=INSTANT)))
    )
    return _owned(newest, end)


def _latest(frames: list[pl.LazyFrame], name: str) -> pl.LazyFrame:
    return pl.concat(frames).group_by(OWNER).agg(pl.col("at").max().alias(name))
