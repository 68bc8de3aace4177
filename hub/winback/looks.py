"""Who of ours was shown which text (a letter, a template) and what they said to it: the only code on that table."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import polars as pl
from sqlalchemy import delete, insert, select, update
from sqlmodel import Session, col

from hub.winback.tables import WinbackLook
from privacy.store.frozen import frozen
from privacy.store.principal import Principal
from privacy.terms import PersonId

_INSTANT: Final = pl.Datetime("us", "UTC")
_APPROVALS: Final[dict[str, pl.DataType]] = {
    "by": pl.String(),
    "shown_at": _INSTANT,
    "approved_at": _INSTANT,
    "characters": pl.Int64(),
    "edited": pl.Boolean(),
}
APPROVED, REFUSED = "approved", "refused"
LOOKS_KEPT: Final = timedelta(days=730)


class Shown(Protocol):
    """A text that may be shown to somebody: a letter's or a template's."""

    @property
    def text_id(self) -> bytes:
        """Name what it is the text of."""
        ...

    @property
    def commitment(self) -> bytes:
        """Name these very words."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What somebody of ours was shown, and what they said to it."""

    letter_id: bytes
    revision: int
    person_id: bytes
    commitment: bytes
    characters: int
    edited: bool
    shown_at: datetime
    decided_at: datetime | None = None
    decision: str | None = None


def forget_looks(session: Session, *, at: datetime) -> None:
    """Let go of old looks."""
    session.execute(delete(WinbackLook).where(col(WinbackLook.shown_at) <= at - LOOKS_KEPT))


def note_look(session: Session, look: Look, *, waits: bool) -> None:
    """Note that a text was shown; the first time counts, and again the first since it waits for an approval anew."""
    same = (
        col(WinbackLook.letter_id) == look.letter_id,
        col(WinbackLook.revision) == look.revision,
        col(WinbackLook.person_id) == look.person_id,
    )
    found = session.execute(select(col(WinbackLook.decided_at)).where(*same)).first()
    if found is None:
        row = {name: getattr(look, name) for name in Look.__dataclass_fields__}
        session.execute(insert(WinbackLook), [row])
    elif waits and found[0] is not None:  # the approval of before ran out, or did not hold
        anew = {"shown_at": look.shown_at, "decided_at": None, "decision": None}
        session.execute(update(WinbackLook).where(*same).values(**anew))


def decide(session: Session, shown: Shown, by: Principal, decision: str, *, at: datetime) -> bool:
    """Note what a person said to the very text that they were shown; False: they were not shown it."""
    seen = (
        col(WinbackLook.letter_id) == shown.text_id,
        col(WinbackLook.commitment) == shown.commitment,
        col(WinbackLook.person_id) == by.person_id,
        col(WinbackLook.decided_at).is_(None),
    )
    result = session.execute(update(WinbackLook).where(*seen).values(decided_at=at, decision=decision))
    return bool(getattr(result, "rowcount", 0))


def looks_at(session: Session, letter_id: bytes) -> list[Look]:
    """List who looked at a letter and what they said."""
    query = select(WinbackLook).where(col(WinbackLook.letter_id) == letter_id)
    return [frozen(Look, row) for row in session.execute(query).scalars()]


def approvals_frame(session: Session, decision: str) -> pl.DataFrame:
    """Return every look that ended in a decision: the approval frame of `predict.winback.rubber_stamp`."""
    columns = (WinbackLook.person_id, WinbackLook.shown_at, WinbackLook.decided_at, WinbackLook.characters)
    query = select(*map(col, columns), col(WinbackLook.edited)).where(col(WinbackLook.decision) == decision)
    rows = [(PersonId(person).hex(), *rest) for person, *rest in session.execute(query).all()]
    return pl.DataFrame(rows, schema=_APPROVALS, orient="row")
