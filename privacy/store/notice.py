"""Privacy notices as they stood, appended for good and named by the hash of their content (GDPR Art. 7(1), 13, 14)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from privacy.store.bulk import insert_rows
from privacy.store.frozen import frozen
from privacy.tables.notice import NoticeRow
from privacy.terms import PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotice:
    """A notice to keep: `notice_hash` (32 bytes) names its content, `texts` is canonical JSON, language to sections."""

    notice_hash: bytes
    purpose: str
    purpose_version: int
    notice_version: str
    texts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptNotice(NewNotice):
    """A notice that is kept, since when and by whom."""

    kept_at: datetime
    kept_by: bytes


def keep_notices(session: Session, notices: Iterable[NewNotice], *, by: PrincipalId, at: datetime) -> list[NewNotice]:
    """Append those that are not kept yet and return them."""
    proposed: Mapping[bytes, NewNotice] = {each.notice_hash: each for each in notices}
    column = col(NoticeRow.notice_hash)
    known = {bytes(each) for each in session.execute(select(column).where(column.in_(list(proposed)))).scalars()}
    new = [each for name, each in proposed.items() if name not in known]
    names = NewNotice.__dataclass_fields__
    insert_rows(
        session, NoticeRow, [{n: getattr(each, n) for n in names} | {"kept_at": at, "kept_by": by} for each in new]
    )
    return new


def kept_notices(session: Session, purpose: str | None = None) -> list[KeptNotice]:
    """List kept notices, of one purpose or of all, oldest first."""
    query = select(NoticeRow).order_by(col(NoticeRow.kept_at), col(NoticeRow.purpose), col(NoticeRow.notice_hash))
    if purpose is not None:
        query = query.where(col(NoticeRow.purpose) == purpose)
    return [frozen(KeptNotice, row) for row in session.execute(query).scalars()]
