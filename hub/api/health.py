"""`GET /health`: may this process serve? Yes or no to strangers; which check failed to those who run it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from hub.api.dependencies import Known, Serving
from hub.api.service import Service
from hub.database.engine import engine_of
from hub.database.revision import current_revision
from hub.errors import HubError
from privacy.errors import PrivacyError
from privacy.keys import KeyKind
from privacy.terms import Role

router: Final = APIRouter(tags=["health"])
_MAY_SEE_CHECKS: Final = frozenset({Role.OWNER, Role.DPO, Role.ENGINEER})


class Health(BaseModel):
    """`ready` or `unavailable`; `checks` says `ok` or what is wrong, to those who run the hub."""

    status: str
    checks: dict[str, str] | None = None


@router.get("/health", response_model_exclude_none=True, responses={503: {"model": Health}})
def health(response: Response, service: Serving, principal: Known) -> Health:
    """Say whether this process is live and ready: databases, schema, keys, writer."""
    checks = {name: _outcome(check, service) for name, check in CHECKS.items()}
    ready = set(checks.values()) == {"ok"}
    if not ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    told = principal is not None and principal.role in _MAY_SEE_CHECKS
    return Health(status="ready" if ready else "unavailable", checks=checks if told else None)


def _outcome(check: Callable[[Service], bool], service: Service) -> str:
    try:
        return "ok" if check(service) else "not as it must be"
    except (HubError, PrivacyError, SQLAlchemyError, OSError) as exc:
        return type(exc).__name__


def _control(service: Service) -> bool:
    return current_revision(service.hub.engine) == service.revisions[0]


def _keystore(service: Service) -> bool:
    engine = engine_of(service.hub.settings.keystore_url)
    try:
        return current_revision(engine) == service.revisions[1]
    finally:
        engine.dispose()


def _kek(service: Service) -> bool:
    """Unwrap a key: the key-encryption key is there, and is this home's."""
    return service.hub.named_key(KeyKind.SIGNING, "audit") is not None


def _lake(service: Service) -> bool:
    return service.hub.settings.lake_root.is_dir()


def _writer(service: Service) -> bool:
    return service.writer.alive


CHECKS: Final[dict[str, Callable[[Service], bool]]] = {
    "control_database": _control,
    "key_store": _keystore,
    "key_encryption_key": _kek,
    "lake": _lake,
    "writer": _writer,
}
