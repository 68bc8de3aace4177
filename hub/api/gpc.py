"""Global Privacy Control: what a browser says of its person, by `Sec-GPC: 1` (W3C draft).

- with a subject's token the person objects to direct marketing (`hub.opt_outs`): on any `/v1/me` route, before it is
  answered, and by `PUT /v1/gpc`; if that cannot be committed the answer is 503. A choice that is made in the same call
  is the person's own word and goes first;
- without one nobody knows whose browser it is: the answer is marked (`Varde-GPC: session`) and nothing is stored; the
  site that asked must treat this session as having opted out.
"""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.api.answers import answer_of, problem_responses
from hub.api.dependencies import Serving
from hub.api.durable import durable
from hub.api.guard import bearer_in
from hub.api.service import Service
from hub.attempts import note_stranger
from hub.choices import Asked, Choice, Chosen
from hub.errors import ChoiceNotRecorded, HubError, NotAuthenticated
from hub.opt_outs import signal_choices
from hub.subject_tokens import authenticate_subject
from privacy.terms import ActChannel

router: Final = APIRouter(tags=["gpc"])
SINCE: Final = "2026-11-22"  # the day from which this program heeds the signal
MARK: Final = "Varde-GPC"
_HOLDERS: Final = "/v1/me"
_CHOICES: Final = "/v1/me/purposes"


class Support(BaseModel):
    """The support resource: that the signal is heeded here, and since when."""

    gpc: bool
    lastUpdate: str  # noqa: N815 - the specification's name


class SignalAnswer(BaseModel):
    """For whom the signal counts: `person`, `session`, or `nobody` where the browser says none; and what it ended."""

    counts_for: str
    stopped: list[str]


@router.get("/.well-known/gpc.json", summary="That Global Privacy Control is heeded here")
async def get_support() -> Support:
    """Say that the signal is heeded."""
    return Support(gpc=True, lastUpdate=SINCE)


@router.put(
    "/v1/gpc",
    summary="Heed a browser's signal",
    responses=problem_responses(HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE),
)
async def put_signal(request: Request, service: Serving) -> SignalAnswer:
    """End direct marketing for the person whose token comes with the signal; without one, bind this session only."""
    if not is_signalled(request.headers):
        return SignalAnswer(counts_for="nobody", stopped=[])
    token = bearer_in(request.headers.get("authorization", ""))
    if token is None:
        return SignalAnswer(counts_for="session", stopped=[])
    try:
        stopped = await heed(service, token)
    except NotAuthenticated:
        await run_in_threadpool(note_stranger, service.hub)
        raise
    return SignalAnswer(counts_for="person", stopped=stopped)


async def heed(service: Service, token: str) -> list[str]:
    """Write what the signal says for the holder of a token; return the purposes that it ends.

    Raises:
        NotAuthenticated: the token opens nothing.
        ChoiceNotRecorded: it cannot be committed.

    """
    choices = await run_in_threadpool(_choices, service, token)
    if not choices:
        return []
    asked = Asked(token=token, choices=choices, channel=ActChannel.GPC)
    chosen: tuple[Chosen, ...] = await durable(service.writer.submit_to(service.choosing, asked))
    return sorted(purpose for each in chosen for purpose in each.stopped)


def is_signalled(headers: Headers) -> bool:
    """Say whether a browser says no: `Sec-GPC: 1`, and no other value."""
    return headers.get("sec-gpc", "").strip() == "1"


class SignalHeeded:
    """Heeds the signal on the routes of data subjects before they answer, and marks every answer to it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, after its signal is durable."""
        headers = Headers(scope=scope) if scope["type"] == "http" else None
        if headers is None or not is_signalled(headers):
            await self._app(scope, receive, send)
            return
        token = bearer_in(headers.get("authorization", ""))
        marked = _Marked(send, "session" if token is None else "person")
        if token is not None and _is_holders(scope):
            try:
                await heed(scope["app"].state.service, token)
            except NotAuthenticated:
                pass  # the route says so itself, in its own words
            except (ChoiceNotRecorded, HubError):
                await answer_of(ChoiceNotRecorded(), scope)(scope, receive, marked)
                return
        await self._app(scope, receive, marked)


class _Marked:
    def __init__(self, send: Send, mark: str) -> None:
        self._send, self._mark = send, mark

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)[MARK] = self._mark
        await self._send(message)


def _is_holders(scope: Scope) -> bool:
    """Say whether a request is a data subject's own, and is no choice, which is more specific than the signal."""
    path: str = scope["path"]
    return path.startswith(_HOLDERS) and not (scope["method"] == "PUT" and path.startswith(_CHOICES))


def _choices(service: Service, token: str) -> tuple[Choice, ...]:
    with service.hub.reading() as session:
        return signal_choices(session, service.hub.policy(), authenticate_subject(service.hub, session, token))
