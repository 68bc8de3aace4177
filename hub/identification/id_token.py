"""What an ID token proves: its issuer's signature first, then every claim that it rests on (RFC 8725, OpenID Connect).

A token is refused whole, whatever is wrong with it, and nothing of it is told or logged. Taken are only: a configured
issuer; an algorithm that was allowed to this issuer; a key of the issuer's own set, of the kind that the algorithm
takes; exactly our audience; not expired, not of the future, not older than an hour; a type that is no access token's.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from joserfc import jwt
from joserfc.errors import JoseError

from hub.errors import IdentityNotProven
from hub.identification.issuer import EMAIL, EMAIL_VERIFIED, Issuer, issuers_of
from hub.identification.jwks import KeyCache, PublicKey
from hub.settings import Settings
from ingest.identity.comparable import comparable_email
from privacy.secret import SecretText

MOST_BYTES: Final = 8192
MOST_AGE: Final = timedelta(hours=1)
_LEEWAY_SECONDS: Final = 30  # clocks differ; a few minutes at most (RFC 7519 section 4.1.4)
_MOST_VALUE: Final = 254
_PARTS: Final = 3
_TYPES: Final = frozenset({"JWT", "jwt"})


@dataclass(frozen=True, slots=True)
class Proof:
    """What an issuer vouches for: a standardised address, or the key of a source."""

    value: SecretText = field(repr=False)
    source: str | None = None


class _Signed(Protocol):
    def headers(self) -> Any:  # noqa: ANN401 - as joserfc declares it
        """Return the header of what is being verified."""
        ...


class Issuers:
    """The configured issuers with their keys, for as long as a process serves."""

    def __init__(self, settings: Settings) -> None:
        """Read the settings; no key is fetched yet."""
        self._known = {each.issuer: (each, KeyCache(each.jwks)) for each in issuers_of(settings.issuers)}

    def proof_of(self, token: str, *, at: datetime) -> Proof:
        """Verify an ID token and return what it proves.

        Raises:
            IdentityNotProven: it proves nothing; why is not told.
            ServiceUnreachable: the issuer's keys cannot be had now.

        """
        try:
            issuer, keys = self._known[_named_issuer(token)]
            return _proof(issuer, _verified(token, issuer, keys, at))
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise IdentityNotProven from None


def _named_issuer(token: str) -> str:
    """Read which issuer a token names, before anything of it is believed."""
    parts = token.split(".")
    if len(parts) != _PARTS or len(token) > MOST_BYTES:
        raise ValueError("no token in three parts")
    claims = json.loads(_decoded(parts[1]))
    return str(claims["iss"])


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise ValueError("no base64url") from None


def _verified(token: str, issuer: Issuer, keys: KeyCache, at: datetime) -> Mapping[str, Any]:
    """Verify signature and claims; only then is anything of the token read."""

    def key_of(signed: _Signed) -> PublicKey:
        header = signed.headers()
        if header.get("typ", "JWT") not in _TYPES:
            raise IdentityNotProven
        return keys.key_of(header.get("kid"), at=at)

    claims = jwt.decode(token, key_of, algorithms=list(issuer.algorithms)).claims
    now = int(at.timestamp())
    rules = jwt.JWTClaimsRegistry(
        now=now,
        leeway=_LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer.issuer},
        aud={"essential": True, "value": issuer.audience},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
    )
    rules.validate(claims)
    if claims["iat"] < now - MOST_AGE.total_seconds() or claims.get("azp", issuer.audience) != issuer.audience:
        raise IdentityNotProven
    return claims


def _proof(issuer: Issuer, claims: Mapping[str, Any]) -> Proof:
    value = claims[issuer.claim]
    if not isinstance(value, str) or not 0 < len(value) <= _MOST_VALUE:
        raise IdentityNotProven
    if issuer.source is not None:
        return Proof(SecretText(value), issuer.source)
    address = comparable_email(value)
    if address is None or (issuer.attribute == EMAIL and claims.get(EMAIL_VERIFIED) is not True):
        raise IdentityNotProven
    return Proof(SecretText(address))
