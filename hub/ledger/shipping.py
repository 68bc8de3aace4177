"""Shipping the ledger: from the control database to the key store, from there to the copy outside.

Rules kept here:
- the control database commits first: an act is in force from then on, and is not acknowledged before its entries are in
  the key store and in the copy. A crash between leaves an act that is in force and was not acknowledged; whoever ships
  next, at the latest the next start, ships it too;
- so the key store never knows an entry that the control database does not, nor the copy one that the key store does
  not. If it does, somebody put an older database in its place: `verify` refuses all until the ledger is replayed;
- a key store that has not heard of an erasure which the control database holds for shredded is an older one, too: its
  keys of the erased are back;
- a copy that cannot be reached is no copy that agrees: the hub stays closed.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Final

from sqlmodel import Session

from hub.errors import RestorePending, ServiceUnreachable
from hub.keystore.ledger import KeyStoreLedger
from hub.ledger.copy import LedgerCopy
from privacy.store.erasure import shredded_among
from privacy.store.ledger import ERASED, START, LedgerEntry, Position, entries_after, knows
from privacy.terms import RecordId

Names = Callable[[Session, Sequence[RecordId]], Mapping[RecordId, str]]
_CONTROL: Final = "the control database"
_KEYSTORE: Final = "the key store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipping:
    """The ledger of one hub in its two databases, and outside.

    `read_only` opens a snapshot of the control database; `names_of` says what finds a record again.
    """

    read_only: Callable[[], AbstractContextManager[Session]]
    keys: KeyStoreLedger
    names_of: Names
    copy: LedgerCopy | None = None

    def ship(self) -> None:
        """Bring every entry that is committed into the key store and the copy, durably.

        Raises:
            ServiceUnreachable: one of them does not answer: what is owed must not be acknowledged.

        """
        newest = self.keys.newest()
        with self.read_only() as session:
            entries = self._named(session, START if newest is None else newest.position)
        self.keys.absorb(entries)
        self._copy_rest()

    def absorb_all(self) -> None:
        """Bring every entry of the control database into the key store, which may be older than it, or newer."""
        with self.read_only() as session:
            entries = self._named(session, START)
        self.keys.absorb(entries)

    def verify(self) -> None:
        """Compare both databases with each other and with the copy; ship what a crash left behind.

        Raises:
            RestorePending: one of them is older than the others.
            ServiceUnreachable: the copy cannot be reached.

        """
        self.verify_control()
        copied = self._copied()
        if copied is not None and not self.keys.knows(copied):
            raise RestorePending(_KEYSTORE)
        newest = self.keys.newest()
        with self.read_only() as session:
            self._verify_known(session, newest, copied)
            owed = list(entries_after(session, START if newest is None else newest.position))
            if shredded_among(session, {each.erasure_id for each in owed if each.kind == ERASED}):
                raise RestorePending(_KEYSTORE)
        if owed or (self.copy is not None and (newest is not None and copied != newest)):
            self.ship()

    def verify_control(self) -> None:
        """Compare the control database with the key store alone: what each read of customers does.

        Raises:
            RestorePending: the control database does not know what the key store knows.

        """
        newest = self.keys.newest()  # first: what the key store knows was committed before
        with self.read_only() as session:
            self._verify_known(session, newest)

    def _verify_known(self, session: Session, *newest: LedgerEntry | None) -> None:
        if not all(knows(session, each) for each in newest if each is not None and each.epoch):
            raise RestorePending(_CONTROL)

    def _copied(self) -> LedgerEntry | None:
        """Return the newest entry of the copy, None where there is none to compare with."""
        if self.copy is None:
            return None
        if self.copy.begun:
            return self.copy.newest()
        if self.keys.copy_was_begun(self.copy.place):
            raise ServiceUnreachable("the ledger's copy outside", "its file is not there (is the share mounted?)")
        return None

    def _copy_rest(self) -> None:
        if self.copy is None:
            return
        if not self.copy.begun:
            if self.keys.copy_was_begun(self.copy.place):
                raise ServiceUnreachable("the ledger's copy outside", "its file is not there (is the share mounted?)")
            self.keys.give_ids()
            self.copy.begin()
            self.keys.note_copy(self.copy.place)
        with self.copy.held():
            last = self.copy.newest()
            entries = self.keys.after(START if last is None else last.position)
            if last is not None and not last.epoch:  # none with a place was copied yet, perhaps not all without one
                done = {each.entry_id for each in self.copy.entries()}
                entries = [each for each in self.keys.after(START) if each.entry_id not in done]
            if entries:
                self.copy.append(entries)

    def _named(self, session: Session, position: Position) -> list[LedgerEntry]:
        """Return the entries after a position; those of acts with what finds the record again."""
        entries = list(entries_after(session, position))
        wanting = {RecordId(each.ref) for each in entries if each.kind != ERASED and not each.detail}
        names = self.names_of(session, sorted(wanting)) if wanting else {}
        return [
            replace(each, detail=names.get(RecordId(each.ref), "")) if each.ref in names and not each.detail else each
            for each in entries
        ]
