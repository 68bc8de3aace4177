"""`GET /v1/views/{name}`: a gated read as Arrow IPC stream, Parquet, CSV or JSON."""

import base64
import hashlib
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Header, HTTPException, Path, Query
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hub.api.answers import problem_responses
from hub.api.audited import audit_demanded
from hub.api.dependencies import Acting, Serving
from hub.api.formats import FORMATS, Format, format_of
from hub.api.guard import PrincipalRoute
from hub.api.service import Service
from hub.api.streaming import Escort, PiecewiseResponse
from hub.views.departure import label_for, verify_unchanged
from hub.views.gateway import Gateway, Released
from hub.views.intent import Reader
from privacy.store.principal import Principal
from privacy.uses import Use

router: Final = APIRouter(prefix="/v1/views", tags=["views"], route_class=PrincipalRoute)
NAME: Final = r"^[a-z][a-z0-9_]{0,63}$"
_CONTENT: Final[dict[str, Any]] = {
    media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in FORMATS
}
_HEADERS: Final = {
    "Varde-Release": "Id of the release, 32 hexadecimal digits, as in the audit log",
    "Varde-Release-Expires": "Instant (ISO 8601) after which the rows must not be used",
    "Varde-Rows": "Number of rows",
    "Varde-Absent": "Customers left out by rule; counts below the view's k are not told",
    "Varde-Prohibited-Uses": "What the rows are never used for; also in the metadata of Arrow and Parquet",
    "Repr-Digest": "SHA-256 of the body (RFC 9530)",
}


class Question(BaseModel):
    """What is asked of a view; a parameter of any other name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    purpose: str = Field(pattern=NAME, description="What the rows are for: it can only narrow what the token allows")
    use: Use | None = Field(default=None, description="What the rows will be used for; stating it accepts the list")
    as_of: AwareDatetime = Field(description="An instant of the view's grid; nothing at or after it is seen")


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A release written in the caller's format."""

    released: Released
    body: bytes
    digest: bytes


@router.get(
    "/{name}",
    summary="Read a view",
    response_class=Response,
    responses={
        200: {
            "description": "The rows, of one release",
            "content": _CONTENT,
            "headers": {name: {"description": text, "schema": {"type": "string"}} for name, text in _HEADERS.items()},
        },
        **problem_responses(
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.FORBIDDEN,
            HTTPStatus.NOT_ACCEPTABLE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.SERVICE_UNAVAILABLE,
        ),
    },
)
async def read_view(
    name: Annotated[str, Path(pattern=NAME)],
    question: Annotated[Question, Query()],
    principal: Acting,
    service: Serving,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Read a view at an instant: `pseudonym` (16 bytes; hexadecimal in CSV and JSON) and the view's features.

    The release is audited before the first byte leaves. A body that is shorter than its Content-Length, or does not
    match its Repr-Digest, must not be used.
    """
    chosen = format_of(accept)
    if chosen is None:
        raise HTTPException(HTTPStatus.NOT_ACCEPTABLE)
    gateway = Gateway(service.hub)
    who = Reader(principal=principal, use=question.use)
    read = partial(gateway.release, who, name, purpose=question.purpose, as_of=question.as_of)
    sheet = await to_thread.run_sync(_sheet, read, chosen, limiter=service.reads)
    return PiecewiseResponse(
        sheet.body,
        _escort(service, gateway, principal, sheet),
        headers=_headers(sheet),
        media_type=chosen.media_type,
    )


def _sheet(read: partial[Released], chosen: Format) -> _Sheet:
    """Read through the gate and write the rows down, in memory."""
    with audit_demanded():
        released = read()
    body = chosen.written(released.frame, label_for(released))
    return _Sheet(released, body, hashlib.sha256(body).digest())


def _escort(service: Service, gateway: Gateway, principal: Principal, sheet: _Sheet) -> Escort:
    """Fence every piece; note completion when the last was handed over."""

    async def before() -> None:
        await to_thread.run_sync(verify_unchanged, service.hub, sheet.released, limiter=service.reads)

    async def finished() -> None:
        await to_thread.run_sync(gateway.complete, sheet.released, principal, sheet.body)

    return Escort(before, finished)


def _headers(sheet: _Sheet) -> dict[str, str]:
    released = sheet.released
    return {
        "Varde-Release": released.release_id.hex(),
        "Varde-Release-Expires": released.expires_at.isoformat(),
        "Varde-Rows": str(released.frame.height),
        "Varde-View-Version": str(released.spec.version),
        "Varde-Epoch": str(released.epoch),
        "Varde-Absent": ", ".join(f"{rule}={count}" for rule, count in sorted(released.absent.items())),
        "Varde-Prohibited-Uses": ", ".join(released.prohibited_uses),
        "Repr-Digest": f"sha-256=:{base64.b64encode(sheet.digest).decode()}:",
        "Vary": "Accept",
    }
