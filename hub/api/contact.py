"""`GET|PUT /v1/me/contact`: by which way, when and how often a person wants to be reached.

Refusing a channel needs an opt-out token only, and reaches whoever carries the identifier that was proven. Everything
else, reading too, needs a token that was issued where the person proved who they are, and means their own records.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Final, Self, TypeVar

from anyio import to_thread
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlmodel import Session

from hub.api.answers import problem_responses
from hub.api.dependencies import OfSubject, Serving
from hub.api.guard import SubjectRoute
from hub.api.service import Service
from hub.compose import Hub
from hub.consents import Subject, Wish, write_wish
from hub.contact.wishes import contact_of, state_wish
from hub.database.unit import RuleBroken, StorageFull
from hub.errors import AccessRefused, NotAuthenticated, ServiceUnreachable
from hub.subject_tokens import Reach, authenticate_subject, reaches
from hub.suppression.proven import noes_of, note_proven
from privacy.consent import Head
from privacy.contact import ContactWish
from privacy.store.consent import heads_of
from privacy.store.contact import Statement
from privacy.store.epoch import lock_epoch
from privacy.store.subject_token import SubjectToken
from privacy.suppression import contact_purpose
from privacy.terms import ActChannel, ConsentAct, ContactChannel, PrincipalId

router: Final = APIRouter(prefix="/v1/me", tags=["me"], route_class=SubjectRoute)
Answer = TypeVar("Answer")
_PROBLEMS: Final = problem_responses(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)


class Said(StrEnum):
    """What a person can say about a channel."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class WishBody(BaseModel):
    """How the person wants to be reached, whole: what is left out is no wish any more.

    Hours are of the clock in `time_zone` (an IANA name); at most `at_most` messages in `per_days` days.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: Annotated[list[ContactChannel], Field(max_length=len(ContactChannel))] = []
    hour_from: Annotated[int | None, Field(ge=0, le=23)] = None
    hour_to: Annotated[int | None, Field(ge=1, le=24)] = None
    time_zone: Annotated[str, Field(pattern=r"^([A-Za-z]+(/[A-Za-z_]+)*)?$", max_length=40)] = ""
    at_most: Annotated[int | None, Field(ge=0, le=1000)] = None
    per_days: Annotated[int | None, Field(ge=1, le=366)] = None

    @model_validator(mode="after")
    def _verify_whole(self) -> Self:
        try:
            self.wish()
        except LookupError:
            raise ValueError("there is no such time zone") from None
        return self

    def wish(self) -> ContactWish:
        """Return the wish that the body states."""
        return ContactWish(**{**self.model_dump(), "channels": frozenset(self.channels)})


class PermissionsBody(BaseModel):
    """What the person says of each channel; fields and no mapping, for a refusal names the place of what is wrong."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email: Said | None = None
    sms_whatsapp: Said | None = None
    push: Said | None = None
    phone: Said | None = None
    letter: Said | None = None
    linkedin: Said | None = None

    def told(self) -> dict[ContactChannel, Said]:
        """Return what was said, by channel."""
        return {ContactChannel(name): Said(said) for name, said in self.model_dump(exclude_none=True).items()}


class ContactBody(BaseModel):
    """What the person says: of channels, and of how they want to be reached; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    permissions: PermissionsBody = PermissionsBody()
    wish: WishBody | None = None


class ContactAnswer(BaseModel):
    """Permission by channel, of those that anything was said of, and the stated wish."""

    permissions: Mapping[ContactChannel, str]
    wish: WishBody


@router.get("/contact", summary="How I may be reached", responses=_PROBLEMS)
async def get_contact(token: OfSubject, service: Serving) -> ContactAnswer:
    """Tell what the person said about being reached."""

    def act() -> ContactAnswer:
        with service.hub.reading() as session:
            subject, reach = _holder(service.hub, session, token)
            _verify_known(subject)
            return _answer(service.hub, session, reach)

    return await _run(service, act)


@router.put("/contact", summary="Say how I may be reached", responses=_PROBLEMS)
async def put_contact(body: ContactBody, token: OfSubject, service: Serving) -> ContactAnswer:
    """Record it for every record of the person, in one transaction; repeating it is safe.

    It holds for every message that is released from now on. The answer to an opt-out token holds nothing but what it
    said.
    """

    def act() -> ContactAnswer:
        hub, told = service.hub, body.permissions.told()
        with hub.unit_of_work() as session:
            lock_epoch(session)  # before looking who carries what was proven
            subject, reach = _holder(hub, session, token)
            if body.wish is not None or Said.GIVEN in told.values():
                _verify_known(subject)
            for channel, said in sorted(told.items()):
                _permit(hub, session, subject, reach, (channel, said))
            if body.wish is not None:
                _state(hub, session, subject, reach, body.wish.wish())
            if subject.may_give:
                return _answer(hub, session, reach)
        return ContactAnswer(permissions={each: said.value for each, said in told.items()}, wish=WishBody())

    return await _run(service, act)


def _permit(hub: Hub, session: Session, subject: SubjectToken, reach: Reach, told: tuple[ContactChannel, Said]) -> None:
    """Write what was told of one channel, unless it stands already."""
    channel, said = told
    purpose, act = contact_purpose(channel), ConsentAct(said.value)
    if not subject.covers(purpose):
        raise AccessRefused("token_not_bound", "This link is for other purposes")
    records = reach.own if said is Said.GIVEN else reach.meant
    note_proven(hub, session, noes_of(subject, [(purpose, act)], ActChannel.API, at=hub.clock()))
    heads = heads_of(session, records)
    if all(_stands(heads.get((record, purpose), Head()), act) for record in records):
        return
    wish = Wish(act=act, purpose=purpose, channel=ActChannel.API)
    write_wish(hub, session, Subject(records=records), wish, PrincipalId(subject.record_id))


def _stands(head: Head, act: ConsentAct) -> bool:
    mark = head.standing_mark
    return mark is not None and mark is head.own and mark.act is act


def _state(hub: Hub, session: Session, subject: SubjectToken, reach: Reach, wish: ContactWish) -> None:
    if contact_of(session, Subject(records=reach.own), hub).wish == wish:
        return
    actor = PrincipalId(subject.record_id)
    said = Statement(wish=wish, at=hub.clock(), told_by=ActChannel.API, actor=actor)
    state_wish(hub, session, Subject(records=reach.own), said)


def _answer(hub: Hub, session: Session, reach: Reach) -> ContactAnswer:
    standing = contact_of(session, Subject(records=reach.own), hub)
    wish = standing.wish
    return ContactAnswer(
        permissions=standing.channels,
        wish=WishBody(
            channels=sorted(wish.channels),
            hour_from=wish.hour_from,
            hour_to=wish.hour_to,
            time_zone=wish.time_zone,
            at_most=wish.at_most,
            per_days=wish.per_days,
        ),
    )


def _holder(hub: Hub, session: Session, token: str) -> tuple[SubjectToken, Reach]:
    subject = authenticate_subject(hub, session, token)
    (reach,) = reaches(session, [subject])
    if not reach.own:
        raise NotAuthenticated
    return subject, reach


def _verify_known(subject: SubjectToken) -> None:
    if not subject.may_give:
        raise AccessRefused("token_opens_opt_out_only", "This link can only say no. To say more, sign in first")


async def _run(service: Service, act: Callable[[], Answer]) -> Answer:
    """Do it beside other heavy acts; what cannot be committed is answered with 503, never with 200."""
    try:
        return await to_thread.run_sync(act, limiter=service.reads)
    except (RuleBroken, StorageFull):
        raise ServiceUnreachable("the consent ledger", "it did not take what was said") from None
