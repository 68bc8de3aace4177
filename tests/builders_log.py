"""Builders for logs that are witnessed: leaves, checkpoints, submissions, and a forked twin."""

from dataclasses import dataclass, field

from hub.witness.rules import Submission
from privacy.checkpoint import sign_checkpoint, verifier_key
from privacy.keys import Key
from privacy.merkle import consistency_proof, head_of
from privacy.verifier import Checkpoint, TreeHead, VerifierKey, leaf_hash
from tests.builders import a_key

ORIGIN = "varde/000102030405060708090a0b0c0d0e0f"


@dataclass(frozen=True)
class ALog:
    """A log that can state any history: from `forked_at` on, its leaves are others than its twin's."""

    origin: str = ORIGIN
    forked_at: int | None = None
    branch: int = 0
    key: Key = field(default_factory=lambda: a_key(77))

    @property
    def vkey(self) -> VerifierKey:
        return verifier_key(self.origin, self.key)

    def leaves(self, size: int) -> list[bytes]:
        fork = size if self.forked_at is None else self.forked_at
        return [leaf_hash(b"%d/%d" % (self.branch if i >= fork else 0, i)) for i in range(size)]

    def head(self, size: int) -> TreeHead:
        return head_of(self.leaves(size))

    def note(self, size: int) -> str:
        return sign_checkpoint(Checkpoint(self.origin, self.head(size)), self.key)

    def submission(self, old: int, new: int) -> Submission:
        proof = consistency_proof(self.leaves(new), old) if old <= new else []
        return Submission(old, tuple(proof), self.note(new))

    def body(self, old: int, new: int) -> bytes:
        return self.submission(old, new).to_bytes()

    def fork(self, at: int, branch: int = 1) -> "ALog":
        return ALog(self.origin, at, branch, self.key)
