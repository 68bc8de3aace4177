"""Builders for anchors: what a log of so many leaves states, signed up to some size."""

from datetime import timedelta

from hub.anchors.anchor import Statement
from privacy.merkle import consistency_proof, head_of
from tests.builders import NOON
from tests.builders_log import ALog

AT_ONCE = timedelta(0)


def stated(log: ALog, size: int, signed: int | None = None) -> Statement:
    """State a log of `size` leaves whose newest checkpoint is over `signed` of them (all, unless said)."""
    signed = size if signed is None else signed
    return Statement(
        key=log.vkey,
        log=0,
        head=log.head(size),
        note=log.note(signed) if signed else None,
        at=NOON,
        root_at=lambda at: head_of(log.leaves(size)[:at]).root,
        proof=lambda old, new: tuple(consistency_proof(log.leaves(size)[:new], old)),
    )
