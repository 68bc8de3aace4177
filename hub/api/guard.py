"""Routes that ask who calls before they look at anything else that was sent.

FastAPI reads and judges the body first, so a stranger would learn from its faults what a route expects, and could make
the hub parse for nothing. A route of these classes answers 401 to a stranger whatever the path, query and body hold.
"""

from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from hub.api.service import Service
from hub.authentication import authenticate
from hub.errors import NotAuthenticated
from hub.subject_tokens import authenticate_subject

PRINCIPAL: Final = HTTPBearer(
    scheme_name="principal", description="The token of a principal: `varde principal add`.", auto_error=False
)
SUBJECT: Final = HTTPBearer(
    scheme_name="subject", description="A data subject's own token, bound to their choices.", auto_error=False
)


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
        request.state.principal = await run_in_threadpool(authenticate, service_of(request).hub, token)


class SubjectRoute(_GuardedRoute):
    """A route for data subjects; the act looks its token up again, in its own transaction."""

    @staticmethod
    async def admit(request: Request) -> None:
        """Let a data subject in."""
        token = await token_of(request, SUBJECT)
        if not token:
            raise NotAuthenticated
        await run_in_threadpool(_verify_subject, service_of(request), token)


def service_of(request: Request) -> Service:
    """Return the serving process."""
    service: Service = request.app.state.service
    return service


async def token_of(request: Request, bearer: HTTPBearer) -> str | None:
    """Return the bearer token of a request, None where there is none."""
    credentials = await bearer(request)
    return None if credentials is None else credentials.credentials


def _verify_subject(service: Service, token: str) -> None:
    with service.hub.reading() as session:
        authenticate_subject(service.hub, session, token)
