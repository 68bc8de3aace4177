"""The tally of unwrapped keys: flushed with the audit entry of the act, so that both are there or neither."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from privacy.audit import parse_entry
from privacy.store.bulk import execute_rows
from privacy.tables.audit import AuditBody
from privacy.tables.unwrap import UnwrapTally

OPENING_ACTIONS: Final = (
    *(
        "alert.list",
        "alert.tell",
        "identity.look_up",
        "letter.carry",
        "winback.carry",
        "winback.open",
        "open_batch",
        "request.export.intent",
        "request.rectify.intent",
    ),
    "reveal.intent",
)
"""Audit actions that announce how many sealed documents an act opens: in the log before the first is opened.

Each names `act_id` and `opened`; every other action with both is the completion of one of these.
"""


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """Keys of one kind that a run has unwrapped so far for one act (empty: for none that was named).

    As kept it is dated by when the count was first and last kept, at most a minute after the unwrapping while a server
    works; an older version kept no date.
    """

    run_id: bytes
    kind: str
    act_id: bytes
    count: int
    first_at: datetime | None = None
    last_at: datetime | None = None


def keep_tally(session: Session, tally: Iterable[Unwrapped], *, at: datetime) -> None:
    """Keep how many keys a run has unwrapped so far; the same again changes nothing, and a count never falls."""
    dates = {"first_at": at, "last_at": at}
    rows = [
        {"run_id": each.run_id, "kind": each.kind, "act_id": each.act_id, "unwrapped": each.count} | dates
        for each in tally
    ]
    new: Any = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    statement = new(UnwrapTally)
    greater = func.max if session.get_bind().dialect.name == "sqlite" else func.greatest
    keep = {
        "unwrapped": greater(UnwrapTally.unwrapped, statement.excluded.unwrapped),
        "last_at": statement.excluded.last_at,
    }
    execute_rows(session, statement.on_conflict_do_update(index_elements=["run_id", "kind", "act_id"], set_=keep), rows)


def kept_tally(session: Session) -> list[Unwrapped]:
    """Return what every run has unwrapped, in the order of runs, kinds and acts."""
    query = select(UnwrapTally).order_by(col(UnwrapTally.run_id), col(UnwrapTally.kind), col(UnwrapTally.act_id))
    return [
        Unwrapped(row.run_id, row.kind, row.act_id, row.unwrapped, row.first_at, row.last_at)
        for row in session.execute(query).scalars()
    ]


def openings(session: Session, *, since: datetime | None = None, before: datetime | None = None) -> dict[bytes, int]:
    """Return how many documents each act of opening said that it opens, by act id, as the audit log has it.

    Only acts that the log dates at or after `since`, and before `before`, where they are given.

    Entries without an act id (of versions before the tally) are left out: there is nothing to compare them with.
    """
    query = select(col(AuditBody.body)).where(col(AuditBody.action).in_(OPENING_ACTIONS))
    if since is not None:
        query = query.where(col(AuditBody.at) >= since)
    if before is not None:
        query = query.where(col(AuditBody.at) < before)
    said: Counter[bytes] = Counter()
    for body in session.execute(query).scalars():
        fields = parse_entry(body).fields
        if fields.act_id is not None:
            said[fields.act_id] += fields.opened or 0
    return dict(said)
