"""`/.well-known/jwks.json`: the public keys by which anybody checks a receipt (RFC 7517, RFC 8615)."""

from http import HTTPStatus
from typing import Any, Final

from anyio import to_thread
from fastapi import APIRouter
from pydantic import BaseModel

from hub.api.answers import problem_responses
from hub.api.dependencies import Serving
from hub.receipts import published_keys

router: Final = APIRouter(prefix="/.well-known", tags=["receipts"])


class KeySet(BaseModel):
    """A JWK set."""

    keys: list[dict[str, Any]]


@router.get(
    "/jwks.json",
    summary="The keys that receipts are signed with",
    responses=problem_responses(HTTPStatus.SERVICE_UNAVAILABLE),
)
async def get_keys(service: Serving) -> KeySet:
    """Return the public keys; open to everybody, as a receipt may be shown to anybody."""
    return KeySet(keys=(await to_thread.run_sync(published_keys, service.hub))["keys"])
