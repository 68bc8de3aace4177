"""`POST /v1/identify`: a customer proves who they are, by a code sent to their address or by who signed them in.

Nobody is asked who they are before, so everybody is answered alike: whether a person is known shows in no status, body
or header, and no work that depends on it is done before the answer.
"""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlmodel import Session

from hub.api.answers import problem_responses
from hub.api.dependencies import Serving
from hub.api.durable import durable
from hub.api.language import language_of
from hub.attempts import DENIED, NOBODY, note_denied
from hub.errors import IdentityNotProven, ServiceUnreachable
from hub.identification.challenge import WORKS_FOR, ask, confirm
from hub.identification.grant import Granted
from ingest.identity.comparable import comparable_email
from privacy.secret import SecretText
from privacy.store.attempt import DenialKind
from privacy.store.subject_token import SubjectScope

router: Final = APIRouter(prefix="/v1/identify", tags=["identity"])
_MOST_ADDRESS: Final = 254  # RFC 5321 section 4.5.3.1.3, without the brackets
_REFUSED: Final = DenialKind(NOBODY, DENIED, "identity_not_proven")


def _address(value: str) -> SecretText:
    """Standardise an address; one that is none is refused, known or not, and never repeated."""
    standardised = comparable_email(value)
    if standardised is None:
        raise ValueError("no e-mail address")
    return SecretText(standardised)


Concealed = Annotated[str, AfterValidator(SecretText)]
"""Text that is handed on by name and shown nowhere."""


class AskBody(BaseModel):
    """The address that the customer says is theirs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    identifier: Annotated[str, Field(max_length=_MOST_ADDRESS, repr=False), AfterValidator(_address)]


class AskAnswer(BaseModel):
    """The same for everybody: if the address is known here, a letter with a code is on its way to it.

    `challenge` is shown again with the code; it proves nothing by itself.
    """

    challenge: str
    expires_in_seconds: int


class ConfirmBody(BaseModel):
    """The challenge that was answered, and either code of the letter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    challenge: Annotated[Concealed, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]+$", repr=False)]
    code: Annotated[Concealed, Field(max_length=64, pattern=r"^[0-9A-Za-z -]+$", repr=False)]


class IdentifiedAnswer(BaseModel):
    """A token that proves who the holder is until it expires.

    `scope` is `verified`; where several people share the address it is `opt_out`: which of them asks is not proven.
    """

    token: Concealed
    scope: SubjectScope
    expires_at: datetime


_SAME_FOR_ALL: Final = problem_responses(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)
_PROOF: Final = problem_responses(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)


@router.post("", status_code=HTTPStatus.ACCEPTED, summary="Ask for a code by e-mail", responses=_SAME_FOR_ALL)
async def post_identify(body: AskBody, request: Request, service: Serving) -> AskAnswer:
    """Answer everybody alike; who is known gets a letter with a code that works for ten minutes."""
    if service.hub.settings.mail is None:
        raise ServiceUnreachable("the mail server for letters", "none is configured (VARDE_MAIL)")
    language = language_of(request)

    def act(session: Session) -> SecretText:
        return ask(service.hub, session, body.identifier, language)

    handle = await durable(service.writer.submit(act))
    return AskAnswer(challenge=handle, expires_in_seconds=int(WORKS_FOR.total_seconds()))


@router.post("/confirm", summary="Prove the address by its code", responses=_PROOF)
async def post_confirm(body: ConfirmBody, service: Serving) -> IdentifiedAnswer:
    """Exchange the code for a token that proves who the holder is; a code counts once."""

    def act(session: Session) -> Granted | None:
        return confirm(service.hub, session, body.challenge, body.code)

    granted: Granted | None = await durable(service.writer.submit(act))
    if granted is None:
        await run_in_threadpool(note_denied, service.hub, _REFUSED)
        raise IdentityNotProven
    return IdentifiedAnswer(token=granted.token, scope=granted.scope, expires_at=granted.expires_at)
