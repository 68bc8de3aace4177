"""HashiCorp Vault Transit as key-encryption key: `vault:MOUNT/KEY`, with VAULT_ADDR and VAULT_TOKEN.

Rules kept here:
- the token goes to one server, in clear only to this very machine; nothing is redirected, no proxy is asked;
- a batch is one request (Vault's `batch_input`), at most a thousand items in each;
- the associated data are bound twice: as Vault's `associated_data`, and as a digest beside the secret, because a Vault
  older than that parameter ignores it without a word;
- an error tells a status and nothing else of the answer.

Python's own HTTP client is enough for three routes: no dependency, and none that reads proxies or redirects by itself.
Source: Vault API reference, Transit secrets engine.
"""

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NoReturn, Self
from urllib.parse import quote, urlsplit

from hub.errors import SettingsInvalid
from hub.kek.label import label_of, labelled, other_kek
from privacy.errors import KekRefused, KekUnavailable, SealBroken
from privacy.keys import KEY_BYTES

_TIMEOUT_SECONDS: Final = 5.0
_AT_ONCE: Final = 1_000
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_PLACE: Final = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)+")
_CIPHERTEXT: Final = re.compile(r"vault:v([0-9]+):[A-Za-z0-9+/=]+")
_LARGEST_ANSWER: Final = 16 << 20
_WITH_ITEMS: Final = frozenset({HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR})
"""Statuses under which Vault may answer item by item: an item that does not open makes the whole a 400 or 500."""

Json = dict[str, Any]


class VaultServer:
    """Where Vault is, and the token that it is shown."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Check the address.

        Raises:
            SettingsInvalid: address or token is missing, or the token would cross a network in clear.

        """
        parts = urlsplit(environment.get("VAULT_ADDR", ""))
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            raise SettingsInvalid("VAULT_ADDR", "it is not the address of a Vault", "Use https://HOST:PORT")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise SettingsInvalid("VAULT_ADDR", "the token would cross the network in clear", "Use https://")
        if not environment.get("VAULT_TOKEN"):
            raise SettingsInvalid("VAULT_TOKEN", "it is not set", "Set it to a token that may use the transit key")
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, parts.port
        self._base = parts.path.rstrip("/")
        self._headers = {"X-Vault-Token": environment["VAULT_TOKEN"], "X-Vault-Request": "true"}
        if environment.get("VAULT_NAMESPACE"):
            self._headers["X-Vault-Namespace"] = environment["VAULT_NAMESPACE"]
        self._authority = environment.get("VAULT_CACERT")

    def __repr__(self) -> str:
        """Show the host only: a token must not reach a log or a traceback."""
        return f"VaultServer({self._host!r})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the token in clear."""
        raise TypeError("a VaultServer is never pickled")

    def ask(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        """Make one request; return status and JSON.

        Raises:
            KekUnavailable: no answer, or none that is JSON.

        """
        sent = None if body is None else json.dumps(body).encode()
        try:
            connection = self._connection()
            try:
                connection.request(method, f"{self._base}/v1/{path}", sent, self._headers)
                response = connection.getresponse()
                received = response.read(_LARGEST_ANSWER)
            finally:
                connection.close()
            answer = json.loads(received or b"{}")
        except (OSError, http.client.HTTPException, ValueError) as exc:  # ValueError: no JSON
            raise KekUnavailable(f"Vault does not answer ({type(exc).__name__})") from None
        return response.status, answer if isinstance(answer, dict) else {}

    def _connection(self) -> http.client.HTTPConnection:
        if not self._secure:
            return http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_SECONDS)
        trusted = ssl.create_default_context(cafile=self._authority)
        return http.client.HTTPSConnection(self._host, self._port, timeout=_TIMEOUT_SECONDS, context=trusted)


class VaultTransit:
    """One Transit key; its versions are KEKs of their own."""

    def __init__(self, server: VaultServer, mount: str, key: str) -> None:
        self._server = server
        self._mount = quote(mount)
        self._key = quote(key, safe="")
        self._name = f"vault:{mount}/{key}"

    def __repr__(self) -> str:
        """Show mount and key only."""
        return f"VaultTransit({self._name})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the token in clear."""
        raise TypeError("a KEK is never pickled")

    @classmethod
    def of(cls, place: str, environment: Mapping[str, str]) -> Self:
        """Read `MOUNT/KEY`; a mount may have slashes of its own.

        Raises:
            SettingsInvalid: it cannot be read, or the environment does not say where Vault is.

        """
        mount, _, key = place.rpartition("/")
        if not _PLACE.fullmatch(place):
            raise SettingsInvalid("VARDE_KEK", "it is not the name of a Transit key", "Use vault:MOUNT/KEY")
        return cls(VaultServer(environment), mount, key)

    @property
    def kek_id(self) -> str:
        """Name the key with its newest version, as Vault tells it now."""
        answer = self._asked("GET", f"{self._mount}/keys/{self._key}")
        try:
            return f"{self._name}:v{int(answer['data']['latest_version'])}"
        except (KeyError, TypeError, ValueError):
            raise KekUnavailable("Vault's answer has no version") from None

    def wrap(self, secrets: Sequence[bytes], aads: Sequence[bytes]) -> list[bytes]:
        """Wrap each secret under the newest version, bound to its AAD."""
        items = [
            {"plaintext": _base64(_digest(aad) + secret), "associated_data": _base64(aad)}
            for secret, aad in zip(secrets, aads, strict=True)
        ]
        return [self._labelled(str(found.get("ciphertext", ""))) for found in self._each("encrypt", items)]

    def unwrap(self, wrapped: Sequence[bytes], aads: Sequence[bytes]) -> list[bytes]:
        """Unwrap each secret.

        Raises:
            SealBroken: a wrapped key was altered or moved to another row.
            KekRefused: Vault says no.
            KekUnavailable: Vault does not answer or is sealed, or another key wrapped it; `wanted` says which.

        """
        items = [
            {"ciphertext": self._ciphertext(blob), "associated_data": _base64(aad)}
            for blob, aad in zip(wrapped, aads, strict=True)
        ]
        found = self._each("decrypt", items)
        return [_secret_of(str(one.get("plaintext", "")), aad) for one, aad in zip(found, aads, strict=True)]

    def _labelled(self, ciphertext: str) -> bytes:
        match = _CIPHERTEXT.fullmatch(ciphertext)
        if match is None:
            raise KekUnavailable("Vault's answer is no ciphertext")
        return labelled(f"{self._name}:v{match[1]}", ciphertext.encode())

    def _ciphertext(self, blob: bytes) -> str:
        kek_id, payload = label_of(blob)
        if kek_id.rpartition(":v")[0] != self._name:
            raise other_kek(kek_id)
        ciphertext = payload.decode("ascii", "replace")
        match = _CIPHERTEXT.fullmatch(ciphertext)
        if match is None or f"{self._name}:v{match[1]}" != kek_id:
            raise SealBroken("wrapped key altered")
        return ciphertext

    def _each(self, act: str, items: Sequence[Json]) -> Iterator[Json]:
        for start in range(0, len(items), _AT_ONCE):
            chunk = items[start : start + _AT_ONCE]
            answer = self._asked("POST", f"{self._mount}/{act}/{self._key}", {"batch_input": chunk})
            found = answer["data"]["batch_results"]
            if len(found) != len(chunk):
                raise KekUnavailable("Vault's answer has another number of items")
            if any(one.get("error") for one in found):
                raise SealBroken("wrapped key altered or moved")
            yield from found

    def _asked(self, method: str, path: str, body: Json | None = None) -> Json:
        """Ask Vault; turn every answer but a useful one into an error of ours."""
        status, answer = self._server.ask(method, path, body)
        if status in _WITH_ITEMS and _has_items(answer):
            return answer
        if status == HTTPStatus.OK and body is None:
            return answer
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise KekUnavailable("Vault is sealed or in maintenance (HTTP 503)")
        if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _BUSY:
            raise KekRefused(f"Vault refuses (HTTP {status}): look at the token, its policy and the key's name")
        raise KekUnavailable(f"Vault is in trouble (HTTP {status})")


_BUSY: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.PRECONDITION_FAILED, HTTPStatus.TOO_MANY_REQUESTS})
"""Statuses of the 4xx kind that pass by themselves; 412 is Vault Enterprise waiting for replication."""


def _has_items(answer: Json) -> bool:
    content = answer.get("data")
    found = content.get("batch_results") if isinstance(content, dict) else None
    return isinstance(found, list) and all(isinstance(one, dict) for one in found)


def _secret_of(plaintext: str, aad: bytes) -> bytes:
    try:
        plain = base64.b64decode(plaintext, validate=True)
    except (binascii.Error, ValueError):
        raise KekUnavailable("Vault's answer is not base64") from None
    digest, secret = plain[:-KEY_BYTES], plain[-KEY_BYTES:]
    if not hmac.compare_digest(digest, _digest(aad)):
        raise SealBroken("wrapped key moved")
    return secret


def _digest(aad: bytes) -> bytes:
    return hashlib.sha256(b"varde-vault-1" + aad).digest()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
