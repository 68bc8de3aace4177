"""A line to one hub: one address, one token, answers that are whole or refused.

Rules kept here:
- the token goes to one server, in clear only to this very machine; nothing is redirected, no proxy is asked;
- a body that is incomplete, or is not what its digest says, is refused: a stopped stream must not be used.
"""

import base64
import hashlib
import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import RawIOBase
from typing import Final, NoReturn
from urllib.parse import urlsplit

import pyarrow as pa

from hub.errors import AnswerBroken, RequestRefused, ServiceUnreachable, SettingsInvalid

ARROW: Final = "application/vnd.apache.arrow.stream"
_TIMEOUT_SECONDS: Final = 300.0
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_OK: Final = 200


class Line:
    """One hub, one credential."""

    def __init__(self, url: str, token: str) -> None:
        """Check the address.

        Raises:
            SettingsInvalid: it is no http(s) address, or would send the token over a network in clear.

        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
            raise SettingsInvalid("url", "it is not the address of a hub", "Use https://HOST:PORT")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise SettingsInvalid("url", "the token would cross the network in clear", "Use https://")
        self._secure, self.host, self._port = parts.scheme == "https", parts.hostname, parts.port
        self._base = parts.path.rstrip("/")
        self._token = token

    def __repr__(self) -> str:
        """Show the host only: a token must not reach a log or a traceback."""
        return f"Line({self.host!r})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the token in clear."""
        raise TypeError("a Line is never pickled")

    @contextmanager
    def asked(self, target: str, accept: str, body: bytes | None = None) -> Iterator[http.client.HTTPResponse]:
        """Ask, with a body of CSV if there is one, and lend an answer of the form that was asked for, to be read.

        Raises:
            RequestRefused: the hub said no.
            AnswerBroken: the answer is of another form, or was stopped while it was read.
            ServiceUnreachable: the hub does not answer.

        """
        headers = {"Authorization": f"Bearer {self._token}", "Accept": accept}
        with _broken_off(), closing(self._connection()) as connection:
            if body is None:
                connection.request("GET", self._base + target, headers=headers)
            else:
                connection.request("POST", self._base + target, body, headers | {"Content-Type": "text/csv"})
            answer = connection.getresponse()
            if answer.status != _OK:
                raise _refusal(answer.status, answer.read(), answer.headers.get("Varde-Request-Id", "unknown"))
            if answer.headers.get("Content-Type") != accept:
                raise AnswerBroken("it is not an Arrow stream" if accept == ARROW else "it is not JSON")
            yield answer

    def _connection(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self.host, self._port, timeout=_TIMEOUT_SECONDS)


class Digested(RawIOBase):
    """A body that is digested while it is read."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        super().__init__()
        self.digest = hashlib.sha256()
        self.size = 0
        self._response = response

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        part = self._response.read(None if size < 0 else size)
        self.digest.update(part)
        self.size += len(part)
        return part


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is told of a release before its rows; `absent` counts customers left out by rule, small counts apart."""

    release_id: str
    view_version: int
    expires_at: datetime
    absent: Mapping[str, int]
    prohibited_uses: tuple[str, ...]
    rows: int


def head_of(headers: http.client.HTTPMessage) -> Head:
    """Read what is told of a release.

    Raises:
        AnswerBroken: something is not told, or not as a hub tells it.

    """
    try:
        return Head(
            release_id=bytes.fromhex(headers["Varde-Release"]).hex(),
            view_version=int(headers["Varde-View-Version"]),
            expires_at=datetime.fromisoformat(headers["Varde-Release-Expires"]).astimezone(UTC),
            absent=_counts(headers["Varde-Absent"]),
            prohibited_uses=tuple(filter(None, headers.get("Varde-Prohibited-Uses", "").split(", "))),
            rows=int(headers["Varde-Rows"]),
        )
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise AnswerBroken("it does not tell its release") from None


def verify_size(headers: http.client.HTTPMessage, size: int) -> None:
    """Compare the body with its Content-Length."""
    if headers.get("Content-Length") != str(size):
        raise AnswerBroken("the stream was stopped")


def verify_told(headers: http.client.HTTPMessage, sha256: bytes) -> None:
    """Compare the body with its Repr-Digest (RFC 9530)."""
    digest = base64.b64encode(sha256).decode()
    if headers.get("Repr-Digest") != f"sha-256=:{digest}:":
        raise AnswerBroken("it does not match its digest")


@contextmanager
def _broken_off() -> Iterator[None]:
    """Tell apart a stream that was stopped, one that was altered, and a hub that does not answer."""
    try:
        yield
    except (http.client.IncompleteRead, pa.ArrowInvalid):
        raise AnswerBroken("the stream was stopped") from None
    except (OSError, http.client.HTTPException) as exc:
        if type(exc) is OSError and exc.errno is None:  # no system's: the reader of Arrow has not found all it wants
            raise AnswerBroken("the stream was stopped") from None
        raise ServiceUnreachable("the hub", type(exc).__name__) from None


def _refusal(status: int, body: bytes, request_id: str) -> RequestRefused:
    try:
        problem = json.loads(body)
        slug, text = str(problem["type"]).rpartition(":")[2], str(problem.get("detail") or problem["title"])
    except (ValueError, KeyError, TypeError):
        slug, text = "unknown", "no reason was given"
    return RequestRefused(status, slug, text, request_id)


def _counts(header: str) -> dict[str, int]:
    pairs = (part.partition("=") for part in header.split(",") if "=" in part)
    return {rule.strip(): int(count) for rule, _, count in pairs}
