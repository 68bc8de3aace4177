"""Where a person stands for each purpose: what they said, folded, and what the gate would decide now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.me.why import NOTHING_HELD, TOLD_FIRST
from hub.views.permission import refusals_of
from ingest.store.identity import entity_of_record
from privacy.consent import Axes, Head, axes_of
from privacy.purposes import Policy, Purpose
from privacy.store.consent import heads_of
from privacy.terms import EVERY_PURPOSE, ConsentState, PurposeId, RecordId

_STRICTEST_FIRST: Final = (
    ConsentState.WITHDRAWN,
    ConsentState.REFUSED,
    ConsentState.INVALIDATED,
    ConsentState.EXPIRED,
    ConsentState.GIVEN,
    ConsentState.REQUESTED,
    ConsentState.UNKNOWN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """One purpose of one person: the strictest of what their records say, of it and of every purpose, and the verdict.

    `refused` is the rule that keeps their data out of it, None where they are used; `said` is what it was folded from.
    """

    purpose: Purpose
    consent: ConsentState
    objected: bool
    restricted: bool
    refused: str | None
    said: tuple[tuple[Head, Axes], ...]


def stands_of(session: Session, policy: Policy, records: Sequence[RecordId], *, at: datetime) -> list[Stand]:
    """Say for every purpose where a person stands, in the caller's snapshot; `records` are all records of theirs."""
    heads = heads_of(session, records)
    entities = {entity_of_record(session, record) for record in records} - {None}
    who = pl.Series(sorted(bytes(entity) for entity in entities if entity is not None), dtype=pl.Binary)
    found = []
    for purpose in policy.purposes:
        refused = refusals_of(session, purpose, at=at, entities=who)
        places = [(record, PurposeId(name)) for record in records for name in (purpose.id, EVERY_PURPOSE)]
        mine = [heads.get(place, Head()) for place in places]
        found.append(_stand(purpose, tuple((head, axes_of(head, at=at)) for head in mine), refused))
    return found


def _stand(purpose: Purpose, said: tuple[tuple[Head, Axes], ...], refused: frozenset[str] | None) -> Stand:
    states = {axes.state for _, axes in said}
    rule = None if refused is None else next((each for each in TOLD_FIRST if each in refused), NOTHING_HELD)
    return Stand(
        purpose=purpose,
        consent=next(state for state in _STRICTEST_FIRST if state in states),
        objected=any(axes.objected for _, axes in said),
        restricted=any(axes.restricted for _, axes in said),
        refused=rule,
        said=said,
    )
