"""`GET /v1/me/...`: what a data subject may see of themselves, each by the token that it needs.

| route | token |
|---|---|
| purposes | any; where the person stands is told to those who may also say yes |
| history, receipts | one that may also say yes: it was issued where the person proved who they are |
| receipts/{receipt} | any, for whoever knows the receipt's random id |
| accesses, scores | verified just now (Article 12(6)) |
"""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AwareDatetime
from sqlmodel import Session

from hub.accesses import show_own_accesses
from hub.api.answers import problem_responses
from hub.api.audited import run_audited
from hub.api.dependencies import OfSubject, Serving
from hub.api.guard import SubjectRoute
from hub.api.language import language_of
from hub.api.told import (
    AccessAnswer,
    AccessesAnswer,
    HistoryAnswer,
    OfferAnswer,
    PurposesAnswer,
    ReceiptAnswer,
    ReceiptsAnswer,
    SaidAnswer,
    ScoreAnswer,
    ScoresAnswer,
    StandingAnswer,
)
from hub.compose import Hub
from hub.errors import AccessRefused, NotAuthenticated
from hub.me.history import Said, history_for
from hub.me.offers import Choices, offers_for, standings_in_words
from hub.me.scores import explain_scores
from hub.receipts import signed_receipt
from hub.subject_tokens import authenticate_subject, reaches, verify_identity
from privacy.receipt import MEDIA_TYPE
from privacy.store.policy import find_policy
from privacy.store.subject_token import SubjectToken
from privacy.terms import EVERY_PURPOSE, PrincipalId, PurposeId, RecordId

router: Final = APIRouter(prefix="/v1/me", tags=["me"], route_class=SubjectRoute)
_PROBLEMS: Final = problem_responses(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)
_SIGNED: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK.value: {"content": {MEDIA_TYPE: {}}, "description": "A compact JWS"}
}
_MISSING: Final = {**_PROBLEMS, **problem_responses(HTTPStatus.NOT_FOUND), **_SIGNED}


async def asked_language(
    request: Request,
    _lang: Annotated[
        str | None, Query(alias="lang", pattern="^[a-z]{2}$", description="nb, nn, sv, en or de; else the browser's")
    ] = None,
) -> str:
    """Return the language to answer in."""
    return language_of(request)


Language = Annotated[str, Depends(asked_language)]


@router.get("/purposes", summary="What data are used for, in plain language", responses=_PROBLEMS)
async def get_purposes(token: OfSubject, service: Serving, language: Language) -> PurposesAnswer:
    """List the purposes that the token is bound to: what for, why that is lawful, what a no ends and what goes on."""
    return await run_audited(service, partial(_purposes, service.hub, token, language))


@router.get("/history", summary="What I have said", responses=_PROBLEMS)
async def get_history(token: OfSubject, service: Serving) -> HistoryAnswer:
    """List every act of the person, whatever way it came by."""
    acts = await run_audited(service, partial(_history, service.hub, token))
    return HistoryAnswer(acts=[SaidAnswer.model_validate(act) for act in acts])


@router.get("/receipts", summary="My receipts", responses=_PROBLEMS)
async def get_receipts(token: OfSubject, service: Serving) -> ReceiptsAnswer:
    """List the receipts of what the person has said."""
    acts = await run_audited(service, partial(_history, service.hub, token))
    return ReceiptsAnswer(receipts=[ReceiptAnswer.model_validate(act) for act in acts])


@router.get("/receipts/{receipt}", summary="One receipt, signed", response_class=Response, responses=_MISSING)
async def get_receipt(
    receipt: Annotated[str, Path(pattern="^[0-9a-f]{32}$")], token: OfSubject, service: Serving
) -> Response:
    """Return a receipt as a compact JWS (RFC 7515); asked for twice it is the same."""
    signed = await run_audited(service, partial(_receipt, service.hub, token, bytes.fromhex(receipt)))
    return Response(signed, media_type=MEDIA_TYPE)


@router.get("/accesses", summary="Who read my data, when and what for", responses=_PROBLEMS)
async def get_accesses(
    token: OfSubject, service: Serving, *, since: Annotated[AwareDatetime | None, Query()] = None
) -> AccessesAnswer:
    """List the reads of the person's data; which employee it was is not told, their role is."""

    def act() -> list[AccessAnswer]:
        subject = _verified(service.hub, token)
        found = show_own_accesses(service.hub, _records(service.hub, subject), _actor(subject), since=since)
        return [AccessAnswer.model_validate(access) for access in found]

    return AccessesAnswer(accesses=await run_audited(service, act))


@router.get("/scores", summary="What was worked out about me, in words", responses=_PROBLEMS)
async def get_scores(token: OfSubject, service: Serving, language: Language) -> ScoresAnswer:
    """Explain the newest score of each module."""

    def act() -> list[ScoreAnswer]:
        subject = _verified(service.hub, token)
        found = explain_scores(service.hub, _records(service.hub, subject), language, by=_actor(subject))
        return [ScoreAnswer.model_validate(score) for score in found]

    return ScoresAnswer(language=language, scores=await run_audited(service, act))


def _purposes(hub: Hub, token: str, language: str) -> PurposesAnswer:
    with hub.reading() as session:
        subject, records = _subject(hub, session, token)
        policy = find_policy(session) or hub.policy()
        told: Mapping[PurposeId, Choices] = {}
        if subject.may_give:
            told = standings_in_words(session, policy, records, language, at=hub.clock())
    offers = [OfferAnswer.model_validate(each) for each in offers_for(policy, language) if subject.covers(each.purpose)]
    standings = {purpose: StandingAnswer.model_validate(each) for purpose, each in told.items()}
    purposes = [each.model_copy(update={"standing": standings.get(PurposeId(each.purpose))}) for each in offers]
    return PurposesAnswer(language=language, purposes=purposes)


def _history(hub: Hub, token: str) -> list[Said]:
    with hub.reading() as session:
        subject, records = _subject(hub, session, token)
        if not subject.may_give:
            raise AccessRefused("token_opens_opt_out_only", "This link can only say no. To see more, sign in first")
        said = history_for(session, records, subject.record_id)
    return [act for act in said if act.purpose == EVERY_PURPOSE or subject.covers(act.purpose)]


def _receipt(hub: Hub, token: str, receipt_id: bytes) -> str:
    with hub.reading() as session:
        _, records = _subject(hub, session, token)
        return signed_receipt(hub, session, records, receipt_id)


def _verified(hub: Hub, token: str) -> SubjectToken:
    with hub.reading() as session:
        subject = authenticate_subject(hub, session, token)
    verify_identity(subject)
    return subject


def _records(hub: Hub, subject: SubjectToken) -> tuple[RecordId, ...]:
    with hub.reading() as session:
        return reaches(session, [subject])[0].own


def _subject(hub: Hub, session: Session, token: str) -> tuple[SubjectToken, tuple[RecordId, ...]]:
    """Return who holds the token and all records of theirs; nobody else's, whoever shares an address.

    Raises:
        NotAuthenticated: the token opens nothing (any more), or its record belongs to nobody.

    """
    subject = authenticate_subject(hub, session, token)
    records = reaches(session, [subject])[0].own
    if not records:
        raise NotAuthenticated
    return subject, records


def _actor(subject: SubjectToken) -> PrincipalId:
    """Name the data subject as the actor: by their record's random id only."""
    return PrincipalId(subject.record_id)
