"""What the hub can say of its audit log, made from the control database."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from sqlmodel import Session

from hub.anchors.anchor import Statement
from privacy.checkpoint import origin_of
from privacy.merkle import consistency_ranges
from privacy.store.audit import LogHead, log_head
from privacy.store.audit_checkpoint import newest_checkpoint
from privacy.store.audit_node import roots_of
from privacy.verifier import EMPTY_ROOT, Frontier, VerifierKey

ReadOnly = Callable[[], AbstractContextManager[Session]]


def statement_of(read_only: ReadOnly, base: VerifierKey, *, at: datetime) -> Statement:
    """State the log that is written now: its head, its newest checkpoint, and how to prove what came before.

    `base` is the public key of the hub's first log. Entries are never changed, so roots and proofs that are asked for
    later, in transactions of their own, are still those of this head.
    """
    with read_only() as session:
        head, note = log_head(session), newest_checkpoint(session)
    key = VerifierKey(origin_of(base.name, head.log), base.public)
    if note is not None and note.partition("\n")[0] != key.name:
        note = None  # it is of the log before: this one has no checkpoint yet

    def roots(parts: list[range]) -> list[bytes]:
        with read_only() as session:
            return roots_of(session, parts, log=head.log, start=head.start)

    return Statement(
        key=key,
        log=head.log,
        head=head.frontier.head,
        note=note,
        at=at,
        root_at=lambda size: _root_at(head, size, roots),
        proof=lambda old, new: tuple(roots(consistency_ranges(old, new))),
    )


def nothing_of(base: VerifierKey, log: int, *, at: datetime) -> Statement:
    """State that we have nothing of a log of ours: an anchor that keeps anything of it is ahead."""
    return Statement(
        key=VerifierKey(origin_of(base.name, log), base.public),
        log=log,
        head=Frontier().head,
        note=None,
        at=at,
        root_at=lambda _size: EMPTY_ROOT,
        proof=lambda _old, _new: (),
    )


def _root_at(head: LogHead, size: int, roots: Callable[[list[range]], list[bytes]]) -> bytes:
    return head.frontier.head.root if size == head.frontier.size else roots([range(size)])[0]
