"""Anchoring: the audit log's checkpoints handed to every anchor, and what they say in return.

Rules kept here:
- before a process signs or reads for the first time, every anchor is looked at: a log that was rolled back must not be
  signed under its old name again;
- a log that is behind begins a new log whose first entry commits to what the anchor knows (`log.continued`); reading
  stays closed for the purposes named in `hub.anchors.standing` until the DPO confirms;
- anchors are asked side by side, each waiting ten seconds at most a request; nobody waits for them but the timer, the
  stop and the command that asks;
- a read contacts no anchor: it goes by what was seen at start-up and with each publication since.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final

from sqlmodel import Session

from hub.anchors.anchor import Anchor, Outcome, Sighting, Statement
from hub.anchors.standing import Because, Closed, Confirmation, Open, standing_of
from hub.anchors.statement import nothing_of, statement_of
from hub.anchors.store import Told, confirm, confirmations, kept, note_told
from hub.errors import AccessRefused
from privacy.audit import AuditFields
from privacy.store.audit import NewEntry, append_entry, log_head
from privacy.store.audit_continuation import start_log_after
from privacy.terms import ID_BYTES, PrincipalId
from privacy.verifier import CONTINUED, VerifierKey

EXCUSED_HOURS: Final = 24
"""How long the DPO's word opens the hub while an anchor does not answer."""

_SYSTEM: Final = PrincipalId(bytes(ID_BYTES))
_MOST_LOGS: Final = 16  # restores of one backup after another; each may find a log that an anchor knows
_UNKNOWN_NAMES: Final = 3  # names after the last known one that are asked for: a log may end before it is anchored
_TROUBLE: Final = frozenset({Outcome.AHEAD, Outcome.CONTRADICTED, Outcome.REFUSED, Outcome.UNREACHABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLog:
    """The hub's own log, as anchoring needs it: its database, its first log's public key, the clock."""

    unit_of_work: Callable[[], AbstractContextManager[Session]]
    read_only: Callable[[], AbstractContextManager[Session]]
    public_key: Callable[[], VerifierKey]
    clock: Callable[[], datetime]


class Anchoring:
    """All anchors of a hub, and what they said since this process began."""

    def __init__(self, anchors: Sequence[Anchor], log: AuditLog) -> None:
        self.anchors: Final = tuple(anchors)
        self._log = log
        self._seen: dict[str, Sighting] | None = None
        self._lock = Lock()

    def compare_once(self) -> None:
        """Look at every anchor, unless this process has done so already."""
        with self._lock:
            if self._seen is None:
                self._compare()

    def publish(self) -> list[Told]:
        """Hand the newest checkpoint to the anchors for which it is due; return what they said."""
        with self._lock:
            if self._seen is None or any(seen.outcome in _TROUBLE for seen in self._seen.values()):
                self._compare()
            return self._publish(self._due())

    def publish_to_all(self) -> list[Told]:
        """Hand the newest checkpoint to every anchor, due or not; return what they said."""
        with self._lock:
            self._compare()
            return self._publish(self.anchors)

    def standing(self) -> Open | Closed:
        """Say whether reading is open for the purposes that a forgotten withdrawal would break; contacts no anchor."""
        if not self.anchors:
            return Open()
        self.compare_once()
        with self._log.read_only() as session:
            log, confirmed = log_head(session).log, confirmations(session)
        return standing_of(self._seen or {}, log=log, confirmed=confirmed, at=self._log.clock())

    def accept_gap(self, confirmation: Confirmation, *, by: PrincipalId) -> None:
        """Record that the DPO confirms; after a contradiction a new log begins, so that it can be anchored again.

        Raises:
            AccessRefused: another process has begun a log meanwhile: look again.

        """
        with self._lock:
            statement, at = self._statement(), self._log.clock()
            if confirmation.log != statement.log:
                raise AccessRefused("log_has_changed", "Run `varde audit anchors` and look again")
            known = max((seen.size for seen in (self._seen or {}).values() if seen.size is not None), default=None)
            reason = confirmation.because.value
            with self._log.unit_of_work() as session:
                if confirmation.because is Because.CONTRADICTED and statement.note is not None:
                    told = NewEntry(action=CONTINUED, at=at, actor=by, fields=AuditFields(reason=reason))
                    begun = start_log_after(session, statement.note, self._log.public_key(), told=told)
                    confirmation = Confirmation(begun.log, confirmation.because, confirmation.until)
                fields = AuditFields(reason=reason, outcome="confirmed", log_size=known)
                leaf = append_entry(session, "log.gap_confirmed", at=at, actor=by, fields=fields)
                confirm(session, confirmation, by=by, at=at, leaf=leaf)
            self._compare()

    def _compare(self) -> None:
        """Look at every anchor; where one knows more than we have, begin a new log and look again."""
        for _ in range(_MOST_LOGS):
            statement = self._statement()
            told = self._ask(self.anchors, statement, lambda anchor, shown: anchor.look(shown))
            later = self._later(statement, told)
            self._seen = {each.anchor.name: each.sighting for each in (*told, *later)}
            ahead = [each.sighting for each in told if each.sighting.outcome is Outcome.AHEAD]
            lost = [each.sighting.note for each in later if each.sighting.note is not None]
            if not (ahead or lost) or not self._begin_log(statement, ahead, lost):
                break
        else:
            return
        with self._log.unit_of_work() as session:
            note_told(session, [each for each in told if each.sighting.outcome in _TROUBLE], at=self._log.clock())

    def _later(self, statement: Statement, told: Iterable[Told]) -> list[Told]:
        """Look for logs after ours: this backup was put back before, and an anchor keeps what was begun then."""
        answers = [each.anchor for each in told if each.sighting.outcome is not Outcome.UNREACHABLE]
        found: list[Told] = []
        number, last = statement.log, statement.log
        while number < last + _UNKNOWN_NAMES:
            number += 1
            shown = nothing_of(self._log.public_key(), number, at=statement.at)
            seen = self._ask(answers, shown, lambda anchor, shown: anchor.look(shown))
            known = [each for each in seen if each.sighting.note is not None]
            found += known
            last = number if known else last
        return found

    def _begin_log(self, statement: Statement, ahead: Sequence[Sighting], later: Sequence[str]) -> bool:
        """Begin a new log after the newest note that is known; say whether looking again makes sense."""
        newest = max(ahead, key=lambda seen: (seen.note is not None, seen.size or 0), default=None)
        note = (newest.note if newest else None) or statement.note
        with self._log.unit_of_work() as session:
            head = log_head(session)
            if head.log != statement.log or (not later and newest and head.frontier.size >= (newest.size or 0)):
                return True  # another process signed and published meanwhile: nothing was rolled back
            if note is None:
                return False  # a witness knows more, and nothing signed is left that a new log could commit to
            told = NewEntry(
                action=CONTINUED, at=statement.at, actor=_SYSTEM, fields=AuditFields(reason=Because.ROLLED_BACK.value)
            )
            start_log_after(session, note, self._log.public_key(), told=told, later=later)
        return True

    def _publish(self, anchors: Sequence[Anchor]) -> list[Told]:
        statement = self._statement()
        told = self._ask(anchors, statement, lambda anchor, shown: anchor.publish(shown))
        self._seen = (self._seen or {}) | {each.anchor.name: each.sighting for each in told}
        with self._log.unit_of_work() as session:
            note_told(session, told, at=statement.at)
        return told

    def _due(self) -> tuple[Anchor, ...]:
        """Leave out who keeps the newest checkpoint already, and who was given one a short while ago."""
        statement = self._statement()
        signed = statement.signed
        if signed is None:
            return ()
        with self._log.read_only() as session:
            given = kept(session, self.anchors)

        def is_due(anchor: Anchor) -> bool:
            last = given.get(anchor.name)
            if last is None or last.kept_at is None:
                return True
            is_kept = (last.log, last.size) == (statement.log, signed.size)
            return not is_kept and statement.at >= last.kept_at + anchor.every

        return tuple(anchor for anchor in self.anchors if is_due(anchor))

    def _ask(
        self, anchors: Sequence[Anchor], statement: Statement, question: Callable[[Anchor, Statement], Sighting]
    ) -> list[Told]:
        if not anchors:
            return []
        size = 0 if statement.signed is None else statement.signed.size
        with ThreadPoolExecutor(len(anchors), "varde-anchor") as pool:
            answers = list(pool.map(lambda anchor: question(anchor, statement), anchors))
        return [Told(anchor, statement.log, size, answer) for anchor, answer in zip(anchors, answers, strict=True)]

    def _statement(self) -> Statement:
        return statement_of(self._log.read_only, self._log.public_key(), at=self._log.clock())
