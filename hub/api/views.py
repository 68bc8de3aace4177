"""`GET /v1/views/{name}` and `/rows`: a gated read as Arrow IPC stream, Parquet, CSV or JSON."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hub.api.dependencies import Acting, Serving
from hub.api.guard import PrincipalRoute
from hub.api.rows import RowQuestion
from hub.api.sheets import RESPONSES, released_as
from hub.compose import Hub
from hub.views.gateway import Gateway, Released, Weigh
from hub.views.intent import Reader
from hub.views.kept import release_kept
from privacy.uses import Use

router: Final = APIRouter(prefix="/v1/views", tags=["views"], route_class=PrincipalRoute)
NAME: Final = r"^[a-z][a-z0-9_]{0,63}$"


class Question(BaseModel):
    """What is asked of a view; a parameter of any other name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    purpose: str = Field(pattern=NAME, description="What the rows are for: it can only narrow what the token allows")
    use: Use | None = Field(default=None, description="What the rows will be used for; stating it accepts the list")
    as_of: AwareDatetime = Field(description="An instant of the view's grid; nothing at or after it is seen")


@router.get("/{name}", summary="Read a view", response_class=Response, responses=RESPONSES)
async def read_view(
    name: Annotated[str, Path(pattern=NAME)],
    question: Annotated[Question, Query()],
    principal: Acting,
    service: Serving,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Read a view at an instant: `pseudonym` (16 bytes; hexadecimal in CSV and JSON) and the view's features.

    The release is audited before the first byte leaves. A body that does not end as HTTP says, or does not match its
    Repr-Digest, must not be used.
    """
    who = Reader(principal=principal, use=question.use)
    return await released_as(accept, partial(_released, service.hub, who, name, question), service, principal)


@router.get("/{name}/rows", summary="Read all kept rows of a view", response_class=Response, responses=RESPONSES)
async def read_rows(
    name: Annotated[str, Path(pattern=NAME)],
    question: Annotated[RowQuestion, Query()],
    principal: Acting,
    service: Serving,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Read all rows of the view's newest snapshot (`varde view materialise`) that still stand.

    As `GET /v1/views/{name}` at the snapshot's instant would have answered when it was made, without whoever left
    since. Nothing is built, and the first bytes come at once; in the first seconds after the hub started, or after the
    rows were made anew, whoever asks waits until the snapshot is opened.
    """
    who = Reader(principal=principal, use=question.use)
    return await released_as(accept, partial(_kept, service.hub, who, name, question), service, principal)


def _released(hub: Hub, who: Reader, name: str, question: Question, weigh: Weigh) -> Released:
    return Gateway(hub, weigh).release(who, name, purpose=question.purpose, as_of=question.as_of)


def _kept(hub: Hub, who: Reader, name: str, question: RowQuestion, weigh: Weigh) -> Released:
    return release_kept(hub, who, name, purpose=question.purpose, weigh=weigh)
