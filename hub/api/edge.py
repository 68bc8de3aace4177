"""The outermost layer of the API: request ids, limits, headers, one log line a request, and no foreign words.

Rules kept here:
- a body is at most `MOST_BODY_BYTES`, or what its route allows once it knows who calls, arrives within `BODY_SECONDS`,
  and stays in memory;
- nothing is stored by browsers or proxies on the way;
- the log line names method, route template, status and seconds: no path, no query, no address;
- whatever was not foreseen ends here, as a class name in the log and a problem without detail outside.
"""

import asyncio
import secrets
import time
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.api.answers import MEDIA_TYPE, problem
from hub.logs import LogEvent, log_of

MOST_BODY_BYTES: Final = 16_384  # the largest body of this API is a choice of a hundred bytes
ALLOWED_BYTES: Final = "varde.allowed_bytes"
"""Under which a route says in the request's scope how long a body it reads, once it knows who calls."""
BODY_SECONDS: Final = 10.0
REQUEST_ID: Final = "varde.request_id"
_POLICY: Final = b"content-security-policy"
_STRICT: Final = (_POLICY, b"default-src 'none'; frame-ancestors 'none'")
_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_OURS: Final = frozenset(name for name, _ in _HEADERS)
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"})

_log = log_of("api")


class Edge:
    """Wraps the whole app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception as exc:  # noqa: BLE001 - a stranger's text may hold a value: only its class is told
            fields = {"incident": exchange.request_id, "error": type(exc).__name__}
            _log.error(LogEvent.UNEXPECTED_ERROR, extra=fields)
            await exchange.fail()
        finally:
            exchange.log()


class _Exchange:
    """One request and its answer, watched on their way."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.request_id = secrets.token_hex(8)
        self._scope, self._receive, self._send = scope, receive, send
        self._started_at = time.perf_counter()
        self._status: int | None = None
        self._received = 0
        self._whole = False
        scope[REQUEST_ID] = self.request_id

    async def receive(self) -> Message:
        """Pass on a piece of the body, within its limits of size and time."""
        if self._whole:
            return await self._receive()
        self._verify_declared_size()
        remaining = BODY_SECONDS - (time.perf_counter() - self._started_at)
        try:
            async with asyncio.timeout(remaining):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT) from None
        self._received += len(message.get("body", b""))
        if self._received > self._most:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Add the headers that every answer carries."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = [each for each in message["headers"] if each[0] not in _OURS]
            if not any(name == _POLICY for name, _ in headers):
                headers.append(_STRICT)
            headers += (*_HEADERS, (b"varde-request-id", self.request_id.encode()))
            message["headers"] = headers
        await self._send(message)

    async def fail(self) -> None:
        """Answer 500 without detail; an answer that has begun is left incomplete, and the server hangs up."""
        if self._status is not None:
            return
        status, body = problem(self.request_id, HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected")
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": status.value, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    def log(self) -> None:
        """Log one line, of constants and counts."""
        fields: MutableMapping[str, Any] = {
            "method": self._scope["method"] if self._scope["method"] in _METHODS else "other",
            "route": getattr(self._scope.get("route"), "path", "none"),
            "status": self._status,
            "seconds": round(time.perf_counter() - self._started_at, 4),
            "request_id": self.request_id,
        }
        _log.info(LogEvent.REQUEST_ANSWERED, extra=fields)

    @property
    def _most(self) -> int:
        most: int = self._scope.get(ALLOWED_BYTES, MOST_BODY_BYTES)
        return most

    def _verify_declared_size(self) -> None:
        for name, value in self._scope["headers"]:
            if name == b"content-length":
                _verify_length(value, most=self._most)


def _verify_length(told: bytes, *, most: int) -> None:
    """Refuse what is no length, or too long a one (RFC 9110, 8.6); `int` itself fails from 4,301 digits on."""
    if not told.isdigit():  # of bytes: 0 to 9 only
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    digits = told.lstrip(b"0")
    if len(digits) > len(str(most)) or int(digits or b"0") > most:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
