"""What carries its own end: refused rows, cleaned texts, tokens. Counted and ended together with everything else.

Rooms above this one hand in theirs (`Ending`), so that a plan counts and a run ends those rows as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from ingest.pipeline.expiry import expire
from ingest.store.expiry import count_expired
from privacy.audit import AuditFields
from privacy.store.token_expiry import count_expired_tokens, delete_expired_tokens
from privacy.terms import PrincipalId

TOKENS: Final = "subject_token"
PERIODS: Final = {"quarantine_row": "P30D", "held_text": "P30D", TOKENS: "its own"}
"""How long each is kept, from its arrival."""


@dataclass(frozen=True, slots=True)
class OwnTerm:
    """A table of the control database whose rows say themselves when they end, and how many have by some days."""

    table: str
    over: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A table of another room whose rows say themselves when they end.

    `count` says how many are over at an instant, `end` destroys those that are over now and says how many went.
    """

    table: str
    period: str
    count: Callable[[Session, datetime], int]
    end: Callable[[Hub, PrincipalId], int]


Endings = Sequence[Ending]


def own_terms(hub: Hub, days: tuple[datetime, ...], endings: Endings = ()) -> list[OwnTerm]:
    """Count, by table, what is over at each of some instants."""
    with hub.reading() as session:
        counted = [
            count_expired(session, at=at)
            | {TOKENS: count_expired_tokens(session, at=at)}
            | {each.table: each.count(session, at) for each in endings}
            for at in days
        ]
    return [OwnTerm(table, tuple(each[table] for each in counted)) for table in sorted(counted[0])]


def end_own_terms(hub: Hub, by: PrincipalId, endings: Endings = ()) -> int:
    """Destroy and delete what is over now; return how many rows. What was sealed loses its key first."""
    sealed = expire(hub.ports(by)) + sum(each.end(hub, by) for each in endings)
    with hub.unit_of_work() as session:
        tokens = delete_expired_tokens(session, at=hub.clock())
        if tokens:
            hub.audit(session, "retention.tokens", by, AuditFields(rows=tokens, reason="expired"))
    return sealed + tokens
