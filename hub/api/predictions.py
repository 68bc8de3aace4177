"""`GET /v1/predictions/{module}/{pseudonym}`: one customer's score right now, by a confined child that stays."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from hub.api.answers import problem_responses
from hub.api.dependencies import Acting, Serving
from hub.api.durable import NOT_DURABLE
from hub.api.guard import PrincipalRoute
from hub.api.rows import NAME, PSEUDONYM
from hub.errors import ServiceUnreachable
from hub.predictions.single import Single, score_one
from hub.views.intent import Reader
from hub.views.spec import LANGUAGES
from privacy.uses import Use

router: Final = APIRouter(prefix="/v1/predictions", tags=["predictions"], route_class=PrincipalRoute)


class ScoreQuestion(BaseModel):
    """How a score is asked for; a parameter of any other name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str = Field(default="en", pattern=f"^({'|'.join(LANGUAGES)})$", description="Of the reasons")
    use: Use | None = Field(default=None, description="What the score will be used for; stating it accepts the list")


class ScoreAnswer(BaseModel):
    """What a model says of one customer: a suggestion to a person, never a decision (Article 22)."""

    module: str
    pseudonym: str
    as_of: datetime = Field(description="The instant of the snapshot that the score is made from")
    expires_at: datetime
    probability: float
    low: float = Field(description="90 % interval of the figure for customers with a like score")
    high: float
    reasons: list[str] = Field(description="In words, the weightiest first")
    prohibited_uses: list[str]

    @classmethod
    def of(cls, module: str, found: Single) -> "ScoreAnswer":
        """Write a score down."""
        return cls(
            module=module,
            pseudonym=found.pseudonym.hex(),
            as_of=found.as_of,
            expires_at=found.expires_at,
            probability=found.probability,
            low=found.low,
            high=found.high,
            reasons=list(found.reasons),
            prohibited_uses=list(found.prohibited_uses),
        )


@router.get(
    "/{module}/{pseudonym}",
    summary="Score one customer",
    responses=problem_responses(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
def score(
    module: Annotated[str, Path(pattern=NAME)],
    pseudonym: Annotated[str, Path(pattern=PSEUDONYM)],
    question: Annotated[ScoreQuestion, Query()],
    principal: Acting,
    service: Serving,
) -> ScoreAnswer:
    """Score one customer of the scoring view's newest snapshot, by the module's current model; nothing is kept.

    Who is unknown, may not be read, or was erased is one answer: 404. The first question after a start takes seconds.
    """
    reader = Reader(principal=principal, use=question.use)
    try:
        found = score_one(service.hub, reader, module, bytes.fromhex(pseudonym), language=question.language)
    except NOT_DURABLE:
        raise ServiceUnreachable("the audit log", "it did not take the entry") from None
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return ScoreAnswer.of(module, found)
