"""The answer to "may this record be used for this purpose?": facts and rules in, permit or deny(because) out.

Rules kept here:
- a standing that could not be read is a refusal on every basis (unknown means no);
- standings are finite: the batch path joins `decision_rows`, which is `decide` written out, and so cannot
  disagree with it;
- the exceptions of Art. 18(2) and 21(1) (legal claims, compelling grounds) are a person's judgement: the
  DPO lifts the restriction or objection by an act of its own, no rule here assumes one;
- merging never widens permission: a part whose standing `silences` binds every part of its entity.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import product
from typing import Final, assert_never

from privacy.consent import Axes
from privacy.purposes import Purpose
from privacy.terms import ConsentState, DataCategory, LegalBasis

_NO: Final = frozenset({ConsentState.REFUSED, ConsentState.WITHDRAWN})


class Because(StrEnum):
    """Why a record is absent; these words stand in audit entries, so they are permanent."""

    UNREADABLE = "unreadable"
    RESTRICTED = "restricted"  # Art. 18(2)
    OBJECTED_MARKETING = "objected_marketing"  # Art. 21(3)
    OBJECTED = "objected"  # Art. 21(1)
    SPECIAL_CATEGORY = "special_category"  # Art. 9(1)
    CONSENT_UNKNOWN = "consent_unknown"
    CONSENT_REQUESTED = "consent_requested"
    CONSENT_REFUSED = "consent_refused"
    CONSENT_WITHDRAWN = "consent_withdrawn"  # Art. 7(3)
    CONSENT_EXPIRED = "consent_expired"
    CONSENT_INVALIDATED = "consent_invalidated"
    CONSENT_SUPERSEDED = "consent_superseded"  # given under a notice that no longer counts
    GROUND_NOT_DECLARED = "ground_not_declared"  # Art. 5(1)(a), 13, 14
    SILENCED_BY_PART = "silenced_by_part"  # another record of the same entity said no


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one record stands for one purpose; seven states and five flags, so 224 standings in all.

    - `state`: consent, with expiry already applied for the instant of the question;
    - `objected`, `restricted`: an objection or restriction stands for this purpose or for every purpose;
    - `ground_declared`: the source contract declares the purpose's basis and that notice was given;
    - `notice_current`: the consent was given under a notice that the purpose still accepts;
    - `readable`: False when any of the others could not be read.
    """

    state: ConsentState
    objected: bool
    restricted: bool
    ground_declared: bool
    notice_current: bool
    readable: bool


@dataclass(frozen=True, slots=True)
class Permit:
    """The record may be used for the purpose."""


@dataclass(frozen=True, slots=True)
class Deny:
    """The record may not be used for the purpose, and why."""

    because: Because


UNREADABLE: Final = Standing(
    state=ConsentState.UNKNOWN,
    objected=False,
    restricted=False,
    ground_declared=False,
    notice_current=False,
    readable=False,
)
"""The standing of a record whose facts are unreachable or unparsable."""


def decide(purpose: Purpose, standing: Standing) -> Permit | Deny:
    """Apply Articles 18, 21(3), 9 and then 6 by the purpose's legal basis; the first refusal wins."""
    if not standing.readable:
        return Deny(Because.UNREADABLE)
    if standing.restricted:  # Art. 18(2): storage only, whatever the basis
        return Deny(Because.RESTRICTED)
    if standing.objected and purpose.direct_marketing:  # Art. 21(3): absolute, whatever the basis
        return Deny(Because.OBJECTED_MARKETING)
    if DataCategory.SPECIAL in purpose.data_categories and purpose.legal_basis is not LegalBasis.CONSENT:
        return Deny(Because.SPECIAL_CATEGORY)  # Art. 9(2)(a) is the only exception this house uses
    match purpose.legal_basis:
        case LegalBasis.CONSENT:
            return _by_consent(standing)
        case LegalBasis.LEGITIMATE_INTERESTS | LegalBasis.PUBLIC_TASK:
            return _by_interest(standing)
        case LegalBasis.CONTRACT | LegalBasis.LEGAL_OBLIGATION | LegalBasis.VITAL_INTERESTS:
            return _by_ground(standing)
        case _:
            assert_never(purpose.legal_basis)


def silences(standing: Standing, purpose: Purpose | None = None) -> bool:
    """Say whether a record's standing binds all records of its entity: a no that the purpose's basis must hear.

    Without a purpose the strictest basis (consent) is assumed. A missing or invalid consent is nobody's no
    and silences nobody; a standing that cannot be read may hold a no, and does.
    """
    if standing.restricted or not standing.readable:
        return True
    basis = LegalBasis.CONSENT if purpose is None else purpose.legal_basis
    match basis:
        case LegalBasis.CONSENT:
            return standing.objected or standing.state in _NO | {ConsentState.EXPIRED}
        case LegalBasis.LEGITIMATE_INTERESTS | LegalBasis.PUBLIC_TASK:
            return standing.objected or standing.state in _NO
        case LegalBasis.CONTRACT | LegalBasis.LEGAL_OBLIGATION | LegalBasis.VITAL_INTERESTS:
            return standing.objected and purpose is not None and purpose.direct_marketing
        case _:
            assert_never(basis)


def decide_part(purpose: Purpose, standing: Standing, others: Iterable[Standing]) -> Permit | Deny:
    """Decide for one record of an entity: its own standing must permit, and no other part may silence it."""
    own = decide(purpose, standing)
    if isinstance(own, Permit) and any(silences(other, purpose) for other in others):
        return Deny(Because.SILENCED_BY_PART)
    return own


def standing_of(purpose: Purpose, own: Axes, every: Axes, *, ground_declared: bool) -> Standing:
    """Combine a record's axes for the purpose with those for every purpose; the restrictive one wins.

    Consent to every purpose is not specific (Art. 4(11), recital 32) and gives nothing; a no to every
    purpose counts here.
    """
    return Standing(
        state=every.state if every.state in _NO and own.state not in _NO else own.state,
        objected=own.objected or every.objected,
        restricted=own.restricted or every.restricted,
        ground_declared=ground_declared,
        notice_current=own.notice_version in purpose.accepted_notices,
        readable=True,
    )


def standings() -> Iterator[Standing]:
    """Enumerate every standing there is."""
    for state, flags in product(ConsentState, product((False, True), repeat=5)):
        objected, restricted, declared, current, readable = flags
        yield Standing(
            state=state,
            objected=objected,
            restricted=restricted,
            ground_declared=declared,
            notice_current=current,
            readable=readable,
        )


def decision_rows(purpose: Purpose) -> list[dict[str, str | bool | None]]:
    """Write `decide` and `silences` out over every standing, for the batch path to join.

    Columns: the six fields of `Standing`, then `permit` (Boolean), `because` (String, null where permitted)
    and `silences` (Boolean: binds the other records of the entity).
    """
    return [_row_of(purpose, standing) for standing in standings()]


def _by_consent(standing: Standing) -> Permit | Deny:
    """Art. 6(1)(a): consent stands, under a notice that still counts; an objection withdraws it too."""
    if standing.objected:
        return Deny(Because.OBJECTED)
    if standing.state is not ConsentState.GIVEN:
        return Deny(Because(f"consent_{standing.state}"))
    return Permit() if standing.notice_current else Deny(Because.CONSENT_SUPERSEDED)


def _by_interest(standing: Standing) -> Permit | Deny:
    """Art. 6(1)(e) and (f): until objected to (Art. 21(1)); a refusal or withdrawal objects in other words."""
    if standing.objected:
        return Deny(Because.OBJECTED)
    if standing.state in _NO:
        return Deny(Because(f"consent_{standing.state}"))
    return _by_ground(standing)


def _by_ground(standing: Standing) -> Permit | Deny:
    """Art. 6(1)(b) to (f): the source must have declared the basis and given notice (Art. 13, 14)."""
    return Permit() if standing.ground_declared else Deny(Because.GROUND_NOT_DECLARED)


def _row_of(purpose: Purpose, standing: Standing) -> dict[str, str | bool | None]:
    answer = decide(purpose, standing)
    because = answer.because.value if isinstance(answer, Deny) else None
    facts = {**asdict(standing), "state": standing.state.value}
    return {**facts, "permit": because is None, "because": because, "silences": silences(standing, purpose)}
