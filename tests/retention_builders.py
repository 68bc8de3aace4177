"""Lakes, policies and an oracle for retention: what a rule says row by row, in plain Python."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from hub.compose import Hub
from hub.lake import catalogue
from hub.lake.append import append
from ingest.canonical.catalogue import lake_table_of
from privacy.purposes import Policy
from privacy.retention import RetentionRule, StatutoryHold, held_until, last_day
from privacy.terms import BatchId, random_id

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)


def days_ago(days: float, now: datetime = NOW) -> datetime:
    return now - timedelta(days=days)


def rows_of(table: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of a lake table; what is not said is null."""
    schema = lake_table_of(table).schema
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema, orient="row")


def land(hub: Hub, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows to the hub's lake and make them visible, as a batch does."""
    batch_id = BatchId(random_id())
    files = append(hub.lake, rows_of(table, rows), table=table, batch_id=batch_id)
    with hub.unit_of_work() as session:
        catalogue.stage(session, files, batch_id=batch_id, at=hub.lake.clock(session))
        catalogue.publish(session, batch_id)


def is_over(rule: RetentionRule, start: datetime, on: date) -> bool:
    """Say it as the law does: the period's last day has passed."""
    if rule.until is not None:
        return on > rule.until
    began = start.astimezone(UTC).date()
    if rule.days is not None:
        return on > began + timedelta(days=rule.days)
    return on > last_day(began, months=rule.months or 0)


def is_held(law: StatutoryHold, policy: Policy, event: datetime, on: date) -> bool:
    return on <= held_until(law, policy.bookkeeping, event.date())
