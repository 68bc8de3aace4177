"""Proofs, receipts and exports of the stored log, for an auditor who trusts none of it."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from privacy.checkpoint import origin_of
from privacy.instant import microseconds_of
from privacy.keys import Key
from privacy.merkle import consistency_ranges
from privacy.proof import (
    checkpoint_line,
    entry_line,
    entry_proof_text,
    growth_proof_text,
    log_line,
    pruned_line,
    sign_receipt,
)
from privacy.store.audit import EntryNotFound, log_head
from privacy.store.audit_continuation import continuations, logs_of
from privacy.store.audit_node import path_to, roots_of
from privacy.store.audit_verify import stored_pages
from privacy.tables.audit import AuditCheckpoint, AuditLeaf
from privacy.verifier import (
    Checkpoint,
    ProofRejected,
    Receipt,
    VerifierKey,
    leaf_hash,
    verify_checkpoint,
    verify_inclusion,
)

_MICROSECONDS: Final = 1_000_000
_STORED: Final = (
    "SELECT log, start, size, (SELECT body FROM audit_body WHERE leaf_index = {0}) FROM audit_head"  # it has one row
)


def prove_entry(session: Session, number: int, note: str, key: VerifierKey) -> str:
    """Write a proof file for the entry of that number under a checkpoint; `key` is that of the hub's first log.

    Raises:
        EntryNotFound: no such entry, or its body was pruned.
        ProofRejected: the checkpoint is of another log, does not cover the entry, or is longer than the log; or what
            is stored is damaged, so that the proof would not verify.

    """
    log, numbers, body = _stored(session, number)
    head = _verified(note, key, log, numbers).head
    index = number - numbers.start
    if index >= head.size:
        raise ProofRejected("audit log: the checkpoint was signed before the entry was written")
    if body is None:
        raise EntryNotFound(number)
    hashes = path_to(session, index, head, log=log, start=numbers.start)
    try:
        verify_inclusion(leaf_hash(body), hashes, index=index, head=head)
    except ProofRejected:
        raise ProofRejected("audit log: its rows do not lead to the signed root; run `varde audit verify`") from None
    return entry_proof_text(body, index, hashes, note)


def prove_growth(session: Session, old_note: str, note: str, key: VerifierKey) -> str:
    """Write a proof file that one checkpoint only adds to an older one of the same log.

    Raises:
        ProofRejected: one of them is of another log or longer than the log, or the older one is the newer one.

    """
    for log, numbers in logs_of(session).items():
        if note.startswith(origin_of(key.name, log) + "\n"):
            old, new = (_verified(each, key, log, numbers).head for each in (old_note, note))
            if old.size > new.size:
                raise ProofRejected("audit log: the checkpoint to start from is newer than the other one")
            hashes = roots_of(session, consistency_ranges(old.size, new.size), log=log, start=numbers.start)
            return growth_proof_text(old.size, hashes, note)
    raise ProofRejected("audit log: the checkpoint is of another log")


def give_receipt(session: Session, number: int, base: str, key: Key, *, at: datetime) -> str:
    """Sign the promise that the entry of that number has its place in the log; any committed entry has one.

    Raises:
        EntryNotFound: no such entry.

    """
    log, numbers = _log_with(session, number)
    leaf = session.execute(select(col(AuditLeaf.leaf_hash)).where(col(AuditLeaf.leaf_index) == number)).scalar_one()
    seconds = microseconds_of(at) // _MICROSECONDS
    return sign_receipt(Receipt(origin_of(base, log), number - numbers.start, leaf, seconds), key)


def export_log(session: Session, base: str) -> Iterator[bytes]:
    """Yield the lines of the whole log: NDJSON of logs, entries, pruned leaves and the checkpoints between them."""
    notes: dict[int, list[str]] = {}
    for size, note in session.execute(select(col(AuditCheckpoint.size), col(AuditCheckpoint.note))):
        notes.setdefault(size, []).append(note)
    logs = logs_of(session)
    begins = {numbers.start: log for log, numbers in logs.items()}
    for each, before in zip(continuations(session), logs.values(), strict=False):  # the last log ends nowhere yet
        size = int(each.note.split("\n")[1])
        if 0 < size <= len(before) and (at := before.start + size) not in notes:
            notes[at] = [each.note]  # the root that the next log commits to, told where it can be recomputed
    for page in stored_pages(session):
        for number, leaf, body, _, _ in page:
            if number in begins:
                yield log_line(origin_of(base, begins[number]))
            yield pruned_line(leaf) if body is None else entry_line(body)
            yield from map(checkpoint_line, notes.get(number + 1, ()))


def checkpoint_over(session: Session, number: int) -> str:
    """Return the newest checkpoint of the log that the entry of that number is in.

    Raises:
        EntryNotFound: no such entry.
        ProofRejected: the entry has not been signed over yet.

    """
    _, numbers = _log_with(session, number)
    size = col(AuditCheckpoint.size)
    query = select(col(AuditCheckpoint.note)).where(size > number, size <= numbers.stop)
    note: str | None = session.execute(query.order_by(size.desc()).limit(1)).scalar()
    if note is None:
        raise ProofRejected("audit log: no checkpoint covers the entry yet; run `varde audit checkpoint`")
    return note


def _stored(session: Session, number: int) -> tuple[int, range, bytes | None]:
    """Read an entry's log, that log's numbers and the entry's bytes, with one statement where there is one log."""
    connection = session.connection()
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    row = connection.exec_driver_sql(_STORED.format(mark), (number,)).first()
    if row is None or not row.start <= number < row.start + row.size:
        return *_log_with(session, number), None if row is None else row[3]
    return row.log, range(row.start, row.start + row.size), row[3]


def _log_with(session: Session, number: int) -> tuple[int, range]:
    head = log_head(session)
    if head.start <= number < head.end:  # nearly always: there is one log, unless a backup was put back
        return head.log, range(head.start, head.end)
    for log, numbers in logs_of(session).items():
        if number in numbers:
            return log, numbers
    raise EntryNotFound(number)


def _verified(note: str, key: VerifierKey, log: int, numbers: range) -> Checkpoint:
    checkpoint = _checkpoint(note, origin_of(key.name, log), key.public)
    if checkpoint.head.size > len(numbers):
        raise ProofRejected("audit log: the checkpoint is longer than the log")
    return checkpoint


@lru_cache(maxsize=64)
def _checkpoint(note: str, origin: str, public: bytes) -> Checkpoint:
    """Verify a checkpoint once for all the proofs that are made under it: a signature costs as much as half a proof."""
    return verify_checkpoint(note, VerifierKey(origin, public))
