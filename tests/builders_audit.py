"""A stored audit log for tests: entries, checkpoints, files for an auditor, and an auditor who trusts none of it."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from hub.database.unit import reading, unit_of_work
from privacy.audit import AuditFields
from privacy.checkpoint import verifier_key
from privacy.keys import KeyKind
from privacy.store.audit import NewEntry, append_entries, start_log
from privacy.store.audit_checkpoint import add_checkpoint
from privacy.store.audit_continuation import start_log_after
from privacy.store.audit_proof import export_log, give_receipt, prove_entry, prove_growth
from privacy.terms import PrincipalId
from privacy.verifier import Auditor, Replay
from tests.builders import NOON, a_key, an_id

BASE = "varde/test"
KEY = a_key(kind=KeyKind.SIGNING)
PUBLIC = verifier_key(BASE, KEY)
ACTOR = PrincipalId(an_id(1))


def an_entry(number: int, action: str = "view.release.intent") -> NewEntry:
    return NewEntry(action=action, at=NOON, actor=ACTOR, fields=AuditFields(rows=number))


def append(session: Session, count: int, first: int = 0) -> None:
    append_entries(session, [an_entry(number) for number in range(first, first + count)])


@dataclass(frozen=True)
class StoredLog:
    """A log in a control database."""

    engine: Engine

    def started(self) -> "StoredLog":
        with unit_of_work(self.engine) as session:
            start_log(session)
        return self

    def grow(self, count: int) -> str:
        """Append so many entries and sign; return the note."""
        with unit_of_work(self.engine) as session:
            append(session, count)
            note = add_checkpoint(session, BASE, KEY, at=NOON)
        assert note is not None
        return note

    def go_on(self, note: str, *later: str) -> None:
        with unit_of_work(self.engine) as session:
            told = NewEntry(action="x", at=NOON, actor=ACTOR, fields=AuditFields(reason="restored"))
            start_log_after(session, note, PUBLIC, told=told, later=later)

    def proof(self, number: int, note: str) -> str:
        with reading(self.engine) as session:
            return prove_entry(session, number, note, PUBLIC)

    def growth(self, old: str, note: str) -> str:
        with reading(self.engine) as session:
            return prove_growth(session, old, note, PUBLIC)

    def receipt(self, number: int) -> str:
        with reading(self.engine) as session:
            return give_receipt(session, number, BASE, KEY, at=NOON)

    def export(self) -> list[bytes]:
        with reading(self.engine) as session:
            return list(export_log(session, BASE))


def auditor(*kept: str, quorum: int = 0) -> Auditor:
    return Auditor(logs=[PUBLIC], kept=kept, quorum=quorum)


def replayed(lines: list[bytes], *kept: str) -> list[str]:
    replay = Replay(auditor(*kept))
    for line in lines:
        replay.take(line)
    return replay.finish()


def written(folder: Path, name: str, content: str | list[bytes]) -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else b"".join(content))
    return str(path)
