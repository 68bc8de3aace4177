"""What routes are given: the serving process, and who acts."""

from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from hub.api.service import Service
from hub.authentication import authenticate
from hub.errors import NotAuthenticated
from privacy.store.principal import Principal

_PRINCIPAL: Final = HTTPBearer(
    scheme_name="principal", description="The token of a principal: `varde principal add`.", auto_error=False
)
_SUBJECT: Final = HTTPBearer(
    scheme_name="subject", description="A data subject's own token, bound to their choices.", auto_error=False
)
Credentials = HTTPAuthorizationCredentials | None


async def service_of(request: Request) -> Service:
    """Return the serving process."""
    service: Service = request.app.state.service
    return service


def acting_principal(
    service: Annotated[Service, Depends(service_of)], credentials: Annotated[Credentials, Depends(_PRINCIPAL)]
) -> Principal:
    """Return who acts.

    Raises:
        NotAuthenticated: no token, or one that is unknown, expired or revoked (which of them is not told).

    """
    return authenticate(service.hub, _token(credentials))


def known_principal(
    service: Annotated[Service, Depends(service_of)], credentials: Annotated[Credentials, Depends(_PRINCIPAL)]
) -> Principal | None:
    """Return who asks, None for a stranger."""
    try:
        return authenticate(service.hub, _token(credentials))
    except NotAuthenticated:
        return None


async def subject_token(credentials: Annotated[Credentials, Depends(_SUBJECT)]) -> str:
    """Return a data subject's token; the act that it is for looks it up in its own transaction.

    Raises:
        NotAuthenticated: there is none.

    """
    token = _token(credentials)
    if not token:
        raise NotAuthenticated
    return token


def _token(credentials: Credentials) -> str | None:
    return None if credentials is None else credentials.credentials


Serving = Annotated[Service, Depends(service_of)]
Acting = Annotated[Principal, Depends(acting_principal)]
Known = Annotated[Principal | None, Depends(known_principal)]
OfSubject = Annotated[str, Depends(subject_token)]
