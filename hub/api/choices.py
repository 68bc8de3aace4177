"""`PUT /v1/me/purposes[/{purpose}]`: a data subject's choices, answered only after they are durable."""

import re
from http import HTTPStatus
from typing import Annotated, Final, Literal, Self, cast

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.api.answers import problem_responses
from hub.api.durable import durable
from hub.api.guard import BEARER, SubjectWriteRoute, bearer_of, service_of
from hub.api.service import Service
from hub.choices import Asked, Choice, Chosen, Wanted
from privacy.terms import EVERY_PURPOSE, LegalBasis, PurposeId

router: Final = APIRouter(prefix="/v1/me", tags=["choices"], route_class=SubjectWriteRoute)
PURPOSE: Final = re.compile(r"\*|[a-z][a-z0-9_]{0,47}")
PURPOSE_NAME: Final = f"^({PURPOSE.pattern})$"
NOTICE_NAME: Final = r"^[a-z0-9][a-z0-9._-]{0,47}$"
MOST_CHOICES: Final = 64
_PROBLEMS: Final = problem_responses(
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_EVERYTHING_OFF: Final = tuple(
    Choice(purpose=PurposeId(EVERY_PURPOSE), wanted=wanted) for wanted in (Wanted.WITHDRAWN, Wanted.OBJECTED)
)


class ChoiceBody(BaseModel):
    """What the person wants. `notice` is asked for with `given`: the version of the text that they saw.

    `language` is the one in which they were asked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Wanted
    notice: Annotated[str | None, Field(pattern=NOTICE_NAME)] = None
    language: Literal["", "nb", "nn", "sv", "en", "de"] = ""


class NamedChoiceBody(ChoiceBody):
    """A choice together with its purpose, or `*` for every one."""

    purpose: Annotated[str, Field(pattern=PURPOSE_NAME)]


class ChoicesBody(BaseModel):
    """Several choices, or `everything` off: consent withdrawn from and objection made to every purpose.

    One choice of a kind for a purpose; no yes and no to the same one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    everything: Literal["off"] | None = None
    choices: Annotated[list[NamedChoiceBody], Field(max_length=MOST_CHOICES)] = []

    @model_validator(mode="after")
    def _verify_consistent(self) -> Self:
        kinds = {(each.purpose, each.state) for each in self.choices}
        given = {purpose for purpose, state in kinds if state is Wanted.GIVEN}
        refused = {purpose for purpose, state in kinds if state is not Wanted.GIVEN}
        if bool(self.choices) is (self.everything is not None):
            raise ValueError("either choices or everything")
        if len(kinds) != len(self.choices) or given & refused:
            raise ValueError("one choice of a kind for a purpose")
        return self


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


class ChoicesAnswer(BaseModel):
    """What each choice has come to, in the order in which they were made."""

    choices: list[ChoiceAnswer]


@router.put(
    "/purposes/{purpose}",
    summary="Opt out of a purpose, or consent to it",
    response_model=ChoiceAnswer,
    openapi_extra=BEARER,
    responses=_PROBLEMS,
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
    choice = choice_of(purpose, body)
    (chosen,) = await recorded(service_of(request), bearer_of(request), (choice,))
    return Response(answer_to(choice, chosen).model_dump_json(), media_type="application/json")


@router.put(
    "/purposes",
    summary="Make several choices at once, or turn everything off",
    response_model=ChoicesAnswer,
    openapi_extra=BEARER,
    responses=_PROBLEMS,
)
async def put_choices(body: ChoicesBody, request: Request) -> Response:
    """Record several choices in their order, in one transaction: all of them or, where one is refused, none.

    `{"everything": "off"}` needs an opt-out token only; repeating it is safe.
    """
    choices = _EVERYTHING_OFF if body.everything else tuple(choice_of(each.purpose, each) for each in body.choices)
    chosen = await recorded(service_of(request), bearer_of(request), choices)
    answers = [answer_to(choice, each) for choice, each in zip(choices, chosen, strict=True)]
    return Response(ChoicesAnswer(choices=answers).model_dump_json(), media_type="application/json")


def choice_of(purpose: str, body: ChoiceBody) -> Choice:
    """Say what a body means for a purpose."""
    return Choice(purpose=PurposeId(purpose), wanted=body.state, notice=body.notice, language=body.language)


def answer_to(choice: Choice, chosen: Chosen) -> ChoiceAnswer:
    """Say what a choice has come to."""
    return ChoiceAnswer(
        purpose=choice.purpose,
        state=choice.wanted,
        epoch=chosen.epoch,
        recorded=chosen.recorded,
        stopped=list(chosen.stopped),
        continues=dict(chosen.continues),
        receipt=None if chosen.receipt is None else chosen.receipt.hex(),
    )


async def recorded(service: Service, token: str, choices: tuple[Choice, ...]) -> tuple[Chosen, ...]:
    """Wait until all that the holder of a token asks for is durable.

    Raises:
        ChoiceNotRecorded: it is not, or nobody can say.

    """
    return cast("tuple[Chosen, ...]", await durable(service.counter.ask(Asked(token=token, choices=choices))))
