"""A data subject's own choices: withdraw, object, or give consent, by a token that opens nothing else.

A choice is acknowledged only if it has the effect it promises. A withdrawal from a purpose that rests on a contract
ends nothing (Article 7(3) speaks of consent, 21(1) of interests), so it is refused with that reason instead of being
confirmed. Repeating a choice that stands already writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.consents import Subject, Told, Wish, told, write_told
from hub.errors import AccessRefused, ChoiceNotRecorded, ChoiceWithoutEffect, HubError, NotAuthenticated
from hub.subject_tokens import Reach, reaches
from hub.suppression.proven import ProvenNo, noes_of, note_proven
from privacy.consent import Head, head_after
from privacy.decision import Deny, Standing, decide
from privacy.errors import PrivacyError
from privacy.purposes import Policy, Purpose
from privacy.store.consent import Place, heads_of, heads_unlike
from privacy.store.epoch import current_epoch, lock_epoch
from privacy.store.ledger import owe
from privacy.store.policy import find_policy
from privacy.store.subject_token import SubjectToken, find_subject_tokens
from privacy.terms import (
    EVERY_PURPOSE,
    ActChannel,
    ConsentAct,
    ConsentState,
    LegalBasis,
    PrincipalId,
    PurposeId,
)


class Wanted(StrEnum):
    """What a person can say about a purpose."""

    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"
    GIVEN = "given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the person wants for a purpose (`*`: for every one).

    `notice` names the text they saw when giving, `language` the language in which they were asked ("" if unknown).
    """

    purpose: PurposeId
    wanted: Wanted
    notice: str | None = None
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the holder of a token asks for at once: all of it is done, or nothing."""

    token: str = field(repr=False)
    choices: tuple[Choice, ...]
    channel: ActChannel = ActChannel.API


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A choice that stands: since which epoch, whether this call wrote it, what ends by it, and what goes on and why.

    No read that starts after the epoch is committed uses the person's records for `stopped`. `receipt` names the
    receipt of what was written.
    """

    epoch: int
    recorded: bool
    receipt: bytes | None
    stopped: tuple[PurposeId, ...]
    continues: Mapping[PurposeId, LegalBasis]


_UNHEARD: Final = Head()
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


def choose_all(hub: Hub, session: Session, asked: Sequence[Asked]) -> list[tuple[Chosen, ...] | Exception]:
    """Do for many people what each asked, with one statement of a kind for all of them, in the caller's transaction.

    The answers are those that each would have got alone, one after the other. Who is refused has written nothing: of
    several choices that a person makes at once all are recorded, or none.

    Raises:
        ChoiceNotRecorded: something was written and does not stand (a clock went backwards): nothing of this may be
            acknowledged.

    """
    known = find_subject_tokens(session, {each.token for each in asked}, at=hub.clock())
    return _choose(hub, session, [(known.get(each.token), each) for each in asked])


def choose(
    hub: Hub, session: Session, token: SubjectToken, choice: Choice, *, channel: ActChannel = ActChannel.API
) -> Chosen:
    """Write a choice for every record of the person, in the caller's transaction, unless it stands already.

    Raises:
        ChoiceNotRecorded: it was written and does not stand (a clock went backwards): it must not be acknowledged.

    """
    (answer,) = _choose(hub, session, [(token, Asked(token="", choices=(choice,), channel=channel))])
    if isinstance(answer, Exception):
        raise answer
    return answer[0]


def _choose(
    hub: Hub, session: Session, asked: Sequence[tuple[SubjectToken | None, Asked]]
) -> list[tuple[Chosen, ...] | Exception]:
    policy = find_policy(session)
    if policy is None:
        return [ChoiceNotRecorded()] * len(asked)
    tokens = [token for token, _ in asked if token is not None]
    if any(token.proven is not None and token.proven.digest is not None for token in tokens):
        lock_epoch(session)  # before looking who carries what: who comes meanwhile finds the entry
    reach = dict(zip(tokens, reaches(session, tokens), strict=True))
    turn = _Turn(hub, policy, heads_of(session, {record for each in reach.values() for record in each.meant}))
    planned = [
        turn.plan(token, reach[token], each) if token is not None else NotAuthenticated() for token, each in asked
    ]
    turn.write(session)
    return [each if isinstance(each, Exception) else tuple(map(turn.answer, each)) for each in planned]


@dataclass(frozen=True, slots=True)
class _Planned:
    """A choice, and which act of the turn records it, under which receipt; None if it stands already."""

    choice: Choice
    act: int | None = None
    receipt: bytes | None = None


class _Turn:
    """Choices of many people, judged one after the other, each against what those before it leave."""

    def __init__(self, hub: Hub, policy: Policy, heads: dict[Place, Head]) -> None:
        self._hub, self._policy, self._heads = hub, policy, heads
        self._acts: list[Told] = []
        self._last: dict[Place, dict[bool, Choice]] = {}
        self._effects: dict[tuple[PurposeId, Wanted], _Effect] = {}
        self._epochs, self._epoch = range(0), 0
        self._repeated = False
        self._proven: list[ProvenNo] = []

    def plan(self, token: SubjectToken, reach: Reach, asked: Asked) -> list[_Planned] | Exception:
        """Plan all that one person asked, or return why none of it can be done."""
        try:
            if not reach.own:
                raise NotAuthenticated
            for choice in asked.choices:
                verify_choice(self._policy, token, choice)
        except (HubError, PrivacyError) as refusal:
            return refusal
        # The actor is the data subject, known here by their record's random id only.
        actor = PrincipalId(token.record_id)
        said = [(choice.purpose, _ACTS[choice.wanted]) for choice in asked.choices]
        self._proven += noes_of(token, said, asked.channel, at=self._hub.clock())
        return [self._planned(choice, reach, actor, asked.channel) for choice in asked.choices]

    def write(self, session: Session) -> None:
        """Write what was planned, and look whether it stands: an act that has no effect is not acknowledged."""
        if self._acts:
            moved = {place: self._heads[place] for place in self._last}
            self._epochs = write_told(session, self._acts, moved)
            for place, head in heads_unlike(session, moved).items():  # somebody else was at it
                if not all(_said(head, choice) for choice in self._last[place].values()):
                    raise ChoiceNotRecorded
        note_proven(self._hub, session, self._proven)
        if self._repeated:
            owe(session)  # what stands already may have been written by somebody who was not told so
        self._epoch = self._epochs[-1] if self._acts else current_epoch(session)

    def answer(self, planned: _Planned) -> Chosen:
        """Say what a choice has come to."""
        choice, act = planned.choice, planned.act
        place = choice.purpose, choice.wanted
        if (effect := self._effects.get(place)) is None:
            effect = self._effects[place] = _effect_of(self._policy, choice)
        epoch = self._epoch if act is None else self._epochs[act]
        return Chosen(
            epoch=epoch,
            recorded=act is not None,
            receipt=planned.receipt,
            stopped=effect.stopped,
            continues=effect.continues,
        )

    def _planned(self, choice: Choice, reach: Reach, actor: PrincipalId, channel: ActChannel) -> _Planned:
        """Plan a choice for every record that it means: one act, unless each of them says it already."""
        records = reach.own if choice.wanted is Wanted.GIVEN else reach.meant
        places = [(record, choice.purpose) for record in records]
        if all(_said(self._heads.get(place, _UNHEARD), choice) for place in places):
            self._repeated = True
            return _Planned(choice)
        wish = Wish(act=_ACTS[choice.wanted], purpose=choice.purpose, channel=channel, language=choice.language)
        act = told(self._policy, Subject(records=records), wish, actor, at=self._hub.clock())
        for place in places:
            head = self._heads[place] = head_after(self._heads.get(place, _UNHEARD), act.event)
            if not _said(head, choice):
                raise ChoiceNotRecorded
            self._last.setdefault(place, {})[choice.wanted is Wanted.OBJECTED] = choice
        self._acts.append(act)
        receipt = next((one.event_id for one in act.acts if bytes(one.record_id) == bytes(actor)), None)
        return _Planned(choice, len(self._acts) - 1, receipt)


@dataclass(frozen=True, slots=True)
class _Effect:
    """What a choice ends, and what goes on and why."""

    stopped: tuple[PurposeId, ...]
    continues: Mapping[PurposeId, LegalBasis]


def _verify_giving(policy: Policy, token: SubjectToken, choice: Choice) -> None:
    """Consent is the act of a known person, for one purpose, informed by its present notice (Article 4(11), 7(1))."""
    if not token.may_give:
        raise AccessRefused("token_opens_opt_out_only", "This link can only say no. To say yes, sign in first")
    if choice.purpose == EVERY_PURPOSE:
        raise AccessRefused("consent_not_specific", "Consent is given for one purpose at a time")
    if choice.notice != policy.purpose(choice.purpose).notice_version:
        raise AccessRefused("notice_not_current", "Show the present notice and name its version in `notice`")


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


def _effect_of(policy: Policy, choice: Choice) -> _Effect:
    meant = [p for p in policy.purposes if choice.purpose in {p.id, EVERY_PURPOSE}]
    stopped = tuple(purpose.id for purpose in meant if stops(purpose, choice.wanted))
    return _Effect(stopped, {purpose.id: purpose.legal_basis for purpose in meant if purpose.id not in stopped})
