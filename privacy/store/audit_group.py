"""The entries that a group of acts has noted and that are written together, at the group's end.

They follow the savepoints of their session: what an act noted that was rolled back is put back as it was before it.
"""

from typing import Final

from sqlalchemy import event
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session

from privacy.store.audit_arrival import Written

_KEPT: Final = "audit_kept"


class Kept:
    """What one session has noted and not written yet, in order."""

    def __init__(self) -> None:
        self.entries: list[Written] = []
        self._before: dict[SessionTransaction, list[Written]] = {}

    def begin(self, _session: Session, transaction: SessionTransaction) -> None:
        """Remember what was kept when a savepoint began."""
        self._before[transaction] = list(self.entries)

    def undo(self, _session: Session, transaction: SessionTransaction) -> None:
        """Put back what was kept when a savepoint began that is rolled back; what was written since is gone, too."""
        self.entries = self._before.get(transaction, [])


def keep(session: Session) -> None:
    """Begin to keep what is noted in a session."""
    kept = Kept()
    event.listen(session, "after_transaction_create", kept.begin)
    event.listen(session, "after_soft_rollback", kept.undo)
    session.info[_KEPT] = kept


def kept_in(session: Session) -> Kept | None:
    """Return what a session keeps, None if entries are written one by one."""
    kept: Kept | None = session.info.get(_KEPT)
    return kept


def keep_no_more(session: Session) -> None:
    """Let entries be written one by one again."""
    del session.info[_KEPT]
