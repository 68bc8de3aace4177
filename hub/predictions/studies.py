"""Studies as they were made, and what people said of their proposals since."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import Session, col

from hub.predictions.tables import FindingVerdict, VoiceStudy
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
