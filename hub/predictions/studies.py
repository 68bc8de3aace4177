"""Studies as they were made, what people said of them since, tasks that rules made, and answers that were shown."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlmodel import Session, col

from hub.predictions.tables import FindingVerdict, OfferedAnswer, VoiceStudy, VoiceTask
from privacy.store.frozen import frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A study as kept (`hub.predictions.tables.VoiceStudy`)."""

    study_id: bytes
    as_of: datetime
    made_at: datetime
    made_by: bytes
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidVerdict:
    """What somebody said of a proposal; `evidence` is sealed."""

    verdict_id: bytes
    finding: str
    levels: str
    verdict: str
    evidence: bytes
    said_at: datetime
    said_by: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTask:
    """A task as kept (`hub.predictions.tables.VoiceTask`)."""

    task_id: bytes
    key: str
    rule: str
    subject: str
    act: str
    owner: str
    escalate_to: str
    opened_at: datetime
    due_at: datetime
    escalate_at: datetime

    def whose(self, now: datetime) -> str:
        """Say who should have it on their desk: the owner, or who hears of it when it was not done."""
        return self.owner if now < self.escalate_at else self.escalate_to


def add_study(session: Session, study: Study) -> None:
    """Keep a study."""
    session.execute(insert(VoiceStudy), [{name: getattr(study, name) for name in Study.__slots__}])


def newest_study(session: Session) -> Study | None:
    """Return the study that was made last, if any was."""
    row = session.scalars(select(VoiceStudy).order_by(col(VoiceStudy.made_at).desc()).limit(1)).first()
    return None if row is None else frozen(Study, row)


def add_verdict(session: Session, said: SaidVerdict) -> None:
    """Keep what somebody said; what was said before stays."""
    session.execute(insert(FindingVerdict), [{name: getattr(said, name) for name in SaidVerdict.__slots__}])


def verdicts(session: Session) -> list[SaidVerdict]:
    """Return all that was said, oldest first."""
    rows = session.scalars(select(FindingVerdict).order_by(col(FindingVerdict.said_at), col(FindingVerdict.verdict_id)))
    return [frozen(SaidVerdict, row) for row in rows]


def as_said(found: list[SaidVerdict]) -> dict[str, Mapping[str, Any]]:
    """Give the newest verdict of each proposal as the child process takes it."""
    return {one.finding: {"verdict": one.verdict, "levels": json.loads(one.levels)} for one in found}


def add_tasks(session: Session, tasks: list[OpenTask]) -> int:
    """Open tasks; those whose like is open already stay as they are. Return how many are new."""
    known = {one.key for one in open_tasks(session)}
    fresh = [one for one in tasks if one.key not in known]
    if fresh:
        session.execute(insert(VoiceTask), [{name: getattr(one, name) for name in OpenTask.__slots__} for one in fresh])
    return len(fresh)


def open_tasks(session: Session) -> list[OpenTask]:
    """Return the open tasks, the first due first."""
    still = select(VoiceTask).where(col(VoiceTask.closed_at).is_(None))
    rows = session.scalars(still.order_by(col(VoiceTask.due_at), col(VoiceTask.key)))
    return [frozen(OpenTask, row) for row in rows]


def close_task(session: Session, task_id: bytes, *, at: datetime, by: bytes, outcome: str) -> None:
    """Close a task."""
    mine = update(VoiceTask).where(col(VoiceTask.task_id) == task_id)
    session.execute(mine.values(closed_at=at, closed_by=by, outcome=outcome))


def note_offered(session: Session, names: Collection[str], *, at: datetime) -> None:
    """Keep that answers and candidates of these names were shown; the caller holds the epoch's lock."""
    here = col(OfferedAnswer.name).in_(names)
    known = set(session.scalars(select(col(OfferedAnswer.name)).where(here)))
    session.execute(update(OfferedAnswer).where(here).values(offered_at=at))
    fresh = [{"name": name, "offered_at": at} for name in sorted(set(names) - known)]
    if fresh:
        session.execute(insert(OfferedAnswer), fresh)


def was_offered(session: Session, name: str) -> bool:
    """Say whether an answer or a candidate of that name was ever shown."""
    return session.get(OfferedAnswer, name) is not None
