"""Look for canary tokens in files, captured output and responses, through every form and container.

A finding names where, which token (by index) and in which form, never the token itself: a report of a leak
must not be one.

What is looked at: the name of each file below the given paths, its raw bytes, and recursively what is inside
compressed streams at any offset, zip members, Parquet, Arrow and SQLite files. An *encrypted* Parquet file is
scanned as raw bytes only. A container at the start of a file that cannot be opened is listed in
`Report.unopened`: no finding is claimed for it.

A number (a token of digits only) is not found inside a longer number: 90012345 within 1690012345678901 is
chance, not a leak. Four further digits are allowed for a country prefix (+47, 0047). In hexadecimal text
eight digits still turn up by chance, so plant numbers of eleven digits where there is a choice.

Not seen: PostgreSQL's own compression of long values (dump the tables and scan the dump), brotli, LZ4 and
Snappy outside Parquet and Arrow, and what `tests.canary.forms` names.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from tests.canary import columnar, sqlite
from tests.canary.forms import Form, patterns_of
from tests.canary.streams import SMALLEST_CONTENT, STREAMS, Opened, starts_of
from tests.canary.windows import PatternSet

MAX_DEPTH: Final = 5
COUNTRY_PREFIX_DIGITS: Final = 4
DIGITS: Final = frozenset(b"0123456789")
BLIND_SPOTS: Final = frozenset({"unreadable", "damaged", "truncated", "too large", "too deep"})


@dataclass(frozen=True, slots=True)
class Capture:
    """Bytes that are not a file: standard output, standard error, an HTTP response."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """One occurrence: file or capture, containers within it, offset in the innermost, which token, which form."""

    path: str
    inside: tuple[str, ...]
    offset: int
    token: int
    form: str


@dataclass(frozen=True, slots=True)
class Allowance:
    """A place where tokens are expected, and why: `path` is a glob in which `*` crosses directories."""

    path: str
    reason: str
    tokens: frozenset[int] | None = None

    def covers(self, hit: Hit) -> bool:
        """Say whether this allowance expects the hit."""
        return fnmatchcase(hit.path, self.path) and (self.tokens is None or hit.token in self.tokens)


@dataclass(frozen=True, slots=True, order=True)
class Unopened:
    """A container that was recognised at the start of a file and not read to its end: a blind spot."""

    path: str
    inside: tuple[str, ...]
    fault: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a scan found, what was expected to be found, what it could not look into, and how much it looked at."""

    hits: list[Hit] = field(default_factory=list)
    allowed: list[Hit] = field(default_factory=list)
    unopened: list[Unopened] = field(default_factory=list)
    unused: list[Allowance] = field(default_factory=list)
    sources: int = 0
    scanned_bytes: int = 0


@dataclass(frozen=True, slots=True)
class _Layer:
    """Bytes to be scanned, and the containers they came out of."""

    path: str
    content: bytes
    inside: tuple[str, ...] = ()

    def within(self, container: str, content: bytes) -> "_Layer":
        return replace(self, content=content, inside=(*self.inside, container))


def scan(sources: Iterable[Path | Capture], tokens: Sequence[str], *, allow: Sequence[Allowance] = ()) -> list[Hit]:
    """List every occurrence of a token that no allowance covers, sorted by place."""
    return survey(sources, tokens, allow=allow).hits


def survey(sources: Iterable[Path | Capture], tokens: Sequence[str], *, allow: Sequence[Allowance] = ()) -> Report:
    """Scan files, directories and captures; also report blind spots, unused allowances and the amount scanned.

    Raises:
        TokenTooShort: a token has fewer than eight characters.
        ValueError: there is nothing to look for, so a report without hits would prove nothing.
        FileNotFoundError: a path does not exist, likewise.

    """
    if not tokens:
        raise ValueError("no tokens: a scan for nothing always passes")
    forms = patterns_of(tokens)
    patterns = PatternSet(forms)
    found: list[Hit] = []
    unopened: list[Unopened] = []
    names, scanned_bytes = set(), 0
    for layer in _all_layers(_outer_layers(sources), unopened):
        names.add(layer.path)
        scanned_bytes += len(layer.content)
        found.extend(_hits(layer, patterns, forms))
    found.sort()
    return Report(
        hits=[hit for hit in found if not any(allowance.covers(hit) for allowance in allow)],
        allowed=[hit for hit in found if any(allowance.covers(hit) for allowance in allow)],
        unopened=sorted(unopened),
        unused=[allowance for allowance in allow if not any(allowance.covers(hit) for hit in found)],
        sources=len(names),
        scanned_bytes=scanned_bytes,
    )


def _hits(layer: _Layer, patterns: PatternSet, forms: dict[bytes, Form]) -> Iterator[Hit]:
    for offset, pattern in patterns.matches(layer.content):
        form = forms[pattern]
        if not (form.numeric and _is_part_of_longer_number(layer.content, offset, offset + len(pattern))):
            yield Hit(layer.path, layer.inside, offset, form.token, form.name)


def _is_part_of_longer_number(content: bytes, start: int, end: int) -> bool:
    before = 0
    while before <= COUNTRY_PREFIX_DIGITS and start > before and content[start - before - 1] in DIGITS:
        before += 1
    return before > COUNTRY_PREFIX_DIGITS or (end < len(content) and content[end] in DIGITS)


def _outer_layers(sources: Iterable[Path | Capture]) -> Iterator[_Layer]:
    """Yield each file's name, its bytes and, for a database with a write-ahead log, the two laid over each other."""
    for source in sources:
        if isinstance(source, Capture):
            yield _Layer(source.name, source.content)
            continue
        for path in _files_below(source):
            name = str(path) if path == source else str(path.relative_to(source))
            yield _Layer(str(path), os.fsencode(name), ("name",))
            content = path.read_bytes()
            yield _Layer(str(path), content)
            wal = path.with_name(path.name + "-wal")
            if content.startswith(sqlite.MAGIC) and wal.is_file() and wal.stat().st_size:
                yield _Layer(str(path), sqlite.with_wal(content, wal.read_bytes()), ("wal",))


def _files_below(path: Path) -> Iterator[Path]:
    """Yield regular files, hidden ones included, in a stable order; links to directories are not followed."""
    if not path.exists():
        raise FileNotFoundError(path)
    if path.is_file():
        yield path
    for folder, folders, files in os.walk(path):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(files) if Path(folder, name).is_file())


def _all_layers(layers: Iterable[_Layer], unopened: list[Unopened]) -> Iterator[_Layer]:
    """Yield each layer and, depth first, everything that was inside it."""
    for layer in layers:
        yield layer
        inner = []
        for container, at, opened in _containers(layer.content):
            if at == 0 and opened.fault in BLIND_SPOTS:
                unopened.append(Unopened(layer.path, (*layer.inside, container), opened.fault))
            if len(opened.content) >= SMALLEST_CONTENT:
                inner.append(layer.within(container, opened.content))
        if inner and len(layer.inside) >= MAX_DEPTH:
            unopened.append(Unopened(layer.path, layer.inside, "too deep"))
        else:
            yield from _all_layers(inner, unopened)


def _containers(content: bytes) -> Iterator[tuple[str, int, Opened]]:
    """Open every container in the bytes: (kind and offset, offset, what it held)."""
    if content.startswith(sqlite.MAGIC):
        yield "sqlite", 0, sqlite.open_sqlite(content)
    if columnar.is_clear_parquet(content):
        yield "parquet", 0, columnar.open_parquet(content)
    if content.startswith(columnar.ARROW_STREAM_MAGIC):
        yield "arrow", 0, columnar.open_arrow(content, 0)
    for at in starts_of((columnar.ARROW_MAGIC,), content):
        yield f"arrow@{at}", at, columnar.open_arrow(content, at)
    for name, stream in STREAMS.items():
        for at in starts_of(stream.magics, content):
            yield f"{name}@{at}", at, stream.open(content, at)
