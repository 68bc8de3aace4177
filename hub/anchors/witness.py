"""An independent witness as an anchor (C2SP tlog-witness): it cosigns what continues what it cosigned before.

The client knows no state that matters: asked with a wrong size, the witness tells the size that it cosigned last.
"""

import http.client
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from hub.anchors.anchor import Level, Outcome, Sighting, Statement
from hub.errors import SettingsInvalid
from hub.witness.rules import Submission
from privacy.verifier import WITNESS_KEY, ProofRejected, VerifierKey, verify_cosignature

SIZE_TYPE: Final = "text/x.tlog.size"
_SECONDS: Final = 10
_TRIES: Final = 3  # a first guess, the size that was told, and once more if somebody else submitted meanwhile
_MOST_BYTES: Final = 1 << 16
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_CONNECTIONS: Final = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}


class WitnessAnchor:
    """One witness: its submission prefix and its public key, configured together.

    Raises:
        SettingsInvalid: the address is no web address, or in clear to another machine; or the key is no witness's.

    """

    level: Final = Level.WITNESSED

    def __init__(self, url: str, key: VerifierKey, every: timedelta) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _CONNECTIONS or not parts.hostname:
            raise SettingsInvalid("anchors", "a witness's address is no web address", "Use witness:https://HOST#VKEY")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise SettingsInvalid("anchors", "a witness is reached in clear", "Use https")
        if key.kind != WITNESS_KEY:
            raise SettingsInvalid("anchors", "the key is a log's", "Use the one that `varde witness key` prints")
        self._parts = parts
        self._last = 0  # a guess at what the witness cosigned last
        self.key: Final = key
        self.every: Final = every

    @property
    def name(self) -> str:
        """The witness's name, which its key signs under."""
        return f"witness:{self.key.name}"

    def look(self, statement: Statement) -> Sighting:
        """Show the newest signed checkpoint again: the answer tells whether the witness knows more, or otherwise."""
        return self.publish(statement)

    def publish(self, statement: Statement) -> Sighting:
        """Have the newest checkpoint cosigned; the note that is returned carries the cosignature."""
        head, note = statement.signed, statement.note
        if head is None or note is None:
            return Sighting(outcome=Outcome.EMPTY)
        seen = Sighting(outcome=Outcome.UNREACHABLE, why="size_kept_changing")
        for _ in range(_TRIES):
            old = self._last if self._last <= head.size else 0
            submission = Submission(old, statement.proof(old, head.size), note)
            try:
                status, kind, body = self._post(submission.to_bytes())
            except (OSError, http.client.HTTPException) as exc:
                return Sighting(outcome=Outcome.UNREACHABLE, why=type(exc).__name__)
            if (told := _size_in(status, kind, body)) is None:
                return self._answered(status, body, note, head.size)
            seen = Sighting(outcome=Outcome.AGREES, size=told)
            if told > statement.head.size:
                return replace(seen, outcome=Outcome.AHEAD)
            if told > head.size:
                return seen  # cosigned after what we show was signed: the next checkpoint will tell
            if told == old:
                return replace(seen, outcome=Outcome.CONTRADICTED)  # two roots for one size
            self._last = told
        return seen

    def notes(self, origin: str) -> Iterator[str]:  # noqa: ARG002 - the protocol's signature
        """Read nothing: a witness keeps no history; its cosignatures are with our receipts."""
        return iter(())

    def _answered(self, status: int, body: bytes, note: str, size: int) -> Sighting:
        if status == HTTPStatus.OK:
            cosigned = note + body.decode("utf-8", errors="replace")
            try:
                verify_cosignature(cosigned, self.key)
            except ProofRejected:
                return Sighting(outcome=Outcome.REFUSED, why="cosignature_does_not_verify")
            self._last = size
            return Sighting(outcome=Outcome.PUBLISHED, size=size, note=cosigned)
        if status in {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT}:
            return Sighting(outcome=Outcome.CONTRADICTED, why=f"http_{status}")
        refused = status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS
        return Sighting(outcome=Outcome.REFUSED if refused else Outcome.UNREACHABLE, why=f"http_{status}")

    def _post(self, body: bytes) -> tuple[int, str, bytes]:
        extra = {"context": ssl.create_default_context()} if self._parts.scheme == "https" else {}
        connect = _CONNECTIONS[self._parts.scheme]
        connection = connect(self._parts.hostname or "", self._parts.port, timeout=_SECONDS, **extra)
        try:
            path = f"{self._parts.path.rstrip('/')}/add-checkpoint"
            connection.request("POST", path, body, {"content-type": "text/plain; charset=utf-8"})
            answer = connection.getresponse()
            return answer.status, answer.headers.get("content-type", ""), answer.read(_MOST_BYTES)
        finally:
            connection.close()


def _size_in(status: int, kind: str, body: bytes) -> int | None:
    """Return the size that a conflict tells, None if the answer is no such conflict."""
    told = body.removesuffix(b"\n")
    is_size = status == HTTPStatus.CONFLICT and kind == SIZE_TYPE and told.isdigit() and len(told) <= 19  # noqa: PLR2004 - 63 bits in decimal
    return int(told) if is_size else None
