"""`PUT /v1/me/purposes/{purpose}`: a data subject's choice, answered only after it is durable."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Final, Literal, cast

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from hub.api.answers import problem_responses
from hub.api.guard import BEARER, SubjectWriteRoute, bearer_of, service_of
from hub.choices import Asked, Choice, Chosen, Wanted
from hub.database.unit import RuleBroken, StorageFull
from hub.errors import ChoiceNotRecorded, ServiceUnreachable, WriteUnknown
from privacy.terms import LegalBasis, PurposeId

router: Final = APIRouter(prefix="/v1/me", tags=["choices"], route_class=SubjectWriteRoute)
PATIENCE_SECONDS: Final = 20.0
PURPOSE_NAME: Final = r"^(\*|[a-z][a-z0-9_]{0,47})$"
NOTICE_NAME: Final = r"^[a-z0-9][a-z0-9._-]{0,47}$"


class ChoiceBody(BaseModel):
    """What the person wants. `notice` is asked for with `given`: the version of the text that they saw.

    `language` is the one in which they were asked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Wanted
    notice: Annotated[str | None, Field(pattern=NOTICE_NAME)] = None
    language: Literal["", "nb", "nn", "sv", "en", "de"] = ""


class ChoiceAnswer(BaseModel):
    """A choice that is durable: no read that starts from now on uses the person's records for what is `stopped`.

    `recorded` is False where it stood already. `continues` names purposes that do not end by it, with their legal
    basis. `receipt` names the signed receipt of what was recorded.
    """

    purpose: str
    state: Wanted
    epoch: int
    recorded: bool
    stopped: list[str]
    continues: dict[str, LegalBasis]
    receipt: str | None = None


@router.put(
    "/purposes/{purpose}",
    summary="Opt out of a purpose, or consent to it",
    response_model=ChoiceAnswer,
    openapi_extra=BEARER,
    responses=problem_responses(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
async def put_choice(
    purpose: Annotated[str, Path(pattern=PURPOSE_NAME, description="A purpose's name, or `*` for every purpose")],
    body: ChoiceBody,
    request: Request,
) -> Response:
    """Record a choice for every record of the token's person; repeating it is safe.

    Opting out (`withdrawn`, `objected`) needs an opt-out token only. If the choice cannot be committed the answer is
    503, never 200.
    """
    choice = Choice(purpose=PurposeId(purpose), wanted=body.state, notice=body.notice, language=body.language)
    (chosen,) = await _recorded(request, (choice,))
    return Response(_answer(choice, chosen).model_dump_json(), media_type="application/json")


def _answer(choice: Choice, chosen: Chosen) -> ChoiceAnswer:
    return ChoiceAnswer(
        purpose=choice.purpose,
        state=choice.wanted,
        epoch=chosen.epoch,
        recorded=chosen.recorded,
        stopped=list(chosen.stopped),
        continues=dict(chosen.continues),
        receipt=None if chosen.receipt is None else chosen.receipt.hex(),
    )


async def _recorded(request: Request, choices: tuple[Choice, ...]) -> tuple[Chosen, ...]:
    """Wait until all that the holder of the request's token asks for is durable.

    Raises:
        ChoiceNotRecorded: it is not, or nobody can say.

    """
    service = service_of(request)
    asked = Asked(token=bearer_of(request), choices=choices)
    try:
        future = asyncio.wrap_future(service.writer.submit_to(service.choosing, asked))
        return cast("tuple[Chosen, ...]", await asyncio.wait_for(future, PATIENCE_SECONDS))
    except (RuleBroken, StorageFull, ServiceUnreachable, WriteUnknown, TimeoutError):
        raise ChoiceNotRecorded from None
