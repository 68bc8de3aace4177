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
from hub.me.words import word
from hub.views.permission import permitted_set
from ingest.store.identity import entity_of_record
from privacy.consent import Axes, Head, axes_of
from privacy.purposes import Policy, Purpose
from privacy.store.consent import heads_of
from privacy.terms import EVERY_PURPOSE, ConsentState, EntityKind, LegalBasis, PurposeId, RecordId

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
    """Where a person stands for a purpose: the strictest of what their records say, and whether data are used now."""

    consent: ConsentState
    objected: bool
    restricted: bool
    used: bool
    in_words: str


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
        used = permitted_set(session, purpose, EntityKind.PERSON, at=at, entities=who).records.height > 0
        places = [(record, PurposeId(name)) for record in records for name in (purpose.id, EVERY_PURPOSE)]
        found[purpose.id] = _choices(
            [axes_of(heads.get(place, Head()), at=at) for place in places], language, used=used
        )
    return found


def _choices(axes: Sequence[Axes], language: str, *, used: bool) -> Choices:
    said = {each.state for each in axes}
    return Choices(
        consent=next(state for state in _STRICTEST_FIRST if state in said),
        objected=any(each.objected for each in axes),
        restricted=any(each.restricted for each in axes),
        used=used,
        in_words=word("now", "used" if used else "unused", language),
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
