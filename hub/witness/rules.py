"""When a witness cosigns (C2SP tlog-witness, `add-checkpoint`): no HTTP, no files, no clock.

Rules kept here, in the order in which the specification states them:
- the body is `old N`, up to 63 proof lines, an empty line and the checkpoint; anything else is malformed;
- a log is known by its origin, and the checkpoint carries a signature by the key that was configured for it;
- the old size is not above the new one, and it is the size that was cosigned last (zero if none was);
- the new tree begins with the one that was cosigned last, by the proof; at the same size it has the same root.

So every two heads that a witness cosigned for one log are consistent with each other.
"""

import base64
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hub.errors import HubError
from privacy.verifier import (
    HASH_BYTES,
    Checkpoint,
    ProofRejected,
    TreeHead,
    VerifierKey,
    verify_checkpoint,
    verify_consistency,
)

MOST_BYTES: Final = 1 << 16
"""A checkpoint has some hundred bytes and a proof at most 63 lines: whoever sends more is sending something else."""

MOST_PROOF_LINES: Final = 63
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")


class Refusal(StrEnum):
    """Why a witness does not cosign."""

    MALFORMED = "malformed"
    UNKNOWN_LOG = "unknown_log"
    NOT_SIGNED = "not_signed"
    OLD_ABOVE_NEW = "old_above_new"
    STALE = "stale"  # the old size is not the one cosigned last
    INCONSISTENT = "inconsistent"  # the proof does not show the new tree to begin with the old one
    SPLIT = "split"  # two roots for one size


class SubmissionRefused(HubError):
    """A checkpoint was not cosigned; `have` is the size that this witness cosigned last, where the client needs it."""

    def __init__(self, because: Refusal, have: int | None = None) -> None:
        super().__init__(f"not cosigned: {because}" + ("" if have is None else f"; last cosigned: {have} leaves"))
        self.because = because
        self.have = have


@dataclass(frozen=True, slots=True)
class Submission:
    """What a log hands in: the size that it believes was cosigned last, the proof from there, the signed note."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    @property
    def origin(self) -> str:
        """The log's name as the note has it, not yet verified."""
        return self.note.partition("\n")[0]

    def to_bytes(self) -> bytes:
        """Write the body of the request."""
        proof = "".join(f"{base64.b64encode(node).decode()}\n" for node in self.proof)
        return f"old {self.old}\n{proof}\n{self.note}".encode()


def submission_of(body: bytes) -> Submission:
    """Parse the body of a request.

    Raises:
        SubmissionRefused: malformed.

    """
    if len(body) > MOST_BYTES:
        raise SubmissionRefused(Refusal.MALFORMED)
    try:
        head, blank, note = body.decode("utf-8").partition("\n\n")
    except UnicodeDecodeError:
        raise SubmissionRefused(Refusal.MALFORMED) from None
    first, *proof = head.split("\n")
    old = _OLD.fullmatch(first)
    if old is None or not blank or not note or len(proof) > MOST_PROOF_LINES:
        raise SubmissionRefused(Refusal.MALFORMED)
    return Submission(int(old[1]), tuple(_hash_of(line) for line in proof), note)


def verify_step(submission: Submission, *, key: VerifierKey, last: TreeHead) -> Checkpoint:
    """Check that the submitted checkpoint may follow the head that was cosigned last; return it.

    Raises:
        SubmissionRefused: names the first rule that is broken.

    """
    try:
        checkpoint = verify_checkpoint(submission.note, key)
    except ProofRejected:
        raise SubmissionRefused(Refusal.NOT_SIGNED) from None
    new = checkpoint.head
    if submission.old > new.size:
        raise SubmissionRefused(Refusal.OLD_ABOVE_NEW)
    if submission.old != last.size:
        raise SubmissionRefused(Refusal.STALE, last.size)
    if new.size == last.size and new.root != last.root:
        raise SubmissionRefused(Refusal.SPLIT, last.size)
    try:
        verify_consistency(last, new, submission.proof)
    except ProofRejected:
        raise SubmissionRefused(Refusal.INCONSISTENT) from None
    return checkpoint


def _hash_of(line: str) -> bytes:
    try:
        node = base64.b64decode(line, validate=True)
    except ValueError:
        raise SubmissionRefused(Refusal.MALFORMED) from None
    if len(node) != HASH_BYTES or base64.b64encode(node).decode() != line:
        raise SubmissionRefused(Refusal.MALFORMED)
    return node
