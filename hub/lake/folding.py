"""Summaries of whole tables, remembered file by file: a file never changes, so what was worked out of it stays true.

Rules kept here:
- what is remembered stands under the ids of the very files it was made of. A summary is given out only for exactly the
  files of the reader's snapshot: a file that was added is folded in, one that was replaced (erased from, expired,
  compacted) has its bucket summarised anew. Nothing has a time to live, and nothing is invalidated by hand;
- it is held in memory alone, by random ids: nothing of it is written anywhere, and it ends with the process. What is
  remembered of a file that was replaced goes at the next question of its table;
- memory grows with the summaries and not with the rows: buckets are summarised some at a time.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, TypeVar, cast

import polars as pl

from hub.lake.terms import CatalogueFile
from privacy.terms import FileId

_AT_MOST: Final = 64
"""Summaries of one process: some for each table; a policy that counts by other events has others."""
_ANSWERS_AT_MOST: Final = 8
_BUCKETS_AT_ONCE: Final = 8
Opened = Callable[[Sequence[Sequence[CatalogueFile]]], list[pl.LazyFrame]]
"""Scans each of some sets of files."""
Answer = TypeVar("Answer")
_Bucket = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Fold:
    """A summary that can be made in parts: `merged` of the summaries of two sets of rows is that of both together.

    Two folds of one `name` over one table are the same function.
    """

    name: str
    of_rows: Callable[[pl.LazyFrame], pl.LazyFrame]
    merged: Callable[[pl.LazyFrame], pl.LazyFrame]


@dataclass(frozen=True, slots=True)
class _Part:
    """What some files come to; an empty set of files has no rows."""

    files: frozenset[FileId]
    rows: pl.DataFrame = field(repr=False)


@dataclass(slots=True)
class _Known:
    whole: _Part
    buckets: dict[_Bucket, _Part]


class Folds:
    """The summaries that a process remembers, the one asked for last at the end."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Known] = {}
        self._answers: dict[Hashable, object] = {}
        self._lock = Lock()

    def answer(self, key: Hashable, make: Callable[[], Answer]) -> Answer:
        """Return what was made under a key, or make it: the key has to name everything that the answer depends on."""
        with self._lock:
            found = cast("Answer | None", self._answers.pop(key, None))
        kept = make() if found is None else found
        with self._lock:
            self._answers[key] = kept
            while len(self._answers) > _ANSWERS_AT_MOST:
                del self._answers[next(iter(self._answers))]
        return kept

    def of(self, fold: Fold, table: str, files: Sequence[CatalogueFile], opened: Opened) -> pl.DataFrame:
        """Return the summary of exactly these files of a table; `opened` scans sets of them."""
        with self._lock:
            known = self._known.pop((table, fold.name), None)
            wanted = frozenset(file.file_id for file in files)
            if known is None or known.whole.files != wanted:
                known = _summarised(fold, files, known, opened)
            self._known[table, fold.name] = known
            while len(self._known) > _AT_MOST:
                del self._known[next(iter(self._known))]
            return known.whole.rows


def _summarised(fold: Fold, files: Sequence[CatalogueFile], known: _Known | None, opened: Opened) -> _Known:
    """Look at each bucket's files; those that are summarised already are not opened."""
    by_bucket: defaultdict[_Bucket, list[CatalogueFile]] = defaultdict(list)
    for file in files:
        by_bucket[file.modulus, file.remainder].append(file)
    before = {} if known is None else known.buckets
    wanted = {bucket: frozenset(file.file_id for file in some) for bucket, some in by_bucket.items()}
    buckets = {bucket: part for bucket, part in before.items() if part.files == wanted.get(bucket)}
    bases = {  # what can be extended: all that was summarised is still there
        bucket: before[bucket] if bucket in before and before[bucket].files <= wanted[bucket] else None
        for bucket in wanted.keys() - buckets.keys()
    }
    fresh = [[file for file in by_bucket[bucket] if not _has(base, file)] for bucket, base in bases.items()]
    queries = [_extended(fold, base, rows) for base, rows in zip(bases.values(), opened(fresh), strict=True)]
    for start in range(0, len(queries), _BUCKETS_AT_ONCE):
        some = list(bases)[start : start + _BUCKETS_AT_ONCE]
        frames = pl.collect_all(queries[start : start + _BUCKETS_AT_ONCE])
        buckets |= {bucket: _Part(wanted[bucket], rows) for bucket, rows in zip(some, frames, strict=True)}
    parts = [part.rows.lazy() for part in buckets.values()] or [fold.of_rows(rows) for rows in opened([[]])]
    whole = fold.merged(pl.concat(parts)).collect()
    return _Known(_Part(frozenset(file.file_id for file in files), whole), buckets)


def _has(base: _Part | None, file: CatalogueFile) -> bool:
    return base is not None and file.file_id in base.files


def _extended(fold: Fold, base: _Part | None, fresh: pl.LazyFrame) -> pl.LazyFrame:
    """Summarise rows that are new, and fold them into what was known before."""
    summary = fold.of_rows(fresh)
    return summary if base is None else fold.merged(pl.concat([base.rows.lazy(), summary]))
