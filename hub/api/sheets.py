"""Released rows on their way to a caller: written piece by piece in the form that was asked for, fenced before each.

Rules kept here:
- nothing is written down as a whole: of a slow reader's rows one piece lies in memory beside the frame;
- an Arrow stream is digested before it leaves, which costs little, so it has `Content-Length` and `Repr-Digest`; so has
  any body that fits in one piece. A larger one in another form leaves in chunks and is whole when they end as HTTP
  says; its digest stands in the audit log;
- beside each answer that is not read to its end its frame lies in memory, so their sizes together are bounded
  (`hub.api.unread`);
- completion is noted when the last piece was handed over, with the size and the digest of what was.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain
from typing import Any, Final

from anyio import to_thread
from fastapi import HTTPException
from fastapi.responses import Response

from hub.api.answers import problem_responses
from hub.api.audited import audit_demanded
from hub.api.formats import ARROW, FORMATS, Format, format_of
from hub.api.service import Service
from hub.api.streaming import Escort, PiecewiseResponse
from hub.api.unread import Share
from hub.views.departure import label_for, verify_unchanged
from hub.views.gateway import Gateway, Released, Weigh
from hub.views.wire import Counted, Left, left_of
from privacy.store.principal import Principal

_CONTENT: Final[dict[str, Any]] = {
    media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in FORMATS
}
_HEADERS: Final = {
    "Varde-Release": "Id of the release, 32 hexadecimal digits, as in the audit log",
    "Varde-Release-Expires": "Instant (ISO 8601) after which the rows must not be used",
    "Varde-Rows": "Number of rows",
    "Varde-Absent": "Customers left out by rule; counts below the view's k are not told",
    "Varde-Prohibited-Uses": "What the rows are never used for; also in the metadata of Arrow and Parquet",
    "Repr-Digest": "SHA-256 of the body (RFC 9530); only of Arrow streams and of small bodies",
}
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
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
}


Release = Callable[[Weigh], Released]
"""Releases rows; asks what it is given of the frame before it commits to that."""
_FEW_PIECES: Final = 2
"""A head and what follows it: a small body is looked at whole."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A release in the caller's form: its pieces, and what they amount to where that is known beforehand."""

    released: Released
    pieces: Counted
    known: Left | None


async def released_as(accept: str | None, release: Release, service: Service, principal: Principal) -> Response:
    """Release rows and answer with them in the form that the caller accepts.

    Raises:
        HTTPException: the caller accepts no form that there is.
        AnswersUnread: answers that others are reading leave no room for it.

    """
    chosen = format_of(accept)
    if chosen is None:
        raise HTTPException(HTTPStatus.NOT_ACCEPTABLE)
    share = Share(service.unread)
    try:
        sheet = await to_thread.run_sync(_sheet, release, chosen, share, limiter=service.reads)
        escort = _escort(service, principal, sheet, share)
        return PiecewiseResponse(sheet.pieces, escort, headers=_headers(sheet), media_type=chosen.media_type)
    except BaseException:
        share.give_back()
        raise


def _sheet(release: Release, chosen: Format, share: Share) -> _Sheet:
    """Release the rows, and begin to write them."""
    with audit_demanded():
        released = release(share.weigh)

    def pieces() -> Iterator[bytes]:
        return chosen.pieces(released.frame, label_for(released))

    if chosen.media_type == ARROW:
        return _Sheet(released, Counted(pieces()), left_of(pieces()))
    begun = pieces()
    first = [piece for _, piece in zip(range(_FEW_PIECES), begun, strict=False)]
    after = next(begun, None)
    known = left_of(first) if after is None else None
    return _Sheet(released, Counted(chain(first, [] if after is None else [after], begun)), known)


def _escort(service: Service, principal: Principal, sheet: _Sheet, share: Share) -> Escort:
    """Fence every piece; note completion when the last was handed over; make room at the end."""

    async def before() -> None:
        await to_thread.run_sync(verify_unchanged, service.hub, sheet.released, limiter=service.reads)

    async def finished() -> None:
        await to_thread.run_sync(Gateway(service.hub).complete, sheet.released, principal, sheet.pieces.left)

    return Escort(before, finished, share.give_back)


def _headers(sheet: _Sheet) -> dict[str, str]:
    released = sheet.released
    headers = {
        "Varde-Release": released.release_id.hex(),
        "Varde-Release-Expires": released.expires_at.isoformat(),
        "Varde-Rows": str(released.frame.height),
        "Varde-View-Version": str(released.spec.version),
        "Varde-Epoch": str(released.epoch),
        "Varde-Absent": ", ".join(f"{rule}={count}" for rule, count in sorted(released.absent.items())),
        "Varde-Prohibited-Uses": ", ".join(released.prohibited_uses),
        "Vary": "Accept",
    }
    if sheet.known is not None:
        headers["Content-Length"] = str(sheet.known.size)
        headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(sheet.known.sha256).decode()}:"
    return headers
