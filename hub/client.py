"""Reading views over HTTP: `Client(url, token).view("churn_signals").read(purpose="churn", as_of=...)`.

Rules kept here:
- a body that is incomplete, or is not what its digest says, is refused: a stopped stream must not be used;
- rows are handed out until the release expires, and not after.
"""

import hashlib
import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import BytesIO
from typing import Any, Final, NoReturn
from urllib.parse import quote, urlencode

import polars as pl
import pyarrow as pa

from hub import clock as wall_clock
from hub.calling import ARROW, Digested, Head, Line, head_of, verify_size, verify_told
from hub.errors import AnswerBroken, ReleaseExpired

_JSON: Final = "application/json"
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


@dataclass(frozen=True, slots=True)
class Scanned:
    """A release whose rows arrive in batches: what is told of it, and each batch once."""

    head: Head
    batches: Iterator[pl.DataFrame] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What of a release must be dropped: everything, or the rows of these pseudonyms."""

    everything: bool
    pseudonyms: tuple[bytes, ...] = field(repr=False)


class Client:
    """One hub, one credential."""

    def __init__(self, url: str, token: str, *, clock: Clock = wall_clock.now) -> None:
        """Check the address.

        Raises:
            SettingsInvalid: it is no http(s) address, or would send the token over a network in clear.

        """
        self._line = Line(url, token)
        self._clock = clock

    def __repr__(self) -> str:
        """Show the host only: a token must not reach a log or a traceback."""
        return f"Client({self._line.host!r})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the token in clear."""
        raise TypeError("a Client is never pickled")

    def view(self, name: str) -> "RemoteView":
        """Return a view by name; whether it may be read is decided at each read."""
        return RemoteView(self, name)

    def release(self, view: str, *, purpose: str, as_of: datetime, use: str | None = None) -> Release:
        """Read a view; see `RemoteView.release`."""
        return self._released(_path(view), _asked(purpose, use) | {"as_of": as_of.isoformat()})

    def release_kept(self, view: str, *, purpose: str, use: str | None = None) -> Release:
        """Read all kept rows of a view; see `RemoteView.rows`."""
        return self._released(f"{_path(view)}/rows", _asked(purpose, use))

    def release_joined(self, view: str, wanted: pl.DataFrame, *, purpose: str, use: str | None = None) -> Release:
        """Join a view to pairs of customers and instants; see `RemoteView.join`."""
        return self._released(f"{_path(view)}/joined", _asked(purpose, use), _lines(wanted))

    def scan(self, view: str, *, purpose: str, as_of: datetime, use: str | None = None) -> Iterator[pl.DataFrame]:
        """Read a view in batches as they arrive; see `RemoteView.scan`."""
        with self.scanned(view, purpose=purpose, as_of=as_of, use=use) as scanned:
            yield from scanned.batches

    @contextmanager
    def scanned(self, view: str, *, purpose: str, as_of: datetime, use: str | None = None) -> Iterator[Scanned]:
        """Lend a view's batches as they arrive, with what is told of the release; see `RemoteView.scanned`."""
        query = urlencode(_asked(purpose, use) | {"as_of": as_of.isoformat()})
        with self._line.asked(f"{_path(view)}?{query}", ARROW) as answer:
            head = head_of(answer.headers)
            yield Scanned(head, self._batches(answer, head))

    def _batches(self, answer: http.client.HTTPResponse, head: Head) -> Iterator[pl.DataFrame]:
        """Read batches until the release expires; at the end compare the body with what was told of it."""
        body, rows = Digested(answer), 0
        for batch in pa.ipc.open_stream(body):
            if head.expires_at <= self._clock():
                raise ReleaseExpired(head.release_id, head.expires_at)
            rows += batch.num_rows
            yield pl.DataFrame(batch)
        body.read()  # to the end: what is told of it can only be compared then
        verify_size(answer.headers, body.size)
        verify_told(answer.headers, body.digest.digest())
        if rows != head.rows:
            raise AnswerBroken("rows are missing")

    def describe(self, view: str) -> Mapping[str, Any]:
        """Say what a view is; see `RemoteView.describe`."""
        return _object(self._get(f"{_path(view)}/description", _JSON)[1])

    def recalls(self, *, since: datetime) -> Mapping[str, Recalled]:
        """Ask of all own releases at or after an instant what must be dropped by now, by release id.

        Releases of which nothing must are not named.
        """
        query = urlencode({"since": since.isoformat()})
        told = _object(self._get(f"/v1/releases/recalls?{query}", _JSON)[1])
        return {each["release"]: _recall_in(each) for each in told["recalls"]}

    def without_recalled(self, release: Release) -> Release:
        """Ask what of a release must be dropped by now, and return it without those rows.

        Raises:
            ReleaseExpired: all of it: read the view again.
            RequestRefused: it is not a release of this credential.

        """
        _, body = self._get(f"/v1/releases/{quote(release.release_id, safe='')}/recalls", _JSON)
        recalled = _recall_in(_object(body))
        if recalled.everything:
            raise ReleaseExpired(release.release_id, self._clock())
        gone = pl.Series(recalled.pseudonyms, dtype=pl.Binary)
        return replace(release, rows=release.rows.filter(~pl.col("pseudonym").is_in(gone.implode())))

    def _released(self, path: str, question: Mapping[str, str], body: bytes | None = None) -> Release:
        headers, rows = self._get(f"{path}?{urlencode(question)}", body=body)
        verify_told(headers, hashlib.sha256(rows).digest())
        head = head_of(headers)
        release = Release(
            release_id=head.release_id,
            view_version=head.view_version,
            expires_at=head.expires_at,
            absent=head.absent,
            prohibited_uses=head.prohibited_uses,
            rows=pl.read_ipc_stream(BytesIO(rows)),
            clock=self._clock,
        )
        if release.rows.height != head.rows:
            raise AnswerBroken("rows are missing")
        return release

    def _get(
        self, target: str, accept: str = ARROW, *, body: bytes | None = None
    ) -> tuple[http.client.HTTPMessage, bytes]:
        with self._line.asked(target, accept, body) as answer:
            return answer.headers, answer.read()


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

    def scan(self, *, purpose: str, as_of: datetime, use: str | None = None) -> Iterator[pl.DataFrame]:
        """Read the view in batches as they arrive: a slow reader keeps one batch in memory, and the hub all rows.

        Whether the body is whole and unaltered is known at its end: where this raises, use none of the batches.
        Raises as `read`, with the first batch or any later one: a release that expires meanwhile, too.
        """
        return self.client.scan(self.name, purpose=purpose, as_of=as_of, use=use)

    def scanned(self, *, purpose: str, as_of: datetime, use: str | None = None) -> AbstractContextManager[Scanned]:
        """Read as `scan` does, and keep what is told beside the rows: id, expiry, prohibited uses, who is absent."""
        return self.client.scanned(self.name, purpose=purpose, as_of=as_of, use=use)

    def rows(self, *, purpose: str, use: str | None = None) -> pl.DataFrame:
        """Read all rows of the newest snapshot that still stand, at once; raises as `read`."""
        return self.client.release_kept(self.name, purpose=purpose, use=use).frame

    def join(self, wanted: pl.DataFrame, *, purpose: str, use: str | None = None) -> pl.DataFrame:
        """Return the features of given customers (`pseudonym`), each as they were at an instant of their own (`as_of`).

        Pairs that may not be read, or that the view has no row of, are left out. Raises as `read`.
        """
        return self.client.release_joined(self.name, wanted, purpose=purpose, use=use).frame

    def describe(self) -> Mapping[str, Any]:
        """Say what the view is, as JSON has it: columns with words and reasons, hash, approval, how long rows last."""
        return self.client.describe(self.name)

    def schema(self) -> dict[str, str]:
        """Return the features that `read` gives beside `pseudonym`, with their types by Polars' names."""
        return {column["name"]: column["type_name"] for column in self.describe()["columns"]}


def _lines(wanted: pl.DataFrame) -> bytes:
    """Write pairs of `pseudonym` and `as_of` down as the hub reads them."""
    at = pl.col("as_of").dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    return wanted.select(pl.col("pseudonym").bin.encode("hex"), at).write_csv().encode()


def _path(view: str) -> str:
    return f"/v1/views/{quote(view, safe='')}"


def _asked(purpose: str, use: str | None) -> dict[str, str]:
    return {"purpose": purpose} | ({} if use is None else {"use": use})


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        raise AnswerBroken("it is not JSON") from None
    if not isinstance(told, dict):
        raise AnswerBroken("it is not an object")
    return told


def _recall_in(told: Mapping[str, Any]) -> Recalled:
    try:
        return Recalled(bool(told["everything"]), tuple(bytes.fromhex(each) for each in told["pseudonyms"]))
    except (ValueError, KeyError, TypeError):
        raise AnswerBroken("it is not a recall") from None
