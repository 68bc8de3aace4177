"""A new log after a restore: its first leaf commits to the last checkpoint that is known of the log before it.

A backup that is put back is shorter than the log that somebody saw. Going on under the same origin would state two
histories of one log; so the restored database begins a new one, `varde/<instance>/<n>`, and says openly what is lost.
Where the same backup is put back again, logs that were begun since are lost as a whole: no name is used a second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session, col

from privacy.audit import parse_entry
from privacy.checkpoint import origin_of
from privacy.store.audit import LogHead, NewEntry, append_entries, complete_log_head, log_head, remember_head
from privacy.store.audit_node import roots_of
from privacy.tables.audit import AuditBody, AuditContinuation, AuditHead
from privacy.verifier import CONTINUED, LOST, Frontier, ProofRejected, TreeHead, VerifierKey, verify_checkpoint

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


def start_log_after(
    session: Session, note: str, key: VerifierKey, *, told: NewEntry, later: Sequence[str] = ()
) -> Continuation:
    """Begin a new log whose first entry commits to the last known checkpoint of the present one.

    `later` are the last known checkpoints of logs that came after the present one and are not here at all: the same
    backup was put back before. Their names are taken, so the new log's number lies beyond them, and an entry each owns
    up to what was lost. `key` is the public key of the hub's first log; `told` says who does it, when and why: action
    and the checkpoint's size and root are filled in.

    Raises:
        ProofRejected: the note is not of the present log, or states another history than the one that is held; or one
            of the later ones is not of a later log.

    """
    head = complete_log_head(session)  # what waited belongs to the log that ends
    known, lost = _known(session, head, note, key), lost_logs(later, key, after=head.log)
    following = Continuation(max((head.log, *lost)) + 1, head.end, note)
    session.execute(
        insert(AuditContinuation),
        [{"log": following.log, "start": following.start, "at": told.at, "note": note}],
    )
    session.connection().execute(_BEGIN, {"to_log": following.log, "to_start": following.start})
    remember_head(session, LogHead(following.log, following.start, Frontier()))  # its first entry is the next one
    fields = replace(told.fields, log_size=known.size, log_root=known.root.hex())
    owned = [
        NewEntry(
            action=LOST,
            at=told.at,
            actor=told.actor,
            fields=replace(told.fields, log_number=log, log_size=each.size, log_root=each.root.hex()),
        )
        for log, each in sorted(lost.items())
    ]
    append_entries(session, [replace(told, action=CONTINUED, fields=fields), *owned])
    return following


def log_after(session: Session, note: str, key: VerifierKey, *, later: Sequence[str] = ()) -> Continuation:
    """Say which log `start_log_after` would begin, and begin none; raises what it raises."""
    head = log_head(session)
    _known(session, head, note, key)
    return Continuation(max((head.log, *lost_logs(later, key, after=head.log))) + 1, head.end, note)


def lost_logs(notes: Sequence[str], key: VerifierKey, *, after: int) -> dict[int, TreeHead]:
    """Return the newest head that is known of each log after a given one, by its number.

    Raises:
        ProofRejected: a note is not of such a log, or does not verify.

    """
    heads: dict[int, TreeHead] = {}
    for note in notes:
        number = number_of(note.partition("\n")[0], key)
        if number <= after:
            raise ProofRejected("audit log: the checkpoint is not of a later log than the one that is held")
        head = verify_checkpoint(note, VerifierKey(origin_of(key.name, number), key.public)).head
        if head.size > heads.get(number, head).size or number not in heads:
            heads[number] = head
    return heads


def number_of(origin: str, key: VerifierKey) -> int:
    """Return the number of the log of this hub that an origin names.

    Raises:
        ProofRejected: it names another's log.

    """
    number = origin.removeprefix(key.name).removeprefix("/") or "0"
    if not number.isdecimal() or origin != origin_of(key.name, int(number)):
        raise ProofRejected("C2SP tlog-checkpoint: the note is of another log")
    return int(number)


def owned_up(session: Session) -> dict[int, TreeHead]:
    """Return the logs that entries own up to as lost as a whole, with the last that was known of each."""
    bodies = session.execute(select(col(AuditBody.body)).where(col(AuditBody.action) == LOST)).scalars()
    told = (parse_entry(body).fields for body in bodies)
    return {
        each.log_number: TreeHead(each.log_size, bytes.fromhex(each.log_root))
        for each in told
        if each.log_number is not None and each.log_size is not None and each.log_root is not None
    }


def _known(session: Session, head: LogHead, note: str, key: VerifierKey) -> TreeHead:
    """Return what a checkpoint states of the present log, once it is sure that it states no other history."""
    known = verify_checkpoint(note, VerifierKey(origin_of(key.name, head.log), key.public)).head
    if 0 < known.size <= head.frontier.size:
        (root,) = roots_of(session, [range(known.size)], log=head.log, start=head.start)
        if root != known.root:
            raise ProofRejected("audit log: the checkpoint states another history than the log that is held")
    return known


def logs_of(session: Session) -> dict[int, range]:
    """Say which entry numbers each log has that is held, in their order; numbers of logs may be missing between."""
    following = continuations(session)
    starts = [0, *(each.start for each in following)]
    bounds = zip(starts, [*starts[1:], log_head(session).end], strict=True)
    return {log: range(*each) for log, each in zip([0, *(each.log for each in following)], bounds, strict=True)}
