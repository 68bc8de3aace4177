"""A new log after a restore: its first leaf commits to the last checkpoint that is known of the log before it.

A backup that is put back is shorter than the log that somebody saw. Going on under the same origin would state two
histories of one log; so the restored database begins a new one, `varde/<instance>/<n>`, and says openly what is lost.
"""

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session, col

from privacy.checkpoint import origin_of
from privacy.store.audit import LogHead, NewEntry, append_entries, complete_log_head, log_head, remember_head
from privacy.store.audit_node import roots_of
from privacy.tables.audit import AuditContinuation, AuditHead
from privacy.verifier import CONTINUED, Frontier, ProofRejected, TreeHead, VerifierKey, verify_checkpoint

_BEGIN: Final = update(AuditHead).values(log=bindparam("to_log"), start=bindparam("to_start"), size=0, frontier=b"")


@dataclass(frozen=True, slots=True)
class Continuation:
    """A log after the first: its number, the number of its first entry, the last known checkpoint before it."""

    log: int
    start: int
    note: str


def continuations(session: Session) -> list[Continuation]:
    """Read the logs after the first, in order."""
    query = select(col(AuditContinuation.log), col(AuditContinuation.start), col(AuditContinuation.note))
    found = session.execute(query.order_by(col(AuditContinuation.log)))
    return [Continuation(*row) for row in found]


def start_log_after(session: Session, note: str, key: VerifierKey, *, told: NewEntry) -> Continuation:
    """Begin a new log whose first entry commits to the last known checkpoint of the present one.

    `key` is the public key of the hub's first log; `told` says who does it, when and why: action and the checkpoint's
    size and root are filled in.

    Raises:
        ProofRejected: the note is not of the present log, or states another history than the one that is held.

    """
    head = complete_log_head(session)  # what waited belongs to the log that ends
    known = _known(session, head, note, key)
    following = Continuation(head.log + 1, head.end, note)
    session.execute(
        insert(AuditContinuation),
        [{"log": following.log, "start": following.start, "at": told.at, "note": note}],
    )
    session.connection().execute(_BEGIN, {"to_log": following.log, "to_start": following.start})
    remember_head(session, LogHead(following.log, following.start, Frontier()))  # its first entry is the next one
    fields = replace(told.fields, log_size=known.size, log_root=known.root.hex())
    append_entries(session, [replace(told, action=CONTINUED, fields=fields)])
    return following


def log_after(session: Session, note: str, key: VerifierKey) -> Continuation:
    """Say which log `start_log_after` would begin, and begin none; raises what it raises."""
    head = log_head(session)
    _known(session, head, note, key)
    return Continuation(head.log + 1, head.end, note)


def _known(session: Session, head: LogHead, note: str, key: VerifierKey) -> TreeHead:
    """Return what a checkpoint states of the present log, once it is sure that it states no other history."""
    known = verify_checkpoint(note, VerifierKey(origin_of(key.name, head.log), key.public)).head
    if 0 < known.size <= head.frontier.size:
        (root,) = roots_of(session, [range(known.size)], log=head.log, start=head.start)
        if root != known.root:
            raise ProofRejected("audit log: the checkpoint states another history than the log that is held")
    return known


def logs_of(session: Session) -> dict[int, range]:
    """Say which entry numbers each log has."""
    starts = [0, *(each.start for each in continuations(session))]
    ends = [*starts[1:], log_head(session).end]
    return {log: range(*bounds) for log, bounds in enumerate(zip(starts, ends, strict=True))}
