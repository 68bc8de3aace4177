"""A data subject's own choices: withdraw, object, or give consent, by a token that opens nothing else.

A choice is acknowledged only if it has the effect it promises. A withdrawal from a purpose that rests on a contract
ends nothing (Article 7(3) speaks of consent, 21(1) of interests), so it is refused with that reason instead of being
confirmed. Repeating a choice that stands already writes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.consents import Subject, Wish, write_wish
from hub.errors import AccessRefused, ChoiceNotRecorded, ChoiceWithoutEffect, NotAuthenticated
from hub.subject_tokens import reach_of
from ingest.store.identity import records_beside
from privacy.consent import Head
from privacy.decision import Deny, Standing, decide
from privacy.purposes import Policy, Purpose
from privacy.store.consent import heads_of
from privacy.store.epoch import current_epoch
from privacy.store.policy import find_policy
from privacy.store.subject_token import SubjectToken
from privacy.terms import (
    EVERY_PURPOSE,
    ActChannel,
    ConsentAct,
    ConsentState,
    LegalBasis,
    PrincipalId,
    PurposeId,
    RecordId,
)


class Wanted(StrEnum):
    """What a person can say about a purpose."""

    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"
    GIVEN = "given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the person wants for a purpose (`*`: for every one); `notice` names the text they saw when giving."""

    purpose: PurposeId
    wanted: Wanted
    notice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A choice that stands: since which epoch, whether this call wrote it, what ends by it, and what goes on and why.

    No read that starts after the epoch is committed uses the person's records for `stopped`.
    """

    epoch: int
    recorded: bool
    stopped: tuple[PurposeId, ...]
    continues: Mapping[PurposeId, LegalBasis]


_ACTS: Final = {
    Wanted.WITHDRAWN: ConsentAct.WITHDRAWN,
    Wanted.OBJECTED: ConsentAct.OBJECTED,
    Wanted.GIVEN: ConsentAct.GIVEN,
}
_FAVOURABLE: Final = Standing(
    state=ConsentState.GIVEN,
    objected=False,
    restricted=False,
    ground_declared=True,
    notice_current=True,
    readable=True,
)
_STANDING_AFTER: Final = {
    Wanted.WITHDRAWN: replace(_FAVOURABLE, state=ConsentState.WITHDRAWN),
    Wanted.OBJECTED: replace(_FAVOURABLE, objected=True),
    Wanted.GIVEN: _FAVOURABLE,
}


def stops(purpose: Purpose, wanted: Wanted) -> bool:
    """Say whether a choice ends a purpose even for a person of whom everything else permits it."""
    return isinstance(decide(purpose, _STANDING_AFTER[wanted]), Deny)


def verify_choice(policy: Policy, token: SubjectToken, choice: Choice) -> None:
    """Refuse a choice that the token does not open, or that would not do what it says.

    Raises:
        AccessRefused: the token is not bound to the purpose, opens opting out only, or an old notice was shown.
        PurposeUnknown: the policy has no such purpose.
        ChoiceWithoutEffect: the purpose's legal basis does not end by this choice.

    """
    if not token.covers(choice.purpose):
        raise AccessRefused("token_not_bound", "This link is for other purposes")
    if choice.wanted is Wanted.GIVEN:
        _verify_giving(policy, token, choice)
    elif choice.purpose != EVERY_PURPOSE:
        purpose = policy.purpose(choice.purpose)
        if not stops(purpose, choice.wanted):
            raise ChoiceWithoutEffect(purpose.legal_basis.value)


def choose(hub: Hub, session: Session, token: SubjectToken, choice: Choice) -> Chosen:
    """Write a choice for every record of the person, in the caller's transaction, unless it stands already.

    Raises:
        ChoiceNotRecorded: it was written and does not stand (a clock went backwards): it must not be acknowledged.

    """
    policy = find_policy(session)
    if policy is None:
        raise ChoiceNotRecorded
    verify_choice(policy, token, choice)
    records = _records(session, token, choice)
    recorded = not _stands(session, records, choice)
    if recorded:
        wish = Wish(act=_ACTS[choice.wanted], purpose=choice.purpose, channel=ActChannel.API)
        # The actor is the data subject, known here by their record's random id only.
        epoch = write_wish(hub, session, Subject(records=records), wish, PrincipalId(token.record_id))
        if not _stands(session, records, choice):
            raise ChoiceNotRecorded
    else:
        epoch = current_epoch(session)
    return _chosen(policy, choice, epoch, recorded=recorded)


def _verify_giving(policy: Policy, token: SubjectToken, choice: Choice) -> None:
    """Consent is the act of a known person, for one purpose, informed by its present notice (Article 4(11), 7(1))."""
    if not token.may_give:
        raise AccessRefused("token_opens_opt_out_only", "This link can only say no. To say yes, sign in first")
    if choice.purpose == EVERY_PURPOSE:
        raise AccessRefused("consent_not_specific", "Consent is given for one purpose at a time")
    if choice.notice != policy.purpose(choice.purpose).notice_version:
        raise AccessRefused("notice_not_current", "Show the present notice and name its version in `notice`")


def _records(session: Session, token: SubjectToken, choice: Choice) -> tuple[RecordId, ...]:
    """Return every record of the person: an act made while records are merged is written to each of them.

    A no also means whoever shares the identifier that the holder was proven by; a yes never does.
    """
    beside = records_beside(session, token.record_id)
    if not beside:
        raise NotAuthenticated
    return tuple(sorted(beside)) if choice.wanted is Wanted.GIVEN else reach_of(session, token)


def _stands(session: Session, records: tuple[RecordId, ...], choice: Choice) -> bool:
    heads = heads_of(session, records)
    return all(_said(heads.get((record, choice.purpose), Head()), choice) for record in records)


def _said(head: Head, choice: Choice) -> bool:
    """Say whether a head already holds the choice."""
    mark = head.standing_mark
    match choice.wanted:
        case Wanted.OBJECTED:
            return head.objected
        case Wanted.WITHDRAWN:
            return mark is not None and mark is head.own and mark.act is ConsentAct.WITHDRAWN
        case Wanted.GIVEN:
            given = mark is not None and mark is head.own and mark.act is ConsentAct.GIVEN
            return given and mark is not None and mark.notice_version == choice.notice and mark.until is None


def _chosen(policy: Policy, choice: Choice, epoch: int, *, recorded: bool) -> Chosen:
    meant = [p for p in policy.purposes if choice.purpose in {p.id, EVERY_PURPOSE}]
    stopped = tuple(purpose.id for purpose in meant if stops(purpose, choice.wanted))
    going_on = {purpose.id: purpose.legal_basis for purpose in meant if purpose.id not in stopped}
    return Chosen(epoch=epoch, recorded=recorded, stopped=stopped, continues=going_on)
