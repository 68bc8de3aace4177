"""Every purpose as it is put to the person it concerns: what for, on which basis, where they stand, what ends and when.

In plain language (Article 12(1)), in the language asked for. Whether their data are used now is what the gate would
decide now, not what a flag says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlmodel import Session

from hub.choices import Wanted, stops
from hub.me.why import NOTHING_HELD, TOLD_FIRST, since_of, why_in_words
from hub.me.words import word
from hub.views.permission import refusals_of
from ingest.store.identity import entity_of_record
from privacy.consent import Axes, Head, axes_of
from privacy.purposes import Policy, Purpose
from privacy.store.consent import heads_of
from privacy.terms import EVERY_PURPOSE, ConsentState, LegalBasis, PurposeId, RecordId

_SAYING_NO = (Wanted.WITHDRAWN, Wanted.OBJECTED)
_STRICTEST_FIRST = (
    ConsentState.WITHDRAWN,
    ConsentState.REFUSED,
    ConsentState.INVALIDATED,
    ConsentState.EXPIRED,
    ConsentState.GIVEN,
    ConsentState.REQUESTED,
    ConsentState.UNKNOWN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Where a person stands for a purpose: the strictest of what their records say, and whether data are used now.

    `because` says in words why they are used or not, `since` when the person's own act behind it was; None where it is
    no act of theirs.
    """

    consent: ConsentState
    objected: bool
    restricted: bool
    used: bool
    in_words: str
    because: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One purpose: `ends_by` are the choices that end it, none if it goes on whatever the person says.

    `notice` is the version of the text to show before a yes, None where no consent is asked for.
    """

    purpose: PurposeId
    name: str
    description: str
    legal_basis: LegalBasis
    because: str
    ends_by: tuple[Wanted, ...]
    effect: str
    notice: str | None
    standing: Choices | None = None


def offers_for(policy: Policy, language: str) -> list[Offer]:
    """Put every purpose of a policy in words; of nobody in particular."""
    return [_offer(purpose, language) for purpose in policy.purposes]


def standings_in_words(
    session: Session, policy: Policy, records: Sequence[RecordId], language: str, *, at: datetime
) -> dict[PurposeId, Choices]:
    """Say for every purpose where a person stands, in the caller's snapshot; `records` are all records of theirs."""
    heads = heads_of(session, records)
    entities = {entity_of_record(session, record) for record in records} - {None}
    who = pl.Series(sorted(bytes(entity) for entity in entities if entity is not None), dtype=pl.Binary)
    found = {}
    for purpose in policy.purposes:
        refused = refusals_of(session, purpose, at=at, entities=who)
        places = [(record, PurposeId(name)) for record in records for name in (purpose.id, EVERY_PURPOSE)]
        mine = [heads.get(place, Head()) for place in places]
        found[purpose.id] = _choices(purpose, [(head, axes_of(head, at=at)) for head in mine], refused, language)
    return found


def _choices(
    purpose: Purpose, stood: Sequence[tuple[Head, Axes]], refused: frozenset[str] | None, language: str
) -> Choices:
    said, used = {axes.state for _, axes in stood}, refused is None
    rule = None if refused is None else next((each for each in TOLD_FIRST if each in refused), NOTHING_HELD)
    return Choices(
        consent=next(state for state in _STRICTEST_FIRST if state in said),
        objected=any(axes.objected for _, axes in stood),
        restricted=any(axes.restricted for _, axes in stood),
        used=used,
        in_words=word("now", "used" if used else "unused", language),
        because=why_in_words(purpose.legal_basis, rule, language),
        since=since_of(purpose.legal_basis, rule, stood),
    )


def _offer(purpose: Purpose, language: str) -> Offer:
    text, basis = purpose.texts[language], purpose.legal_basis
    ends_by = tuple(wanted for wanted in _SAYING_NO if stops(purpose, wanted))
    because = word("bases", basis.value, language)
    if basis is LegalBasis.CONSENT:
        effect = word("ends", "only_yes", language)
    else:
        effect = word("ends", "stops" if ends_by else "continues", language, why=because)
    return Offer(
        purpose=purpose.id,
        name=text.name,
        description=text.description,
        legal_basis=basis,
        because=because,
        ends_by=ends_by,
        effect=effect,
        notice=purpose.notice_version if basis is LegalBasis.CONSENT else None,
    )
