"""An S3-compatible bucket with object lock as an anchor: objects are added under a condition and kept by retention.

A key is written only if there is none (`If-None-Match: *`), and locked until a date. In mode `governance` an account
with a special right can still delete; in mode `compliance` nobody can, the account's owner included. Credentials are
found by boto3 as everywhere; give ours the right to put, get and list, not to delete or to bypass.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from hub.anchors.anchor import Level, Outcome, Sighting, Statement, compared, shelf_of
from hub.errors import ServiceUnreachable, SettingsInvalid

_LARGEST: Final = 10**19 - 1
_SECONDS: Final = 10  # an anchor that is slower than this is asked again at the next checkpoint
_AT_ONCE: Final = 16  # objects read side by side: one is some 20 ms away, and there may be ten thousand
_THERE_IS_ONE: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Where objects go: `lock` is `governance`, `compliance` or `none`; `days` is for how long they are locked."""

    name: str
    prefix: str = ""
    region: str | None = None
    endpoint: str | None = None
    lock: str = "governance"
    days: int = 3650


class ObjectStoreAnchor:
    """One object a checkpoint; keys count down, so that the newest is the first that is listed."""

    level: Final = Level.ANCHORED

    def __init__(self, bucket: Bucket, every: timedelta) -> None:
        self._bucket = bucket
        self._client: Any = None
        self.every: Final = every

    @property
    def name(self) -> str:
        """The bucket and prefix."""
        return f"s3://{self._bucket.name}/{self._bucket.prefix}".rstrip("/")

    def look(self, statement: Statement) -> Sighting:
        """Compare the newest object of this log with what we have."""
        try:
            return compared(self._newest(statement.key.name), statement)
        except _boto_errors() as exc:
            return _failed(exc)

    def publish(self, statement: Statement) -> Sighting:
        """Compare, then add an object; one of the same size with other content is a contradiction."""
        seen = self.look(statement)
        head, note = statement.signed, statement.note
        if seen.outcome not in {Outcome.EMPTY, Outcome.AGREES} or head is None or note is None:
            return seen
        key = f"{self._shelf(statement.key.name)}{_LARGEST - head.size:019d}-{head.size}.note"
        try:
            self._put(key, note, statement)
        except _boto_errors() as exc:
            if _code(exc) not in _THERE_IS_ONE:
                return _failed(exc)
            if self._read(key) != note:
                return Sighting(outcome=Outcome.CONTRADICTED, size=head.size, why="other_note_of_that_size")
        return Sighting(outcome=Outcome.PUBLISHED, size=head.size, note=note)

    def notes(self, origin: str) -> Iterator[str]:
        """Read every object of a log."""
        try:
            pages = self._s3.get_paginator("list_objects_v2")
            with ThreadPoolExecutor(_AT_ONCE, "varde-notes") as pool:
                for page in pages.paginate(Bucket=self._bucket.name, Prefix=self._shelf(origin)):
                    yield from pool.map(self._read, [found["Key"] for found in page.get("Contents", ())])
        except _boto_errors() as exc:
            raise ServiceUnreachable(self.name, _code(exc)) from None

    def _put(self, key: str, note: str, statement: Statement) -> None:
        lock = {}
        if self._bucket.lock != "none":
            until = statement.at + timedelta(days=self._bucket.days)
            lock = {"ObjectLockMode": self._bucket.lock.upper(), "ObjectLockRetainUntilDate": until}
        self._s3.put_object(
            Bucket=self._bucket.name,
            Key=key,
            Body=note.encode(),
            ContentType="text/plain; charset=utf-8",
            ChecksumAlgorithm="SHA256",
            IfNoneMatch="*",
            **lock,
        )

    def _newest(self, origin: str) -> str | None:
        found = self._s3.list_objects_v2(Bucket=self._bucket.name, Prefix=self._shelf(origin), MaxKeys=1)
        first = next(iter(found.get("Contents", ())), None)
        return None if first is None else self._read(first["Key"])

    def _read(self, key: str) -> str:
        body = self._s3.get_object(Bucket=self._bucket.name, Key=key)["Body"].read()
        return str(body.decode("utf-8", errors="replace"))

    def _shelf(self, origin: str) -> str:
        prefix = self._bucket.prefix.strip("/")
        return f"{prefix}/{shelf_of(origin)}/" if prefix else f"{shelf_of(origin)}/"

    @property
    def _s3(self) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time and has no types
        if self._client is None:
            boto3, config = _boto3()
            self._client = boto3.client(
                "s3", region_name=self._bucket.region, endpoint_url=self._bucket.endpoint, config=config
            )
        return self._client


def _boto3() -> tuple[Any, Any]:
    try:
        import boto3  # noqa: PLC0415 - an extra, and slow to import
        from botocore.config import Config  # noqa: PLC0415 - as above
    except ImportError:
        why = "the package boto3 is not installed"
        raise SettingsInvalid("anchors", why, "Install the extra: pip install 'varde[s3]'") from None
    patience = {"connect_timeout": _SECONDS, "read_timeout": _SECONDS, "retries": {"max_attempts": 2}}
    return boto3, Config(max_pool_connections=_AT_ONCE, **patience)


def _boto_errors() -> tuple[type[Exception], ...]:
    """Return what boto3 raises; without boto3 nothing of it can be raised."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - an extra
    except ImportError:
        return ()
    return (BotoCoreError, ClientError)


def _code(exc: Exception) -> str:
    """Return the service's code word, else the class; its text may repeat what was sent."""
    response = getattr(exc, "response", {})
    return str(response.get("Error", {}).get("Code") or type(exc).__name__)


def _failed(exc: Exception) -> Sighting:
    status = getattr(exc, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    refused = 400 <= status < 500  # noqa: PLR2004 - the 4xx of RFC 9110: it answered and said no
    return Sighting(outcome=Outcome.REFUSED if refused else Outcome.UNREACHABLE, why=_code(exc))
