"""The short way of one customer's row, in the form that programs ask for it while somebody waits.

As `hub.api.lane` does for choices: what a framework does for any request costs more than the row itself. A plain
`GET /v1/views/{name}/rows/{pseudonym}?purpose=...` is answered here, in front of all that.

Rules kept here:
- nothing is refused here for its form: whatever is not plain goes to the routes, and they alone judge it;
- what is answered here is what the route would have answered, by the same functions: the guard that knows who calls and
  tells the audit log, the same look, the same problems.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.api.answers import answer_of, answer_of_status
from hub.api.guard import bearer_in, principal_of
from hub.api.rows import RowAnswer, answered, read_row, router
from hub.api.service import Service
from hub.errors import AccessRefused, HubError
from hub.ours import OURS
from hub.problems import said
from hub.views.admission import note_refusal
from hub.views.intent import Reader
from hub.views.online import Sought, attempts
from privacy.secret import SecretText
from privacy.store.principal import Principal

_PATH: Final = re.compile(r"/v1/views/([a-z][a-z0-9_]{0,63})/rows/([0-9a-f]{32})")
_QUERY: Final = re.compile(rb"purpose=([a-z][a-z0-9_]{0,63})")
_ROUTE: Final = next(route for route in router.routes if getattr(route, "endpoint", None) is read_row)
_UNUSUAL: Final = frozenset({b"content-length", b"transfer-encoding", b"expect", b"sec-gpc"})


class RowLane:
    """Answers plain questions for a row; all else passes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on as it came."""
        plain = _plain(scope)
        if plain is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = _ROUTE  # for the log line
        try:
            answer = await _answer(scope["app"].state.service, *plain)
        except HTTPException as missing:
            await answer_of_status(missing, scope)(scope, receive, send)
            return
        except (*OURS, DBAPIError) as error:
            await answer_of(said(error), scope)(scope, receive, send)
            return
        headers = [(b"content-length", b"%d" % len(answer)), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


def _plain(scope: Scope) -> tuple[str, str, str, str] | None:
    """Return token, view, pseudonym and purpose of a plain request, None of any other."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope.get("root_path"):
        return None
    path = _PATH.fullmatch(scope["path"])
    query = _QUERY.fullmatch(scope["query_string"])
    if path is None or query is None:
        return None
    headers = dict(scope["headers"])
    if len(headers) != len(scope["headers"]) or not _UNUSUAL.isdisjoint(headers):
        return None
    token = bearer_in(headers.get(b"authorization", b"").decode("latin-1"))
    return None if token is None else (token, path[1], path[2], query[1].decode())


async def _answer(service: Service, token: str, view: str, pseudonym: str, purpose: str) -> bytes:
    """Look who calls in the thread that looks at the row, too."""
    asking = _Asking(service, token, (view, bytes.fromhex(pseudonym), purpose))
    try:
        row = await answered(service, view, asking, service.rows.ask_prepared(asking.first))
    except HubError as told:
        refused = asking.fault or told
        if isinstance(refused, AccessRefused) and asking.principal is not None:
            await run_in_threadpool(note_refusal, service.hub, asking.principal, purpose, refused)
        raise refused from None
    if row is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return RowAnswer.of(row).model_dump_json().encode()


class _Asking:
    """One question, from the token on: who asked, what came in the way, and how it is asked again."""

    def __init__(self, service: Service, token: str, what: tuple[str, bytes, str]) -> None:
        self._service, self._token, self._what = service, SecretText(token), what
        self._tries: Iterator[Sought] = iter(())
        self.principal: Principal | None = None
        self.fault: Exception | None = None

    def __iter__(self) -> Iterator[Sought]:
        """Go on asking."""
        return self._tries

    def first(self) -> Sought:
        """Find out who calls, and ask for the first time; raises what the guard and `attempts` raise."""
        view, pseudonym, purpose = self._what
        try:
            self.principal = principal_of(self._service, self._token)
            reader = Reader(principal=self.principal)
            self._tries = attempts(self._service.hub, reader, view, pseudonym, purpose=purpose)
            return next(self._tries)
        except Exception as fault:
            self.fault = fault
            raise
