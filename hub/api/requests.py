"""`/v1/me/requests`, `export`, `profile` and `erase`: the rights of Articles 15 to 22, by one's own token.

An export is written in memory and streamed to the verified person; nothing of it touches the server's disk.
"""

from datetime import date, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hub.api.answers import problem_responses
from hub.api.audited import run_audited
from hub.api.dependencies import OfSubject, Serving
from hub.api.guard import SubjectRoute
from hub.api.me import Language
from hub.api.service import Service
from hub.api.streaming import Escort, PiecewiseResponse, pieces_of
from hub.requests import own
from hub.requests.export import Form
from hub.subject_tokens import authenticate_subject
from privacy.request import Arrival, RequestState, Right, SubjectRequest

router: Final = APIRouter(prefix="/v1/me", tags=["requests"], route_class=SubjectRoute)
ID: Final = r"^[0-9a-f]{32}$"
_PROBLEMS: Final = problem_responses(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)
_MISSING: Final = {**_PROBLEMS, **problem_responses(HTTPStatus.NOT_FOUND)}
Hex = Annotated[str, BeforeValidator(bytes.hex)]
Detail = Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")]
Value = Annotated[str, Field(min_length=1, max_length=200)]


class RequestBody(BaseModel):
    """Which right somebody uses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    right: Right


class ProfileBody(BaseModel):
    """The right values of one's own details; null says that there is none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    details: Annotated[dict[Detail, Value | None], Field(min_length=1, max_length=20)]


class RequestAnswer(BaseModel):
    """A request as it stands. `due_on`: the last day in time; null while proof of identity is awaited."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    request: Annotated[Hex, Field(validation_alias="request_id")]
    right: Right
    state: RequestState
    arrival: Arrival
    received_at: datetime
    due_on: date | None
    closed_at: datetime | None


class RequestsAnswer(BaseModel):
    """One's own requests, oldest first."""

    requests: list[RequestAnswer]


class StepAnswer(BaseModel):
    """One step; `reason` is a code, empty where the step needs none."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    state: RequestState
    at: datetime
    reason: str


class HistoryAnswer(BaseModel):
    """A request and how it came to where it stands."""

    request: RequestAnswer
    steps: list[StepAnswer]


class CorrectedAnswer(BaseModel):
    """A correction that is in force: `records` counts the records that say otherwise no more."""

    request: RequestAnswer
    records: int


@router.post("/requests", summary="Use a right", status_code=HTTPStatus.CREATED, responses=_PROBLEMS)
async def post_request(body: RequestBody, token: OfSubject, service: Serving, language: Language) -> RequestAnswer:
    """Open a request; it is acknowledged once it is durable, and by a letter where an address is on record.

    Access, rectification, erasure and portability need a verified identity: `POST /v1/identify`.
    """
    act = partial(own.ask, service.hub, token, body.right, language=language)
    return _answer(await run_audited(service, act))


@router.get("/requests", summary="My requests", responses=_PROBLEMS)
async def get_requests(token: OfSubject, service: Serving) -> RequestsAnswer:
    """List one's own requests and where they stand."""
    found = await run_audited(service, partial(own.listed, service.hub, token))
    return RequestsAnswer(requests=[_answer(each) for each in found])


@router.get("/requests/{request_id}", summary="One request of mine", responses=_MISSING)
async def get_request(
    request_id: Annotated[str, Path(pattern=ID)], token: OfSubject, service: Serving
) -> HistoryAnswer:
    """Show a request with its steps."""
    found, steps = await run_audited(service, partial(own.looked_up, service.hub, token, bytes.fromhex(request_id)))
    return HistoryAnswer(request=_answer(found), steps=[StepAnswer.model_validate(step) for step in steps])


@router.get("/export", summary="All that is held about me", response_class=Response, responses=_PROBLEMS)
async def get_export(token: OfSubject, service: Serving, language: Language, *, form: Form = Form.JSON) -> Response:
    """Export everything as JSON or as a page (Art. 15), or what can be taken along as an archive (Art. 20).

    The intent is audited before anything is opened. A token that is revoked meanwhile stops the stream.

    An open request of one's own for the same is answered by it.
    """
    hub = service.hub
    done, by = await run_audited(service, partial(own.take_out, hub, token, form, language))

    async def still_open() -> None:
        await to_thread.run_sync(_verify_open, service, token)

    async def finished() -> None:
        await to_thread.run_sync(own.handed_over, hub, done, by)

    headers = {
        "Content-Disposition": f'attachment; filename="{done.file_name}"',
        "Cache-Control": "no-store",
        "Varde-Act": done.act_id.hex(),
        "Content-Length": str(len(done.content)),
    }
    return PiecewiseResponse(
        pieces_of(done.content), Escort(still_open, finished), headers=headers, media_type=done.media_type
    )


@router.patch("/profile", summary="Correct my details", responses=_PROBLEMS)
async def patch_profile(body: ProfileBody, token: OfSubject, service: Serving, language: Language) -> CorrectedAnswer:
    """Correct one's own details: it holds although a source goes on to deliver the wrong value."""
    act = partial(own.correct, service.hub, token, body.details, language)
    found, changed = await run_audited(service, act)
    return CorrectedAnswer(request=_answer(found), records=changed)


@router.post("/erase", summary="Erase me", status_code=HTTPStatus.ACCEPTED, responses=_PROBLEMS)
async def post_erase(token: OfSubject, service: Serving, language: Language) -> RequestAnswer:
    """Ask to be erased. From the answer on the data are not used any more; a colleague erases them within the month."""
    return _answer(await run_audited(service, partial(own.erase, service.hub, token, language)))


def _answer(found: SubjectRequest) -> RequestAnswer:
    return RequestAnswer.model_validate(found)


def _verify_open(service: Service, token: str) -> None:
    with service.hub.reading() as session:
        authenticate_subject(service.hub, session, token)
