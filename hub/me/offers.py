"""Every purpose as it is put to the person it concerns: what for, on which basis, where they stand, what ends and when.

In plain language (Article 12(1)), in the language asked for. Whether their data are used now is what the gate would
decide now, not what a flag says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from hub.choices import Wanted, stops
from hub.me.standing import Stand, stands_of
from hub.me.why import since_of, why_in_words
from hub.me.words import word
from privacy.purposes import Policy, Purpose
from privacy.terms import ConsentState, LegalBasis, PurposeId, RecordId

_SAYING_NO = (Wanted.WITHDRAWN, Wanted.OBJECTED)


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
    return {each.purpose.id: _choices(each, language) for each in stands_of(session, policy, records, at=at)}


def _choices(stand: Stand, language: str) -> Choices:
    used, basis = stand.refused is None, stand.purpose.legal_basis
    return Choices(
        consent=stand.consent,
        objected=stand.objected,
        restricted=stand.restricted,
        used=used,
        in_words=word("now", "used" if used else "unused", language),
        because=why_in_words(basis, stand.refused, language),
        since=since_of(basis, stand.refused, stand.said),
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
