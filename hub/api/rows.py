"""`GET /v1/views/{name}/rows/{pseudonym}`: one customer's present features, for a program that decides right now."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from hub.api.answers import problem_responses
from hub.api.dependencies import Acting, Serving
from hub.api.durable import NOT_DURABLE, PATIENCE_SECONDS
from hub.api.guard import PrincipalRoute
from hub.api.service import Service
from hub.errors import AccessRefused, ReadContended, ServiceUnreachable
from hub.views.admission import note_refusal
from hub.views.intent import Reader
from hub.views.online import Behind, Row, Sought, attempts
from hub.views.shelf import Shelf
from privacy.store.principal import Principal
from privacy.uses import Use

router: Final = APIRouter(prefix="/v1/views", tags=["views"], route_class=PrincipalRoute)
NAME: Final = r"^[a-z][a-z0-9_]{0,63}$"
PSEUDONYM: Final = r"^[0-9a-f]{32}$"


class RowQuestion(BaseModel):
    """What a row is asked for; a parameter of any other name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    purpose: str = Field(pattern=NAME, description="What the row is for: it can only narrow what the token allows")
    use: Use | None = Field(default=None, description="What the row will be used for; stating it accepts the list")


class RowAnswer(BaseModel):
    """One customer's features as they were at `as_of`; they must not be used after `expires_at`."""

    release: str = Field(description="Id of this read, 32 hexadecimal digits, as in the audit log")
    view: str
    view_version: int
    pseudonym: str
    as_of: datetime
    made_at: datetime
    expires_at: datetime
    prohibited_uses: list[str]
    features: dict[str, int | float | bool | str | None]

    @classmethod
    def of(cls, row: Row) -> "RowAnswer":
        """Write a row down."""
        return cls(
            release=row.act_id.hex(),
            view=row.view,
            view_version=row.version,
            pseudonym=row.pseudonym.hex(),
            as_of=row.as_of,
            made_at=row.made_at,
            expires_at=row.expires_at,
            prohibited_uses=list(row.prohibited_uses),
            features=row.features,
        )


@router.get(
    "/{name}/rows/{pseudonym}",
    summary="Read one customer's row",
    responses=problem_responses(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
async def read_row(
    name: Annotated[str, Path(pattern=NAME)],
    pseudonym: Annotated[str, Path(pattern=PSEUDONYM)],
    question: Annotated[RowQuestion, Query()],
    principal: Acting,
    service: Serving,
) -> RowAnswer:
    """Read one customer's row of the view's newest snapshot (`varde view materialise`), fenced and audited.

    Who is unknown, may not be read, or was erased is one answer: 404.
    """
    return RowAnswer.of(await looked_up(service, principal, name, pseudonym, question))


async def looked_up(service: Service, principal: Principal, name: str, pseudonym: str, question: RowQuestion) -> Row:
    """Read a row that is there to be read.

    Raises:
        HTTPException: it is not: 404, whoever it would be of.
        AccessRefused, ReadContended, ServiceUnreachable: as `hub.views.online.read_row`; a refusal is audited.

    """
    who = Reader(principal=principal, use=question.use)
    begin = partial(attempts, service.hub, who, name, bytes.fromhex(pseudonym), purpose=question.purpose)
    try:
        tries = begin() if _reads_nothing(service, name) else await to_thread.run_sync(begin)
        row = await answered(service, name, tries, service.rows.ask(next(tries)))
    except AccessRefused as refused:
        await to_thread.run_sync(note_refusal, service.hub, principal, question.purpose, refused)
        raise
    if row is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return row


def _reads_nothing(service: Service, view: str) -> bool:
    """Say whether admitting a reader needs no database: a hand-over to a thread costs more than it does then."""
    return service.hub.memory.of(Shelf).has(view) and not service.hub.anchoring.anchors


async def answered(
    service: Service, view: str, tries: Iterable[Sought], first: asyncio.Future[Row | None]
) -> Row | None:
    """Wait for a first answer, and ask the further `tries` until the snapshot in memory is up to what was committed."""
    asked = first
    while True:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await asked
        except Behind:
            sought = await to_thread.run_sync(next, iter(tries), None)
        except NOT_DURABLE:
            raise ServiceUnreachable("the audit log", "it did not take the entry") from None
        if sought is None:
            raise ReadContended(view)
        asked = service.rows.ask(sought)
