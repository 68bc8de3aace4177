"""`POST /v1/views/{name}/joined`: features of given customers, each as they were at an instant of their own."""

from functools import partial
from io import BytesIO
from typing import Annotated, Any, Final

import polars as pl
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from hub.api.audited import run_audited
from hub.api.dependencies import Acting, Serving
from hub.api.edge import ALLOWED_BYTES
from hub.api.formats import CSV
from hub.api.guard import PrincipalRoute
from hub.api.rows import NAME, RowQuestion
from hub.api.sheets import RESPONSES, released_as
from hub.compose import Hub
from hub.errors import BodyUnfit
from hub.views.admission import verify_admitted
from hub.views.gateway import Gateway, Released, Weigh
from hub.views.intent import Reader
from hub.views.joined import release_joined

MOST_LINES: Final = 600_000
_LINE_BYTES: Final = 54
MOST_BYTES: Final = (MOST_LINES + 1) * _LINE_BYTES
"""As many pairs as a body may hold. Short lines take more memory than they are long, so lines are counted, too."""
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "A header `pseudonym,as_of`, then 32 hexadecimal digits and an instant (ISO 8601, UTC) a line",
        "content": {CSV: {"schema": {"type": "string"}}},
    }
}

_HEADER: Final = b"pseudonym,as_of"
_INSTANT: Final = "%Y-%m-%dT%H:%M:%S%.fZ"
_INSTANT_FORM: Final = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$"
"""Polars itself reads years of six digits, and drops what is finer than microseconds."""
_REMEDY: Final = (
    "send CSV with the header pseudonym,as_of: 32 hexadecimal digits and an instant such as 2026-11-01T00:00:00Z; "
    f"at most {MOST_LINES} lines"
)


class PairsRoute(PrincipalRoute):
    """A route that reads a long body, once it knows who calls."""

    @staticmethod
    async def admit(request: Request) -> None:
        """Let a principal in."""
        await PrincipalRoute.admit(request)
        request.scope[ALLOWED_BYTES] = MOST_BYTES


router: Final = APIRouter(prefix="/v1/views", tags=["views"], route_class=PairsRoute)


@router.post(
    "/{name}/joined",
    summary="Join a view to customers and instants",
    response_class=Response,
    responses=RESPONSES,
    openapi_extra=_BODY,
)
async def join_view(
    name: Annotated[str, Path(pattern=NAME)],
    question: Annotated[RowQuestion, Query()],
    request: Request,
    principal: Acting,
    service: Serving,
) -> Response:
    """Return `pseudonym`, `as_of` and the features of those pairs that may be read, in the order that they were given.

    Instants are those of the view's grid, at most 36, and past; each counts as one of the view's reads.
    """
    who = Reader(principal=principal, use=question.use)
    await run_audited(service, partial(_admit, service.hub, who, name, question.purpose))
    body = await request.body()

    def read(weigh: Weigh) -> Released:
        return release_joined(Gateway(service.hub, weigh), who, name, _pairs_in(body), purpose=question.purpose)

    return await released_as(request.headers.get("accept"), read, service, principal)


def _admit(hub: Hub, who: Reader, view: str, purpose: str) -> None:
    """Ask role and scope before a long body is taken in; the release asks again."""
    verify_admitted(hub, who.principal, view, purpose)


def _pairs_in(body: bytes) -> pl.DataFrame:
    """Read the pairs that a body holds.

    Raises:
        BodyUnfit: it is no such list.

    """
    if not body.startswith(_HEADER) or body.count(b"\n") > MOST_LINES + 1:
        raise BodyUnfit(_REMEDY)
    at = pl.col("as_of").str.to_datetime(_INSTANT, time_unit="us").dt.replace_time_zone("UTC")
    try:
        lines = pl.read_csv(BytesIO(body), schema={"pseudonym": pl.String(), "as_of": pl.String()}, quote_char=None)
        if not lines["as_of"].str.contains(_INSTANT_FORM).all():
            raise BodyUnfit(_REMEDY)
        return lines.select(pl.col("pseudonym").str.decode("hex"), at)
    except (pl.exceptions.PolarsError, ValueError):
        raise BodyUnfit(_REMEDY) from None
