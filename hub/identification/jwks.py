"""An issuer's public keys: kept for minutes, fetched again when they are old or a token names one that is not there.

Rules kept here:
- keys older than `MOST_AGE` are not used, whatever hinders a fetch: a key that the issuer withdrew must end;
- at most one fetch in `SPACING`, failed ones too: tokens with made-up key names make nobody fetch for them;
- an answer is small, quick, not redirected, and holds public keys only.
"""

import http.client
import json
import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from hub.errors import IdentityNotProven, ServiceUnreachable

PublicKey = RSAKey | ECKey | OKPKey
FRESH_FOR: Final = timedelta(minutes=10)
MOST_AGE: Final = timedelta(hours=1)
SPACING: Final = timedelta(seconds=30)
_SECONDS: Final = 5
_MOST_BYTES: Final = 1 << 18
_CONNECTIONS: Final = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
_UNREADABLE: Final = (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, JoseError)


@dataclass(slots=True)
class KeyCache:
    """The keys of one issuer; safe to be asked from any thread."""

    place: str
    _keys: dict[str | None, PublicKey] = field(default_factory=dict, repr=False)
    _fetched_at: datetime | None = None
    _tried_at: datetime | None = None
    _lock: Lock = field(default_factory=Lock, repr=False)

    def key_of(self, name: str | None, *, at: datetime) -> PublicKey:
        """Return the key of a name (`kid`); a token without one is taken where there is one key only.

        Raises:
            IdentityNotProven: there is no such key.
            ServiceUnreachable: the keys are too old and cannot be fetched.

        """
        with self._lock:  # whoever comes while keys are fetched waits for them, instead of fetching as well
            if self._is_older(FRESH_FOR, at) or self._find(name) is None:
                self._refresh(at)
            if self._is_older(MOST_AGE, at):
                raise ServiceUnreachable("the keys of an issuer", "they cannot be fetched")
            key = self._find(name)
        if key is None:
            raise IdentityNotProven
        return key

    def _find(self, name: str | None) -> PublicKey | None:
        if name is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return None if name is None else self._keys.get(name)

    def _is_older(self, age: timedelta, at: datetime) -> bool:
        return self._fetched_at is None or at - self._fetched_at > age

    def _refresh(self, at: datetime) -> None:
        """Fetch the keys unless that was tried just now; where it fails the known ones stay for a while."""
        if self._tried_at is not None and at - self._tried_at < SPACING:
            return
        self._tried_at = at
        try:
            self._keys = _keys_in(_read(self.place))
        except _UNREADABLE:
            return
        self._fetched_at = at


def _keys_in(document: bytes) -> dict[str | None, PublicKey]:
    """Read the public keys that are made for signing, by name.

    Raises:
        ValueError: there is none.

    """
    written: dict[str, Any] = json.loads(document)
    signing = [each for each in written["keys"] if each.get("use", "sig") == "sig" and each.get("kty") != "oct"]
    keys = KeySet.import_key_set({"keys": signing}).keys
    if any(isinstance(key, OctKey) or key.is_private for key in keys):
        raise ValueError("a secret is no public key")
    return {key.kid: key for key in keys if not isinstance(key, OctKey)}


def _read(place: str) -> bytes:
    parts = urlsplit(place)
    if parts.scheme == "file":
        with Path(unquote(place.removeprefix("file://").removeprefix("file:"))).open("rb") as file:
            return _whole(file.read(_MOST_BYTES + 1))
    extra: dict[str, Any] = {"context": ssl.create_default_context()} if parts.scheme == "https" else {}
    connection = _CONNECTIONS[parts.scheme](parts.hostname or "", parts.port, timeout=_SECONDS, **extra)
    try:
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        connection.request("GET", path, headers={"Accept": "application/jwk-set+json, application/json"})
        answer = connection.getresponse()
        if answer.status != HTTPStatus.OK:
            raise http.client.HTTPException
        return _whole(answer.read(_MOST_BYTES + 1))
    finally:
        connection.close()


def _whole(document: bytes) -> bytes:
    if len(document) > _MOST_BYTES:
        raise ValueError("too long for a set of keys")
    return document
