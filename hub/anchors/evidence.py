"""How far each level holds: what outside notes and cosignatures say about the log that is held.

The comparison itself is a full recomputation (`privacy.store.audit_verify.verify_log`); here its outside notes are
gathered, and the cosignatures of witnesses are checked again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from hub.anchors.anchor import Anchor, Level
from hub.anchors.store import kept
from hub.anchors.witness import WitnessAnchor
from privacy.checkpoint import origin_of
from privacy.instant import instant_of
from privacy.store.audit import log_head
from privacy.store.audit_checkpoint import newest_checkpoint
from privacy.verifier import ProofRejected, VerifierKey, checkpoint_of, verify_checkpoint, verify_cosignature

_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Up to which size of which log a level holds, and by whom; `at` is when a witness says that it saw it."""

    level: Level
    by: str
    log: int
    size: int
    at: datetime | None = None


def outside_notes(session: Session, anchors: Sequence[Anchor], base: VerifierKey) -> dict[str, list[str]]:
    """Read every note that anchors keep of this hub's logs, by the anchor's name.

    Raises:
        ServiceUnreachable: an anchor that keeps notes cannot be read now.

    """
    origins = [origin_of(base.name, log) for log in range(log_head(session).log + 1)]
    return {anchor.name: [note for origin in origins for note in anchor.notes(origin)] for anchor in anchors}


def verify_not_rolled_back(session: Session, notes: dict[str, list[str]], base: VerifierKey) -> None:
    """Check that no anchor keeps more of the present log than is held, and say so by that name.

    Raises:
        ProofRejected: names the anchor and both sizes.

    """
    head = log_head(session)
    held = (head.log, head.frontier.size)
    for name, each in notes.items():
        newest = max(each, key=lambda note: _stated(note, base), default=None)
        known = held if newest is None else _placed(newest, base)
        if known > held:
            raise ProofRejected(
                f"rolled back: {name} keeps a checkpoint over {known[1]} entries of log {known[0]}, "
                f"this hub has {held[1]} of log {held[0]}"
            )


def evidence_of(
    session: Session, anchors: Sequence[Anchor], notes: dict[str, list[str]], base: VerifierKey
) -> list[Evidence]:
    """Say how far each level holds, once the log was recomputed against all of these notes.

    Raises:
        ProofRejected: a note or a cosignature that is kept does not verify.

    """
    found = list(_signed(session, base))
    receipts = kept(session, anchors)
    for anchor in anchors:
        newest = max(notes.get(anchor.name, ()), key=lambda note: _stated(note, base), default=None)
        if newest is not None:
            log, size = _placed(newest, base)
            found.append(Evidence(level=Level.ANCHORED, by=anchor.name, log=log, size=size))
        receipt = receipts.get(anchor.name)
        if isinstance(anchor, WitnessAnchor) and receipt is not None and receipt.receipt is not None:
            log, size = _placed(receipt.receipt, base)
            at = instant_of(verify_cosignature(receipt.receipt, anchor.key) * _MICROSECONDS)
            found.append(Evidence(level=Level.WITNESSED, by=anchor.name, log=log, size=size, at=at))
    return found


def _signed(session: Session, base: VerifierKey) -> Iterator[Evidence]:
    note = newest_checkpoint(session)
    if note is not None:
        log, size = _placed(note, base)
        yield Evidence(level=Level.SIGNED, by="this hub", log=log, size=size)


def _stated(note: str, base: VerifierKey) -> tuple[int, int]:
    """Return the number of the log and the size that a note states, unverified: to choose among many.

    Each signature is verified once, by the recomputation.
    """
    origin = note.partition("\n")[0]
    number = origin.removeprefix(base.name).removeprefix("/") or "0"
    if not number.isdecimal() or origin != origin_of(base.name, int(number)):
        raise ProofRejected("C2SP tlog-checkpoint: the note is of another log")
    return int(number), checkpoint_of(note.rpartition("\n\n")[0] + "\n").head.size


def _placed(note: str, base: VerifierKey) -> tuple[int, int]:
    """Return the number of the log and the size that a note states, its signature verified."""
    log, size = _stated(note, base)
    verify_checkpoint(note, VerifierKey(origin_of(base.name, log), base.public))
    return log, size
