"""`GET /v1/releases/{release}/recalls` and `/recalls`: whose rows of earlier releases must not be used any more."""

from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hub.api.answers import problem_responses
from hub.api.audited import run_audited
from hub.api.dependencies import Acting, Serving
from hub.api.guard import PrincipalRoute
from hub.views.recall import Recall, recall_of, recalls_since

router: Final = APIRouter(prefix="/v1/releases", tags=["views"], route_class=PrincipalRoute)


class RecallAnswer(BaseModel):
    """What must be dropped by now; whole each time."""

    release: str
    epoch: int
    expires_at: datetime
    everything: bool = Field(description="Drop all rows: it has expired, or who left can no longer be named")
    pseudonyms: list[str] = Field(description="Rows to drop, as 32 hexadecimal digits each")


_PROBLEMS: Final = problem_responses(
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


class Since(BaseModel):
    """Which releases are asked for; a parameter of any other name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: AwareDatetime = Field(description="Releases at or after this instant")


class RecallsAnswer(BaseModel):
    """Releases of one's own of which something must be dropped by now."""

    recalls: list[RecallAnswer]


@router.get("/recalls", summary="What of all releases must be dropped", responses=_PROBLEMS)
async def read_all_recalls(question: Annotated[Since, Query()], principal: Acting, service: Serving) -> RecallsAnswer:
    """Say of each release of one's own since an instant what must be dropped by now, where anything must."""
    found = await run_audited(service, partial(recalls_since, service.hub, principal, question.since))
    return RecallsAnswer(recalls=[_answer(each) for each in found])


@router.get(
    "/{release}/recalls",
    summary="What of a release must be dropped",
    responses=_PROBLEMS,
)
async def read_recalls(
    release: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")], principal: Acting, service: Serving
) -> RecallAnswer:
    """Say whose rows of a release of one's own must not be used any more: after a no, a merge, an erasure."""
    found = await run_audited(service, partial(recall_of, service.hub, bytes.fromhex(release), principal))
    return _answer(found)


def _answer(found: Recall) -> RecallAnswer:
    return RecallAnswer(
        release=found.release_id.hex(),
        epoch=found.epoch,
        expires_at=found.expires_at,
        everything=found.everything,
        pseudonyms=[each.hex() for each in found.pseudonyms],
    )
