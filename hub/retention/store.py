"""Retention runs: one is open at a time, carries the plan it began with, and ends with its certificate."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import insert, select, update
from sqlmodel import Session, col

from hub.retention.tables import RetentionRunRow
from privacy.terms import PrincipalId

OPEN: Final = "open"
COMPLETED: Final = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run for the whole of a day: what was due by rule when it began, in rows."""

    run_id: bytes
    day: date
    policy_hash: bytes
    due: Mapping[str, int]
    started_at: datetime
    started_by: PrincipalId
    completed_at: datetime | None = None
    certificate: str | None = None
    leaf: int | None = None


def open_run(session: Session, run: Run) -> None:
    """Note that a run has begun."""
    row = {
        "run_id": run.run_id,
        "state": OPEN,
        "day": run.day.isoformat(),
        "policy_hash": run.policy_hash,
        "plan": canonical(dict(run.due)),
        "started_at": run.started_at,
        "started_by": run.started_by,
    }
    session.execute(insert(RetentionRunRow), [row])


def find_open(session: Session) -> Run | None:
    """Return the run that broke off, or is running now."""
    query = select(RetentionRunRow).where(col(RetentionRunRow.state) == OPEN)
    row = session.execute(query.order_by(col(RetentionRunRow.started_at))).scalars().first()
    return None if row is None else _run_of(row)


def all_runs(session: Session) -> list[Run]:
    """List the runs, newest first."""
    query = select(RetentionRunRow).order_by(col(RetentionRunRow.started_at).desc())
    return [_run_of(row) for row in session.execute(query).scalars()]


def complete(session: Session, run_id: bytes, certificate: str, *, leaf: int, at: datetime) -> bool:
    """Note that a run has ended; False if somebody else has done so."""
    ended = update(RetentionRunRow).where(col(RetentionRunRow.run_id) == run_id, col(RetentionRunRow.state) == OPEN)
    values = {"state": COMPLETED, "completed_at": at, "certificate": certificate, "leaf": leaf}
    return int(getattr(session.execute(ended.values(values)), "rowcount", 0)) == 1


def canonical(document: Mapping[str, object]) -> str:
    """Write a document so that its hash is the same for whoever writes it."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _run_of(row: RetentionRunRow) -> Run:
    return Run(
        run_id=row.run_id,
        day=date.fromisoformat(row.day),
        policy_hash=row.policy_hash,
        due=json.loads(row.plan),
        started_at=row.started_at,
        started_by=PrincipalId(row.started_by),
        completed_at=row.completed_at,
        certificate=row.certificate,
        leaf=row.leaf,
    )
