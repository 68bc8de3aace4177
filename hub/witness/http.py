"""A witness over HTTP: `POST /add-checkpoint` (C2SP tlog-witness), and nothing else.

| answer | when |
|---|---|
| 200 | cosigned; the body is one signature line |
| 400 | malformed, or the old size is above the new one |
| 403 | not signed by the key that is trusted for this log |
| 404 | no log of this origin is watched |
| 409 | the old size is not the one cosigned last (body: that size, `text/x.tlog.size`), or two roots for one size |
| 422 | the consistency proof does not hold |
| 500 | the witness's own record cannot be read: nothing was signed |
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hub.errors import HubError
from hub.logs import LogEvent, log_of
from hub.witness.rules import MOST_BYTES, Refusal, SubmissionRefused
from hub.witness.witness import Witness

SIZE_TYPE: Final = "text/x.tlog.size"
STATUS: Final[Mapping[Refusal, HTTPStatus]] = {
    Refusal.MALFORMED: HTTPStatus.BAD_REQUEST,
    Refusal.UNKNOWN_LOG: HTTPStatus.NOT_FOUND,
    Refusal.NOT_SIGNED: HTTPStatus.FORBIDDEN,
    Refusal.OLD_ABOVE_NEW: HTTPStatus.BAD_REQUEST,
    Refusal.STALE: HTTPStatus.CONFLICT,
    Refusal.INCONSISTENT: HTTPStatus.UNPROCESSABLE_ENTITY,
    Refusal.SPLIT: HTTPStatus.CONFLICT,
}
_log = log_of("witness")


def create_app(witness: Witness, clock: Callable[[], datetime]) -> Starlette:
    """Build the one-route application of a witness."""

    async def add_checkpoint(request: Request) -> Response:
        try:
            body = await _body(request)
            line = await to_thread.run_sync(lambda: witness.add_checkpoint(body, at=clock()))
        except SubmissionRefused as exc:
            return _refused(exc)
        except (HubError, OSError) as exc:  # no room, or a record that cannot be read: nothing was signed
            _log.warning(LogEvent.UNEXPECTED_ERROR, extra={"error": type(exc).__name__})
            return PlainTextResponse("the witness cannot sign now\n", HTTPStatus.INTERNAL_SERVER_ERROR)
        return PlainTextResponse(line)

    return Starlette(routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"])])


async def _body(request: Request) -> bytes:
    """Read at most what a checkpoint can need: the sender is not authenticated."""
    body = b""
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BYTES:
                break
    except ClientDisconnect:
        raise SubmissionRefused(Refusal.MALFORMED) from None
    return body


def _refused(refused: SubmissionRefused) -> Response:
    status = STATUS[refused.because]
    if refused.have is not None:
        return PlainTextResponse(f"{refused.have}\n", status, headers={"content-type": SIZE_TYPE})
    return PlainTextResponse(f"{refused.because}\n", status)
