"""What routes are given: the serving process, and who acts."""

from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from hub.api.service import Service
from hub.authentication import authenticate
from hub.errors import NotAuthenticated
from hub.subject_tokens import authenticate_subject
from privacy.store.principal import Principal
from privacy.store.subject_token import SubjectToken

_PRINCIPAL: Final = HTTPBearer(
    scheme_name="principal", description="The token of a principal: `varde principal add`.", auto_error=False
)
_SUBJECT: Final = HTTPBearer(
    scheme_name="subject", description="A data subject's own token, bound to their choices.", auto_error=False
)
Credentials = HTTPAuthorizationCredentials | None


def service_of(request: Request) -> Service:
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


def acting_subject(
    service: Annotated[Service, Depends(service_of)], credentials: Annotated[Credentials, Depends(_SUBJECT)]
) -> SubjectToken:
    """Return whose choices may be changed.

    Raises:
        NotAuthenticated: no token, or one that is unknown, expired or revoked (which of them is not told).

    """
    return authenticate_subject(service.hub, _token(credentials))


def _token(credentials: Credentials) -> str | None:
    return None if credentials is None else credentials.credentials


Serving = Annotated[Service, Depends(service_of)]
Acting = Annotated[Principal, Depends(acting_principal)]
Known = Annotated[Principal | None, Depends(known_principal)]
ActingSubject = Annotated[SubjectToken, Depends(acting_subject)]
