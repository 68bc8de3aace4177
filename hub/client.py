"""Reading views over HTTP: `Client(url, token).view("churn_signals").read(purpose="churn", as_of=...)`.

Rules kept here:
- the token goes to one server, in clear only to this very machine; nothing is redirected, no proxy is asked;
- a body that is incomplete, or is not what its digest says, is refused: a stopped stream must not be used;
- rows are handed out until the release expires, and not after.
"""

import base64
import hashlib
import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import BytesIO
from typing import Final, NoReturn
from urllib.parse import quote, urlencode, urlsplit

import polars as pl

from hub import clock as wall_clock
from hub.errors import AnswerBroken, ReleaseExpired, RequestRefused, ServiceUnreachable, SettingsInvalid

ARROW: Final = "application/vnd.apache.arrow.stream"
_JSON: Final = "application/json"
_TIMEOUT_SECONDS: Final = 300.0
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_OK: Final = 200
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Rows as they were released; `absent` counts customers left out by rule (small counts are not told).

    `prohibited_uses` is what the rows must never be used for.
    """

    release_id: str
    view_version: int
    expires_at: datetime
    absent: Mapping[str, int]
    prohibited_uses: tuple[str, ...]
    rows: pl.DataFrame = field(repr=False)
    clock: Clock = field(repr=False)

    @property
    def frame(self) -> pl.DataFrame:
        """The rows: `pseudonym` (Binary, 16 bytes) and the view's features.

        Raises:
            ReleaseExpired: they must not be used any more.

        """
        if self.expires_at <= self.clock():
            raise ReleaseExpired(self.release_id, self.expires_at)
        return self.rows


class Client:
    """One hub, one credential."""

    def __init__(self, url: str, token: str, *, clock: Clock = wall_clock.now) -> None:
        """Check the address.

        Raises:
            SettingsInvalid: it is no http(s) address, or would send the token over a network in clear.

        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
            raise SettingsInvalid("url", "it is not the address of a hub", "Use https://HOST:PORT")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise SettingsInvalid("url", "the token would cross the network in clear", "Use https://")
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, parts.port
        self._base = parts.path.rstrip("/")
        self._token = token
        self._clock = clock

    def __repr__(self) -> str:
        """Show the host only: a token must not reach a log or a traceback."""
        return f"Client({self._host!r})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the token in clear."""
        raise TypeError("a Client is never pickled")

    def view(self, name: str) -> "RemoteView":
        """Return a view by name; whether it may be read is decided at each read."""
        return RemoteView(self, name)

    def release(self, view: str, *, purpose: str, as_of: datetime, use: str | None = None) -> Release:
        """Read a view; see `RemoteView.release`."""
        question = {"purpose": purpose, "as_of": as_of.isoformat()} | ({} if use is None else {"use": use})
        query = urlencode(question)
        headers, body = self._get(f"{self._base}/v1/views/{quote(view, safe='')}?{query}")
        _verify_digest(headers, body)
        release = Release(
            release_id=headers["Varde-Release"],
            view_version=int(headers["Varde-View-Version"]),
            expires_at=datetime.fromisoformat(headers["Varde-Release-Expires"]),
            absent=_counts(headers["Varde-Absent"]),
            prohibited_uses=tuple(filter(None, headers.get("Varde-Prohibited-Uses", "").split(", "))),
            rows=pl.read_ipc_stream(BytesIO(body)),
            clock=self._clock,
        )
        if release.rows.height != int(headers["Varde-Rows"]):
            raise AnswerBroken("rows are missing")
        return release

    def without_recalled(self, release: Release) -> Release:
        """Ask what of a release must be dropped by now, and return it without those rows.

        Raises:
            ReleaseExpired: all of it: read the view again.
            RequestRefused: it is not a release of this credential.

        """
        _, body = self._get(f"{self._base}/v1/releases/{quote(release.release_id, safe='')}/recalls", _JSON)
        recalled = _recalled(body)
        if recalled is None:
            raise ReleaseExpired(release.release_id, self._clock())
        gone = pl.Series(recalled, dtype=pl.Binary)
        return replace(release, rows=release.rows.filter(~pl.col("pseudonym").is_in(gone.implode())))

    def _get(self, target: str, accept: str = ARROW) -> tuple[http.client.HTTPMessage, bytes]:
        connection = self._connection()
        try:
            connection.request("GET", target, headers={"Authorization": f"Bearer {self._token}", "Accept": accept})
            response = connection.getresponse()
            body = response.read()
        except http.client.IncompleteRead:
            raise AnswerBroken("the stream was stopped") from None
        except (OSError, http.client.HTTPException) as exc:
            raise ServiceUnreachable("the hub", type(exc).__name__) from None
        finally:
            connection.close()
        if response.status != _OK:
            raise _refusal(response.status, body, response.headers.get("Varde-Request-Id", "unknown"))
        if response.headers.get("Content-Type") != accept:
            raise AnswerBroken("it is not an Arrow stream" if accept == ARROW else "it is not JSON")
        return response.headers, body

    def _connection(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=_TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class RemoteView:
    """A view of a hub, by name."""

    client: Client
    name: str

    def read(self, *, purpose: str, as_of: datetime) -> pl.DataFrame:
        """Read the view at an instant of its grid: `pseudonym` (Binary, 16 bytes) and the view's features.

        Raises:
            RequestRefused: the hub said no.
            AnswerBroken: the stream was stopped or altered on the way.
            ReleaseExpired: the release has expired already.
            ServiceUnreachable: the hub does not answer.

        """
        return self.release(purpose=purpose, as_of=as_of).frame

    def release(self, *, purpose: str, as_of: datetime, use: str | None = None) -> Release:
        """Read the view, and keep the release's id, expiry and counts beside the rows.

        Stating what they are used for accepts what the purpose prohibits; a use that it prohibits is refused.
        """
        return self.client.release(self.name, purpose=purpose, as_of=as_of, use=use)


def _verify_digest(headers: http.client.HTTPMessage, body: bytes) -> None:
    """Compare the body with its Repr-Digest (RFC 9530)."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    if headers.get("Repr-Digest") != f"sha-256=:{digest}:":
        raise AnswerBroken("it does not match its digest")


def _refusal(status: int, body: bytes, request_id: str) -> RequestRefused:
    try:
        problem = json.loads(body)
        slug, text = str(problem["type"]).rpartition(":")[2], str(problem.get("detail") or problem["title"])
    except (ValueError, KeyError, TypeError):
        slug, text = "unknown", "no reason was given"
    return RequestRefused(status, slug, text, request_id)


def _recalled(body: bytes) -> list[bytes] | None:
    """Return the pseudonyms of a recall, None where everything is recalled."""
    try:
        told = json.loads(body)
        return None if told["everything"] else [bytes.fromhex(each) for each in told["pseudonyms"]]
    except (ValueError, KeyError, TypeError):
        raise AnswerBroken("it is not a recall") from None


def _counts(header: str) -> dict[str, int]:
    pairs = (part.partition("=") for part in header.split(",") if "=" in part)
    return {rule.strip(): int(count) for rule, _, count in pairs}
