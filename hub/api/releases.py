"""`GET /v1/releases/{release}/recalls`: whose rows of an earlier release must not be used any more."""

from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from hub.api.answers import problem_responses
from hub.api.audited import run_audited
from hub.api.dependencies import Acting, Serving
from hub.api.guard import PrincipalRoute
from hub.views.recall import recall_of

router: Final = APIRouter(prefix="/v1/releases", tags=["views"], route_class=PrincipalRoute)


class RecallAnswer(BaseModel):
    """What must be dropped by now; whole each time."""

    release: str
    epoch: int
    expires_at: datetime
    everything: bool = Field(description="Drop all rows: it has expired, or who left can no longer be named")
    pseudonyms: list[str] = Field(description="Rows to drop, as 32 hexadecimal digits each")


@router.get(
    "/{release}/recalls",
    summary="What of a release must be dropped",
    responses=problem_responses(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
async def read_recalls(
    release: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")], principal: Acting, service: Serving
) -> RecallAnswer:
    """Say whose rows of a release of one's own must not be used any more: after a no, a merge, an erasure."""
    found = await run_audited(service, partial(recall_of, service.hub, bytes.fromhex(release), principal))
    return RecallAnswer(
        release=release,
        epoch=found.epoch,
        expires_at=found.expires_at,
        everything=found.everything,
        pseudonyms=[each.hex() for each in found.pseudonyms],
    )
