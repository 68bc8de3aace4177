"""`POST /v1/reveal`: lead a pseudonym back to a person; and its four eyes, each through a token of their own.

The pseudonym travels in the body: a path stands in the logs of every proxy on the way.
"""

from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from hub.api.answers import problem_responses
from hub.api.audited import run_audited
from hub.api.dependencies import Acting, Serving
from hub.api.guard import PrincipalRoute
from hub.reveals.ask import Ask
from hub.reveals.request import approve, request, waiting
from hub.reveals.reveal import reveal
from privacy.terms import Pseudonym

router: Final = APIRouter(prefix="/v1/reveal", tags=["reveal"], route_class=PrincipalRoute)
WORD: Final = r"^[a-z][a-z0-9_]{0,63}$"
ID: Final = r"^[0-9a-f]{32}$"
_PROBLEMS: Final = problem_responses(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)
Word = Annotated[str, Field(pattern=WORD)]


class AskBody(BaseModel):
    """Whom to see and why. `attributes` left out: all that the purpose allows; `request`: id of the approved one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    purpose: Word
    pseudonym: Annotated[str, Field(pattern=ID, description="As a view or score names the row, in hexadecimal")]
    reason: Annotated[Word, Field(description="One of the reasons of the purpose's reidentification section")]
    attributes: list[Word] = []
    request: Annotated[str | None, Field(pattern=ID)] = None


class PartAnswer(BaseModel):
    """What one source says of the person."""

    source: str
    attributes: dict[str, str]


class SurvivorAnswer(BaseModel):
    """What stands of one attribute, whose word it is and why (`varde survivorship show` lists the rules).

    `agreeing` and `differing` count records that say the same, this one included, and another.
    """

    model_config = ConfigDict(from_attributes=True)

    attribute: str
    value: str
    source: str
    revision: int
    said_at: datetime
    decided_by: str
    agreeing: int
    differing: int


class RevealAnswer(BaseModel):
    """A person as the sources know them; `reveal` names the act in the audit log, `opened` counts the documents.

    `golden` is what stands where sources differ, `parts` what each of them says.
    """

    reveal: str
    opened: int
    golden: list[SurvivorAnswer]
    parts: list[PartAnswer]


class RequestAnswer(BaseModel):
    """A request that waits for another person."""

    request: str


class WaitingAnswer(BaseModel):
    """A request as its approver sees it: for what and why somebody asks, and never about whom.

    `asked_by` is a principal's id; `valid_until` is null until somebody agreed.
    """

    request: str
    asked_by: str
    purpose: str
    reason: str
    attributes: list[str]
    requested_at: datetime
    valid_until: datetime | None


class ApprovalAnswer(BaseModel):
    """An approval: it serves one reveal, before `valid_until`."""

    request: str
    valid_until: datetime


@router.post("", summary="Reveal a person", responses=_PROBLEMS)
async def post_reveal(body: AskBody, principal: Acting, service: Serving) -> RevealAnswer:
    """Show who a pseudonym is. The intent is audited before anything is opened, the completion before it leaves."""
    revealed = await run_audited(service, partial(reveal, service.hub, principal, _ask(body)))
    parts = [PartAnswer(source=part.source, attributes=dict(part.attributes)) for part in revealed.parts]
    golden = [SurvivorAnswer.model_validate(each) for each in revealed.golden]
    return RevealAnswer(reveal=revealed.reveal_id.hex(), opened=revealed.opened, golden=golden, parts=parts)


@router.post("/requests", summary="Ask a second person to agree", status_code=HTTPStatus.CREATED, responses=_PROBLEMS)
async def post_request(body: AskBody, principal: Acting, service: Serving) -> RequestAnswer:
    """Ask for a reveal whose purpose wants four eyes."""
    asked = await run_audited(service, partial(request, service.hub, principal, _ask(body)))
    return RequestAnswer(request=asked.hex())


@router.get("/requests", summary="List the requests that you may approve or made", responses=_PROBLEMS)
async def get_requests(principal: Acting, service: Serving) -> list[WaitingAnswer]:
    """List the requests of the last day that served no reveal yet, oldest first."""
    found = await run_audited(service, partial(waiting, service.hub, principal))
    return [
        WaitingAnswer(
            request=each.request_id.hex(),
            asked_by=each.principal_id.hex(),
            purpose=each.purpose,
            reason=each.reason,
            attributes=sorted(each.attributes),
            requested_at=each.requested_at,
            valid_until=each.valid_until,
        )
        for each in found
    ]


@router.post("/requests/{request_id}/approval", summary="Agree to another person's request", responses=_PROBLEMS)
async def post_approval(
    request_id: Annotated[str, Path(pattern=ID)], principal: Acting, service: Serving
) -> ApprovalAnswer:
    """Agree, as somebody else than who asked, in a role that the purpose lists as approver."""
    agree = partial(approve, service.hub, principal, bytes.fromhex(request_id), separate_accounts=True)
    return ApprovalAnswer(request=request_id, valid_until=await run_audited(service, agree))


def _ask(body: AskBody) -> Ask:
    return Ask(
        purpose=body.purpose,
        pseudonym=Pseudonym(bytes.fromhex(body.pseudonym)),
        reason=body.reason,
        attributes=frozenset(body.attributes),
        request_id=None if body.request is None else bytes.fromhex(body.request),
    )
