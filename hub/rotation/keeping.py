"""Keys that backups still need: kept until a date that can be moved on, never back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from hub.rotation.tables import KeptKeyRow
from privacy.store.bulk import insert_rows
from privacy.terms import PrincipalId


@dataclass(frozen=True, slots=True)
class Keeping:
    """Until when, and on whose word, keys are kept."""

    until: datetime
    by: PrincipalId


def version_ref(kind: str, name: str, version: int) -> str:
    """Name a version of a key as `kept_key.ref` does; a generation is named as its rows name it."""
    return f"{kind}:{name}:{version}"


def domain_ref(name: str, version: int) -> str:
    """Name a version of a domain's key."""
    return version_ref("domain", name, version)


def keep(session: Session, refs: Iterable[str], keeping: Keeping, *, at: datetime) -> None:
    """Keep keys until a date; one that is kept for longer already stays so."""
    known = kept_until(session)
    fresh = [ref for ref in refs if ref not in known or known[ref] < keeping.until]
    rows = [{"ref": ref, "kept_until": keeping.until, "noted_at": at, "noted_by": keeping.by} for ref in fresh]
    insert_rows(session, KeptKeyRow, rows)


def kept_until(session: Session) -> dict[str, datetime]:
    """Return until when each key is kept, by the last date that was ever said."""
    rows = session.execute(
        select(col(KeptKeyRow.ref), func.max(col(KeptKeyRow.kept_until))).group_by(col(KeptKeyRow.ref))
    )
    return {row[0]: row[1] for row in rows.all()}
