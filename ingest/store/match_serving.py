"""Which version of matching's key and of the standardised form everybody is found by.

Rows of a version that is on its way in are written beside those that serve, and are looked at by nobody until every
record has one: then one row here lets them serve, and the older ones are swept.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import bindparam, func, select
from sqlmodel import Session, col

from ingest.tables.match import MatchServing
from privacy.store.bulk import insert_rows, select_rows
from privacy.terms import EntityKind

FIRST: Final[Mapping[EntityKind, tuple[int, int]]] = {EntityKind.PERSON: (1, 1), EntityKind.ORGANISATION: (1, 2)}
"""Versions of key and form that serve a kind in a home that was never moved on: those with which a new home begins.

A newer form that a new home is to begin with needs a migration that says what serves in homes that are there (0044).
"""
_NEWEST: Final = (
    select(col(MatchServing.key_version), col(MatchServing.form_version))
    .where(col(MatchServing.kind) == bindparam("of_kind"))
    .order_by(col(MatchServing.number).desc())
    .limit(1)
)


def serving_version(session: Session, kind: EntityKind = EntityKind.PERSON) -> tuple[int, int]:
    """Return the versions of key and form by which everybody of a kind is found now."""
    rows = select_rows(session, _NEWEST, of_kind=kind.value)
    return (rows[0][0], rows[0][1]) if rows else FIRST[kind]


def serve(session: Session, forms: Mapping[EntityKind, int], told: Mapping[str, Any]) -> None:
    """Let another version serve some kinds from here on, each with its form; call it under the epoch's lock.

    `told` has key_version, batch_id (of the rebuild) and at.
    """
    last = session.execute(select(func.max(col(MatchServing.number)))).scalar_one()
    rows = [
        {"number": int(last or 0) + n, "kind": kind.value, "form_version": form, **told}
        for n, (kind, form) in enumerate(forms.items(), start=1)
    ]
    insert_rows(session, MatchServing, rows)
