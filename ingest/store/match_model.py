"""Which model a home matches by: the newest of its kind, where one was ever set."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from ingest.tables.match import MatchModel
from privacy.store.bulk import insert_rows
from privacy.terms import PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSet:
    """A model that was set, by whom and when; without a document it is the shipped one."""

    number: int
    document: str | None
    digest: bytes
    records: int
    by: PrincipalId
    at: datetime


def model_in_use(session: Session, kind: str) -> str | None:
    """Return the document of the model in use, None for the shipped one."""
    query = select(col(MatchModel.document)).where(col(MatchModel.kind) == kind)
    return session.execute(query.order_by(col(MatchModel.number).desc()).limit(1)).scalar_one_or_none()


def models_set(session: Session, kind: str) -> Sequence[ModelSet]:
    """List what was ever set of a kind, the newest first."""
    query = select(MatchModel).where(col(MatchModel.kind) == kind).order_by(col(MatchModel.number).desc())
    return [
        ModelSet(
            number=row.number,
            document=row.document,
            digest=row.digest,
            records=row.records,
            by=PrincipalId(row.set_by),
            at=row.set_at,
        )
        for row in session.execute(query).scalars()
    ]


def last_number(session: Session, kind: str) -> int:
    """Return the number of the newest, 0 if none was ever set."""
    query = select(func.max(col(MatchModel.number))).where(col(MatchModel.kind) == kind)
    return int(session.execute(query).scalar_one() or 0)


def set_model(session: Session, kind: str, model: ModelSet) -> None:
    """Append a model; call it under the epoch's lock, so that numbers follow each other."""
    row = {
        "kind": kind,
        "number": model.number,
        "document": model.document,
        "digest": model.digest,
        "records": model.records,
        "set_by": model.by,
        "set_at": model.at,
    }
    insert_rows(session, MatchModel, [row])
