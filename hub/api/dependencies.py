"""What routes are given: the serving process, and who acts."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials

from hub.api import guard
from hub.api.service import Service
from hub.authentication import authenticate
from hub.errors import NotAuthenticated
from privacy.store.principal import Principal

Credentials = HTTPAuthorizationCredentials | None


async def service_of(request: Request) -> Service:
    """Return the serving process."""
    return guard.service_of(request)


async def acting_principal(request: Request, _: Annotated[Credentials, Depends(guard.PRINCIPAL)]) -> Principal:
    """Return who acts, as `guard.PrincipalRoute` found out; the credentials stand here for the API's description."""
    principal: Principal = request.state.principal
    return principal


def known_principal(
    service: Annotated[Service, Depends(service_of)], credentials: Annotated[Credentials, Depends(guard.PRINCIPAL)]
) -> Principal | None:
    """Return who asks, None for a stranger."""
    try:
        return authenticate(service.hub, None if credentials is None else credentials.credentials)
    except NotAuthenticated:
        return None


async def subject_token(credentials: Annotated[Credentials, Depends(guard.SUBJECT)]) -> str:
    """Return a data subject's token; the act that it is for looks it up in its own transaction.

    Raises:
        NotAuthenticated: there is none.

    """
    if credentials is None:
        raise NotAuthenticated
    return credentials.credentials


Serving = Annotated[Service, Depends(service_of)]
Acting = Annotated[Principal, Depends(acting_principal)]
Known = Annotated[Principal | None, Depends(known_principal)]
OfSubject = Annotated[str, Depends(subject_token)]
