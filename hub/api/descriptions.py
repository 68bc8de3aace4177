"""`GET /v1/views/{name}/description`: what a view is, for whoever may read it."""

from collections.abc import Mapping
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
from hub.api.rows import NAME
from hub.views.description import describe

router: Final = APIRouter(prefix="/v1/views", tags=["views"], route_class=PrincipalRoute)


class ColumnAnswer(BaseModel):
    """A column that leaves."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    type_name: str = Field(description="As Polars writes it: Int64, Float64, Boolean, String")
    unit: str
    role: str | None
    labels: Mapping[str, str]
    reads: tuple[str, ...] = Field(description="table.column")
    generalised: bool
    rationale: str


class SnapshotAnswer(BaseModel):
    """Rows that are kept for reading at once."""

    model_config = ConfigDict(from_attributes=True)

    as_of: datetime
    made_at: datetime
    serves_until: datetime
    rows: int


class DescriptionAnswer(BaseModel):
    """A view that may be read now, as it was approved."""

    model_config = ConfigDict(from_attributes=True)

    view: str
    version: int
    spec_hash: str
    description: str
    purpose: str
    consumer: str
    grain: str
    as_of_grid: str
    reads: str | None = Field(description="How many reads its approval allows")
    k: int
    quasi_identifiers: tuple[str, ...]
    expires_days: int
    approved_at: datetime | None
    approved_until: datetime | None
    review_at: datetime | None
    prohibited_uses: tuple[str, ...]
    columns: tuple[ColumnAnswer, ...]
    snapshot: SnapshotAnswer | None


@router.get(
    "/{name}/description",
    summary="Describe a view",
    responses=problem_responses(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
async def read_description(
    name: Annotated[str, Path(pattern=NAME)], principal: Acting, service: Serving
) -> DescriptionAnswer:
    """Say what a view is: its columns with words and reasons, what was approved, and how long rows may be used."""
    found = await run_audited(service, partial(describe, service.hub, principal, name))
    return DescriptionAnswer.model_validate(found)
