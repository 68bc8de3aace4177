"""When a person was last in contact, and when the relation with them ended, from what they did: one frame for all.

A contact is what the policy counts as one (CNIL: no e-mail that was merely opened). A relation lasts as long as a
subscription of theirs runs, and to their last purchase at least. Both are of the person, so what one record of an
entity did counts for all its records, and a row that carries a person and an organisation counts for both.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

import polars as pl

from hub.lake.folding import Fold
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
_SIDES: Final = ("person", "organisation")
_SUBSCRIPTION: Final = (*_SIDES, "subscription_ref")
_AT: Final = pl.col("at")
Scan = Callable[[str], pl.LazyFrame]
Summarise = Callable[[str, Fold], pl.LazyFrame]
"""Gives the summary of a whole table of the lake by a fold."""

OLDEST: Final = Fold(
    "oldest",
    lambda rows: rows.group_by(_SIDES).agg(pl.col("event_time").min()),
    lambda parts: parts.group_by(_SIDES).agg(pl.col("event_time").min()),
)
"""person, organisation and the first event_time of what they did together."""


def from_rows(scan: Scan) -> Summarise:
    """Summarise whole tables anew, as `scan` gives them."""
    return lambda table, fold: fold.of_rows(scan(table))


def from_folds(reader: Reader) -> Summarise:
    """Summarise whole tables as a reader sees them, by what this process remembers of their files."""
    return lambda table, fold: reader.folded(table, fold).lazy()


def instants_of(summarise: Summarise, records: pl.DataFrame, contacts: Iterable[ContactEvent]) -> pl.LazyFrame:
    """Return record (Binary), last_contact and relation_end (instants, null where nothing is known).

    `records` has record and entity (Binary) of everybody.
    """
    traces = summarise(TRACES, _latest_of_kind())
    contact = [summarise(each.table, _latest(each)) for each in contacts]
    contact.append(_traced(traces, LAST_CONTACT))
    ended = [summarise(table, _latest()) for table in _PURCHASES]
    ended += [_traced(traces, RELATION_END), _ends(summarise("subscriptions", _newest_change()))]
    known = pl.concat([_of_owners(contact, LAST_CONTACT), _of_owners(ended, RELATION_END)], how="diagonal")
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


def _latest(contact: ContactEvent | None = None) -> Fold:
    """Fold rows to the latest `at` of each person and organisation; of a contact only the rows that are one."""
    wanted = pl.lit(value=True)
    if contact is not None and contact.column is not None:
        wanted = pl.col(contact.column).is_in(sorted(contact.values))
    name = "all" if contact is None or contact.column is None else f"{contact.column}:{sorted(contact.values)}"
    return Fold(
        f"latest:{name}",
        lambda rows: rows.filter(wanted).group_by(_SIDES).agg(at=pl.col("event_time").max()),
        lambda parts: parts.group_by(_SIDES).agg(_AT.max()),
    )


def _latest_of_kind() -> Fold:
    """Fold traces to the latest of each kind."""
    return Fold(
        "latest of kind",
        lambda rows: rows.group_by(*_SIDES, "kind").agg(at=pl.col("event_time").max()),
        lambda parts: parts.group_by(*_SIDES, "kind").agg(_AT.max()),
    )


def _newest_change() -> Fold:
    """Fold subscriptions to the last change of each; of two at one instant the end counts, then what runs longer."""
    order = ("event_time", pl.col("kind") == "ended", "ends_at", "kind")
    newest = pl.col("kind", "ends_at", "event_time").sort_by(*order, nulls_last=True).last()

    def folded(rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows.group_by(_SUBSCRIPTION).agg(newest)

    return Fold("newest change", folded, folded)


def _traced(traces: pl.LazyFrame, kind: str) -> pl.LazyFrame:
    return traces.filter(pl.col("kind") == kind).drop("kind")


def _ends(newest: pl.LazyFrame) -> pl.LazyFrame:
    """Return until when each subscription runs by its last change."""
    end = (
        pl.when(pl.col("kind") == "ended")
        .then("event_time")
        .when(pl.col("kind") == "cancelled")
        .then(pl.coalesce("ends_at", "event_time"))
        .otherwise(pl.coalesce("ends_at", pl.lit(RUNNING, dtype=INSTANT)))
    )
    return newest.select(*_SIDES, at=end)


def _of_owners(summaries: list[pl.LazyFrame], name: str) -> pl.LazyFrame:
    """Return the latest instant of each owner, of those that are persons and of those that are organisations."""
    sides = [each.select(pl.col(side).alias(OWNER), "at") for each in summaries for side in _SIDES]
    return pl.concat(sides).drop_nulls().group_by(OWNER).agg(_AT.max().alias(name))
