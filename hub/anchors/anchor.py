"""An anchor: a place outside the operator's reach that keeps what the audit log said about itself.

What each kind proves is said by its level, and by nothing more:
- *signed*: the log states something under our key; whoever holds key and disk can state something else;
- *anchored*: somebody else keeps a copy; what happened before it was kept cannot be rewritten unseen;
- *witnessed*: somebody else checked that it continues what was stated before, and says so under a key of their own.

What happened since the last checkpoint that left the house can still be rewritten by whoever owns the disk and the key.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from privacy.verifier import ProofRejected, TreeHead, VerifierKey, verify_checkpoint


class Level(StrEnum):
    """How much a checkpoint proves, weakest first."""

    SIGNED = "signed"
    ANCHORED = "anchored"
    WITNESSED = "witnessed"


class Outcome(StrEnum):
    """What an anchor had to say."""

    PUBLISHED = "published"  # it keeps this checkpoint now
    AGREES = "agrees"  # what it keeps is part of our log
    EMPTY = "empty"  # it keeps nothing of this log, or there is nothing to show it yet
    UNREADABLE = "unreadable"  # it can be written to only: a mailbox
    AHEAD = "ahead"  # it keeps more of this log than we have: we were rolled back
    CONTRADICTED = "contradicted"  # it keeps another history of this log
    REFUSED = "refused"  # it answered and would not take it
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What was seen at an anchor: `size` is how many leaves it knows of, `note` what it keeps, `why` a code word."""

    outcome: Outcome
    size: int | None = None
    note: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What the hub can say of one of its logs at an instant.

    - `key`: the public key, which names the log; `log`: the number of the log, 0 unless a restore began another;
    - `head`: the whole log now; `note`: the newest signed checkpoint, None if nothing was signed yet;
    - `root_at`: the root over the first so many leaves; `proof`: the consistency proof between two sizes.
    """

    key: VerifierKey
    log: int
    head: TreeHead
    note: str | None
    at: datetime
    root_at: Callable[[int], bytes]
    proof: Callable[[int, int], tuple[bytes, ...]]

    @property
    def signed(self) -> TreeHead | None:
        """The head that the newest checkpoint states."""
        return None if self.note is None else verify_checkpoint(self.note, self.key).head


class Anchor(Protocol):
    """A place that keeps checkpoints; no method raises for what the other side does: it is told as an outcome."""

    @property
    def name(self) -> str:
        """A name without secrets, the same in every run."""
        ...

    @property
    def level(self) -> Level:
        """What keeping a checkpoint there proves."""
        ...

    @property
    def every(self) -> timedelta:
        """How long after a checkpoint the next one is due."""
        ...

    def look(self, statement: Statement) -> Sighting:
        """Compare what is kept of this log with what we have; keep nothing new that was not signed before."""
        ...

    def publish(self, statement: Statement) -> Sighting:
        """Compare, then hand the newest checkpoint over."""
        ...

    def notes(self, origin: str) -> Iterator[str]:
        """Read every note that is kept of a log, in no order; nothing where they cannot be read back.

        Raises:
            ServiceUnreachable: they cannot be read now.

        """
        ...


def compared(newest: str | None, statement: Statement) -> Sighting:
    """Compare the newest note that an anchor keeps of a log with what we have of it."""
    if newest is None:
        return Sighting(outcome=Outcome.EMPTY)
    try:
        known = verify_checkpoint(newest, statement.key).head
    except ProofRejected:
        return Sighting(outcome=Outcome.CONTRADICTED, why="note_does_not_verify")
    if known.size > statement.head.size:
        return Sighting(outcome=Outcome.AHEAD, size=known.size, note=newest)
    same = known.size == 0 or statement.root_at(known.size) == known.root
    return Sighting(outcome=Outcome.AGREES if same else Outcome.CONTRADICTED, size=known.size, note=newest)


def shelf_of(origin: str) -> str:
    """Name the place of one log's notes in a folder or bucket."""
    return origin.replace("/", "-")
