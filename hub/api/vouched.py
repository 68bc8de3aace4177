"""`POST /v1/identify/token`: whom an issuer has signed in is known here, and can say no even before we know them."""

from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from hub.api.answers import problem_responses
from hub.api.choices import PURPOSE_NAME
from hub.api.dependencies import Serving
from hub.api.durable import durable
from hub.api.identify import Concealed, IdentifiedAnswer
from hub.api.service import SYSTEM, Service
from hub.attempts import DENIED, NOBODY, note_denied
from hub.errors import IdentityNotProven, SubjectNotFound
from hub.identification.grant import Granted
from hub.identification.id_token import MOST_BYTES, Proof
from hub.identification.vouched import vouch
from hub.suppression.identifier import identifier_of
from hub.suppression.opt_out import Said, note_in
from privacy.store.attempt import DenialKind
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, PurposeId

router: Final = APIRouter(prefix="/v1/identify", tags=["identity"])
_REFUSED: Final = DenialKind(NOBODY, DENIED, "identity_not_proven")
_PROOF: Final = problem_responses(
    *(HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)
)
Signed = Annotated[Concealed, Field(max_length=MOST_BYTES, repr=False)]


class TokenBody(BaseModel):
    """An ID token of a configured issuer, as it signed it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Signed


class OptOutBody(TokenBody):
    """What the person whom the token names says no to: a purpose, or `*` for every one."""

    purpose: Annotated[str, Field(pattern=PURPOSE_NAME)] = "*"
    state: Literal["withdrawn", "objected"] = "objected"


class OptOutAnswer(BaseModel):
    """A no that is durable: for every record that carries the identifier, and every one that ever will."""

    purpose: str
    state: str


@router.post("/token", summary="Prove who I am by who signed me in", responses=_PROOF)
async def post_token(body: TokenBody, service: Serving) -> IdentifiedAnswer:
    """Exchange an ID token for a token that proves who the holder is here."""
    proof = await _proof_of(service, body.token)

    def act(session: Session) -> Granted | None:
        return vouch(service.hub, session, proof)

    granted: Granted | None = await durable(service.writer.submit(act))
    if granted is None:
        raise SubjectNotFound  # they proved that it is theirs, so this tells them of nobody else
    return IdentifiedAnswer(token=granted.token, scope=granted.scope, expires_at=granted.expires_at)


@router.post("/token/opt-out", summary="Say no, known here or not", responses=_PROOF)
async def post_opt_out(body: OptOutBody, service: Serving) -> OptOutAnswer:
    """Say no for the identifier that the token proves, whether anybody carries it yet or not: answered alike."""
    proof = await _proof_of(service, body.token)
    if body.purpose != EVERY_PURPOSE:
        (await run_in_threadpool(service.hub.policy)).purpose(body.purpose)
    named = f"{proof.source or 'email'}:{proof.value}"
    said = Said(
        identifier=identifier_of(service.hub, named),
        purpose=PurposeId(body.purpose),
        act=ConsentAct(body.state),
        channel=ActChannel.API,
    )
    await durable(service.writer.submit(lambda session: note_in(service.hub, session, said, SYSTEM)))
    return OptOutAnswer(purpose=body.purpose, state=body.state)


async def _proof_of(service: Service, token: str) -> Proof:
    try:
        return await run_in_threadpool(lambda: service.issuers.proof_of(token, at=service.hub.clock()))
    except IdentityNotProven:
        await run_in_threadpool(note_denied, service.hub, _REFUSED)
        raise
