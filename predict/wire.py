r"""How the hub and the child process talk: one JSON header line, then the parts it lists, back to back.

    {"protocol": 1, "parts": [{"name": "frame", "kind": "arrow", "bytes": 123}], ...}\n<123 bytes>

Kinds: `arrow` (an Arrow IPC stream), `json`, `text` (UTF-8). The same framing serves both directions. Lengths are
checked before anything is read, so that a broken peer cannot make us allocate without bound.
"""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import polars as pl
from polars.exceptions import PolarsError

from predict.errors import MessageRefused

PROTOCOL = 1
MAX_HEADER = 1 << 20  # bytes
MAX_PARTS = 16
KINDS = frozenset({"arrow", "json", "text"})


@dataclass(frozen=True, slots=True)
class Message:
    """A header's fields and its parts by name; `kinds` tells what each part is."""

    fields: Mapping[str, Any]
    parts: Mapping[str, bytes] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)

    def part(self, name: str) -> bytes:
        """Give a part that must be there.

        Raises:
            MessageRefused: it is not.
        """
        if name not in self.parts:
            raise MessageRefused(f"part {name!r} is missing")
        return self.parts[name]

    def frame(self, name: str) -> pl.DataFrame:
        """Read a part as an Arrow IPC stream.

        Raises:
            MessageRefused: the part is missing or no Arrow stream.
        """
        try:
            return pl.read_ipc_stream(io.BytesIO(self.part(name)))
        except (PolarsError, OSError) as exc:
            raise MessageRefused(f"part {name!r} is not an Arrow IPC stream") from exc


def arrow(frame: pl.DataFrame) -> bytes:
    """Write a frame as an Arrow IPC stream that any Arrow reader understands."""
    sink = io.BytesIO()
    frame.write_ipc_stream(sink, compat_level=pl.CompatLevel.oldest())
    return sink.getvalue()


def told(values: Mapping[str, Any]) -> bytes:
    """Write plain values as JSON, always in the same way."""
    return json.dumps(values, sort_keys=True).encode()


def write_message(sink: BinaryIO, message: Message) -> None:
    """Write header line and parts, then flush."""
    listed = [
        {"name": name, "kind": message.kinds.get(name, "json"), "bytes": len(content)}
        for name, content in message.parts.items()
    ]
    header = {**message.fields, "protocol": PROTOCOL, "parts": listed}
    sink.write(json.dumps(header, sort_keys=True).encode("ascii") + b"\n")
    sink.writelines(message.parts.values())
    sink.flush()


def read_message(stream: BinaryIO) -> Message:
    """Read one message.

    Raises:
        MessageRefused: no header line, another protocol, an impossible length, or the stream ends early.
    """
    return _message(stream.readline(MAX_HEADER), stream)


def messages(stream: BinaryIO) -> Iterator[Message]:
    """Read messages until the stream ends; raises as `read_message` does."""
    while line := stream.readline(MAX_HEADER):
        yield _message(line, stream)


def _message(line: bytes, stream: BinaryIO) -> Message:
    header = _header(line)
    parts: dict[str, bytes] = {}
    kinds: dict[str, str] = {}
    for entry in header.pop("parts"):
        name, kind, length = _entry(entry)
        if name in parts:
            raise MessageRefused(f"part {name!r} is listed twice")
        content = stream.read(length)
        if len(content) != length:
            raise MessageRefused(f"part {name!r} has {len(content)} bytes of {length}")
        parts[name], kinds[name] = content, kind
    header.pop("protocol")
    return Message(header, parts, kinds)


def _header(line: bytes) -> dict[str, Any]:
    if not line.endswith(b"\n"):
        raise MessageRefused("no header line within 1 MB")
    try:
        header = json.loads(line)
    except ValueError as exc:
        raise MessageRefused("header is not JSON") from exc
    if not isinstance(header, dict) or header.get("protocol") != PROTOCOL:
        raise MessageRefused(f"header is not of protocol {PROTOCOL}")
    parts = header.setdefault("parts", [])
    if not isinstance(parts, list) or len(parts) > MAX_PARTS:
        raise MessageRefused(f"header lists no parts or more than {MAX_PARTS}")
    return header


def _entry(entry: object) -> tuple[str, str, int]:
    if not isinstance(entry, dict):
        raise MessageRefused("a part is not described by an object")
    name, kind, length = entry.get("name"), entry.get("kind"), entry.get("bytes")
    if not isinstance(name, str) or kind not in KINDS:
        raise MessageRefused("a part has no name or an unknown kind")
    if not isinstance(length, int) or isinstance(length, bool) or length < 0:
        raise MessageRefused(f"part {name!r} has an impossible length")
    return name, str(kind), length
