"""The HTTP API of one hub."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI

from hub.api import (
    alerts,
    approvals,
    choices,
    contact,
    descriptions,
    gpc,
    health,
    identify,
    inspections,
    joins,
    match,
    me,
    one_click,
    predictions,
    releases,
    requests,
    reveal,
    rows,
    subject_tokens,
    views,
    vouched,
    well_known,
    winback,
)
from hub.api.answers import answer_problems
from hub.api.edge import Edge
from hub.api.lane import Lane
from hub.api.row_lane import RowLane
from hub.api.service import serving
from hub.compose import Hub
from hub.migrations import tables as _tables  # noqa: F401 - registers every table: erasure and access reach all


def create_app(hub: Hub) -> FastAPI:
    """Build the API of a hub; entering its lifespan recovers, starts the writer and signs the audit log."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with serving(hub) as service:
            app.state.service = service
            yield

    app = FastAPI(
        title="Varde",
        summary="A GDPR-aware customer data hub",
        version=_version(),
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from somebody else's servers
        redoc_url=None,
        redirect_slashes=False,  # a redirect repeats the caller's query in a header
    )
    for router in (
        *(choices.router, health.router, well_known.router, contact.router, me.router),  # the busiest first
        *(identify.router, vouched.router, one_click.router, gpc.router),
        *(requests.router, rows.router, releases.router, views.router, joins.router, descriptions.router),
        *(reveal.router, match.router, approvals.router, inspections.router, subject_tokens.router),
        *(winback.router, predictions.router, alerts.router),
    ):
        app.include_router(router)
    answer_problems(app)
    app.add_middleware(gpc.SignalHeeded)
    app.add_middleware(Lane)
    app.add_middleware(RowLane)
    app.add_middleware(Edge)
    return app


def _version() -> str:
    try:
        return version("varde")
    except PackageNotFoundError:  # run from a source tree
        return "0"
