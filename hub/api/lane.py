"""The short way of the busiest request: one person's one choice, in the form that programs send it.

What a framework does for any request (match it with its routes, find out what its body may be and what it depends on)
costs more than the choice itself. A plain `PUT /v1/me/purposes/{purpose}` is answered here, in front of all that.

Rules kept here:
- nothing is refused here for its form: whatever is not plain goes to the routes with all that was read of it, and they
  alone judge it;
- what is answered here is what the route would have answered: the same body, the same act, the same problems.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import Final

from fastapi.concurrency import run_in_threadpool
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.api.answers import answer_of
from hub.api.choices import PURPOSE, ChoiceBody, answer_to, choice_of, put_choice, recorded, router
from hub.api.guard import bearer_in
from hub.api.service import Service
from hub.attempts import note_stranger
from hub.errors import NotAuthenticated
from hub.ours import OURS
from hub.problems import said

MOST_BYTES: Final = 999
_DIGITS: Final = len(str(MOST_BYTES))
_PREFIX: Final = "/v1/me/purposes/"
_ROUTE: Final = next(route for route in router.routes if getattr(route, "endpoint", None) is put_choice)
_BODY: Final = TypeAdapter(ChoiceBody)


class Lane:
    """Answers plain choices; all else passes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on as it came."""
        token = _token_of(scope) if _is_for_a_choice(scope) else None
        if token is None:
            await self._app(scope, receive, send)
            return
        read = await _read(receive)
        body = None if isinstance(read.then, HTTPException) else body_of(read.messages)
        if body is None:
            await self._app(scope, read.again, send)
            return
        scope["route"] = _ROUTE  # for the log line
        try:
            answer = await _answer(scope, token, body)
        except (*OURS, DBAPIError) as error:
            await _tell(said(error), scope, receive, send)
            return
        headers = [(b"content-length", b"%d" % len(answer)), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": HTTPStatus.OK.value, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of a request, and how it goes on: by reading on, or with what the edge said of the body."""

    messages: list[Message]
    then: Receive | HTTPException
    _turns: Iterator[int] = field(default_factory=count)

    async def again(self) -> Message:
        """Say once more what was read, then go on."""
        turn = next(self._turns)
        if turn < len(self.messages):
            return self.messages[turn]
        if isinstance(self.then, HTTPException):
            raise self.then
        return await self.then()


async def _read(receive: Receive) -> _Read:
    """Read a body, or up to where its caller went away, was too slow or said too much."""
    messages: list[Message] = []
    try:
        while not messages or messages[-1].get("more_body", False):
            messages.append(await receive())
    except HTTPException as refused:  # told by the routes, which first ask who calls
        return _Read(messages, refused)
    return _Read(messages, receive)


def _is_for_a_choice(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "PUT" or scope.get("root_path"):
        return False
    path: str = scope["path"]
    return path.startswith(_PREFIX) and PURPOSE.fullmatch(path, len(_PREFIX)) is not None


def _token_of(scope: Scope) -> str | None:
    """Return the token of a request whose headers are plain, None if they are not."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"")
    plain = (
        len(headers) == len(scope["headers"])  # none stands there twice
        and headers.get(b"content-type") == b"application/json"
        and length.isdigit()
        and len(length) <= _DIGITS
        and b"sec-gpc" not in headers  # an answer to the signal is marked
    )
    return bearer_in(headers.get(b"authorization", b"").decode("latin-1")) if plain else None


def body_of(messages: Sequence[Message]) -> ChoiceBody | None:
    """Return the choice that a body holds, None if it holds anything else."""
    if messages[-1]["type"] != "http.request":
        return None
    try:
        return _BODY.validate_json(b"".join(message.get("body", b"") for message in messages))
    except ValidationError:
        return None


async def _answer(scope: Scope, token: str, body: ChoiceBody) -> bytes:
    choice = choice_of(scope["path"].removeprefix(_PREFIX), body)
    service: Service = scope["app"].state.service
    (chosen,) = await recorded(service, token, (choice,))
    return answer_to(choice, chosen).model_dump_json().encode()


async def _tell(known: Exception, scope: Scope, receive: Receive, send: Send) -> None:
    if isinstance(known, NotAuthenticated):
        await run_in_threadpool(note_stranger, scope["app"].state.service.hub)
    await answer_of(known, scope)(scope, receive, send)
