"""Routes that ask who calls before they look at anything else that was sent.

FastAPI reads and judges the body first, so a stranger would learn from its faults what a route expects, and could make
the hub parse for nothing. A route of these classes answers 401 to a stranger whatever the path, query and body hold.
"""

from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from hub.api.audited import audit_demanded
from hub.api.service import Service
from hub.attempts import Channel, note_login, note_stranger
from hub.authentication import authenticate
from hub.errors import NotAuthenticated
from hub.subject_tokens import authenticate_subject
from privacy.store.principal import Principal

PRINCIPAL: Final = HTTPBearer(
    scheme_name="principal", description="The token of a principal: `varde principal add`.", auto_error=False
)
SUBJECT: Final = HTTPBearer(
    scheme_name="subject", description="A data subject's own token, bound to their choices.", auto_error=False
)


BEARER: Final[dict[str, Any]] = {"security": [{"subject": []}]}
"""What FastAPI would write into the API's description for a route that depended on `SUBJECT`: asking it costs more than
finding the token."""


class _GuardedRoute(APIRoute):
    """A route that first asks its guard."""

    @staticmethod
    @abstractmethod
    async def admit(request: Request) -> None:
        """Let the caller in.

        Raises:
            NotAuthenticated: no token, or one that opens nothing here (which of them is not told).

        """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Put the guard before everything that FastAPI does for a route."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            await self.admit(request)
            return await handle(request)

        return guarded


class PrincipalRoute(_GuardedRoute):
    """A route for principals; who acts is in `request.state.principal`."""

    @staticmethod
    async def admit(request: Request) -> None:
        """Let a principal in."""
        token = await token_of(request, PRINCIPAL)
        request.state.principal = await run_in_threadpool(principal_of, service_of(request), token)


class SubjectRoute(_GuardedRoute):
    """A route for data subjects; the act looks its token up again, in its own transaction."""

    @staticmethod
    async def admit(request: Request) -> None:
        """Let a data subject in."""
        token = await token_of(request, SUBJECT)
        await run_in_threadpool(_verify_subject, service_of(request), token)


class SubjectWriteRoute(SubjectRoute):
    """A route whose act looks the data subject's token up itself, in the transaction that it writes.

    A look-up before it would double what an opt-out costs and settle nothing. It is made where there is anything else
    to tell: a stranger still hears 401 whatever the path and body hold.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Put the guard before every refusal."""
        handle = APIRoute.get_route_handler(self)  # not the guard of the class above: the act is its own

        async def guarded(request: Request) -> Response:
            try:
                return await handle(request)
            except (RequestValidationError, HTTPException):
                await self.admit(request)
                raise
            except NotAuthenticated:
                await run_in_threadpool(note_stranger, service_of(request).hub)
                raise

        return guarded


def service_of(request: Request) -> Service:
    """Return the serving process."""
    service: Service = request.app.state.service
    return service


def bearer_of(request: Request) -> str:
    """Return the bearer token of a request to a route that documents itself by `BEARER`.

    Raises:
        NotAuthenticated: there is none.

    """
    token = bearer_in(request.headers.get("authorization", ""))
    if token is None:
        raise NotAuthenticated
    return token


def bearer_in(authorization: str) -> str | None:
    """Return the bearer token of a header, None if it holds none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def token_of(request: Request, bearer: HTTPBearer) -> str | None:
    """Return the bearer token of a request, None where there is none."""
    credentials = await bearer(request)
    return None if credentials is None else credentials.credentials


def principal_of(service: Service, token: str | None) -> Principal:
    """Return who acts, once the audit log knows of the login.

    Raises:
        NotAuthenticated: no token, or one that opens nothing here; the audit log knows of that, too.

    """
    try:
        principal = authenticate(service.hub, token)
    except NotAuthenticated:
        note_stranger(service.hub)
        raise
    with audit_demanded():
        note_login(service.hub, principal, Channel.HTTP)
    return principal


def _verify_subject(service: Service, token: str | None) -> None:
    try:
        with service.hub.reading() as session:
            authenticate_subject(service.hub, session, token or "")
    except NotAuthenticated:
        note_stranger(service.hub)
        raise
