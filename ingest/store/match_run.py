"""Who carries which candidate key, in runs of sorted blocks: written once, looked into by token, merged as they grow.

A row for each key would be written at a place by chance: of a million records fourteen million places, and each
delivery of ten thousand would write most pages of the table anew.
"""

import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, and_, bindparam, delete, literal, select, update
from sqlmodel import Session, col

from ingest.match.entries import Entries, Numbers, bits_for, block_of
from ingest.match.keys import TOKEN_BYTES
from ingest.store.batch import BatchState
from ingest.tables.batch import Batch
from ingest.tables.match import MatchBlock, MatchRun
from privacy.store.bulk import Columns, among_keys, insert_columns, insert_rows, select_among, select_rows

Mask = npt.NDArray[np.bool_]
READY: Final = "ready"
MERGING: Final = "merging"
DROPPED: Final = "dropped"
_BLOCK_BITS: Final = 24
_NUMBER_BITS: Final = 38
_FEW: Final = 4096
"""Entries of a run that grows by a few more at a time."""
_AT_ONCE: Final = 512
"""Blocks that are read at a time where most of a run's are wanted: 6 MB."""
_MOST: Final = 4
"""The part of a run's blocks (one in so many) beyond which it is read from end to end."""
_FEW_PLACES: Final = 16
"""Blocks that are read one by one even of a run that has hardly more."""
_BLOCK: Final = (col(MatchBlock.place), col(MatchBlock.tokens), col(MatchBlock.records))
_AMONG: Final = select(*_BLOCK).where(among_keys(col(MatchBlock.place))).order_by(col(MatchBlock.place))
_BETWEEN: Final = (
    select(*_BLOCK)
    .where(col(MatchBlock.place) >= bindparam("first"), col(MatchBlock.place) < bindparam("beyond"))
    .order_by(col(MatchBlock.place))
)
_NEXT: Final = (
    select(*_BLOCK)
    .where(col(MatchBlock.place) >= bindparam("first"))
    .order_by(col(MatchBlock.place))
    .limit(literal(_AT_ONCE))
)
_RUNS: Final = (
    select(
        col(MatchRun.number),
        col(MatchRun.bits),
        col(MatchRun.entry_count),
        col(MatchRun.changes),
        col(MatchRun.batch_id),
    )
    .where(
        col(MatchRun.kind) == bindparam("kind"),
        col(MatchRun.key_version) == bindparam("key"),
        col(MatchRun.form_version) == bindparam("form"),
        col(MatchRun.state) == READY,
    )
    .order_by(col(MatchRun.number))
)
_WRITTEN_ANEW: Final = (
    update(MatchBlock)
    .where(col(MatchBlock.place) == bindparam("of_place"))
    .values(tokens=bindparam("of_tokens"), records=bindparam("of_records"))
)
_EMPTY: Final = delete(MatchBlock).where(col(MatchBlock.place) == bindparam("of_place"))


@dataclass(frozen=True, slots=True)
class Found:
    """What a run of records is kept under: the kind of its records, and the versions of key and form."""

    kind: str
    key_version: int
    form_version: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is there: its number, how many bits name a block, its entries, and the batch that wrote it."""

    number: int
    bits: int
    entry_count: int
    changes: int
    batch_id: bytes | None

    def places(self, tokens: Numbers) -> Numbers:
        """Return where each token stands."""
        return (np.int64(self.number) << np.int64(_BLOCK_BITS)) + block_of(tokens, self.bits)


def start_run(session: Session, found: Found, entries: int, **told: object) -> Run:
    """Write a run's head: `told` may give its `batch_id`, `state` and `merging_until`."""
    run = Run(secrets.randbits(_NUMBER_BITS), bits_for(entries), entries, 0, None)
    named = {"kind": found.kind, "key_version": found.key_version, "form_version": found.form_version}
    head = {"number": run.number, "bits": run.bits, "entry_count": entries, "changes": 0, "state": READY}
    insert_rows(session, MatchRun, [{**named, **head, "batch_id": None, "merging_until": None, **told}])
    return run


def blocks_of(run: Run, entries: Entries) -> dict[str, list[Any]]:
    """Return the columns of a run's blocks; `entries` are in order."""
    cut = [(number, *block.packed()) for number, block in entries.blocks(run.bits)]
    first = run.number << _BLOCK_BITS
    return {
        "place": [first + number for number, _, _ in cut],
        "tokens": [tokens for _, tokens, _ in cut],
        "records": [records for _, _, records in cut],
    }


def add_blocks(session: Session, blocks: Columns) -> None:
    """Write blocks that are not there."""
    insert_columns(session, MatchBlock, blocks)


def is_looked_into(session: Session, run: Run) -> bool:
    """Say whether a run is still there and ready; nobody drops it before the commit."""
    query = select(col(MatchRun.state)).where(col(MatchRun.number) == run.number)
    return session.execute(query.with_for_update(read=True)).scalar_one_or_none() == READY


def add_few(session: Session, found: Found, entries: Entries) -> None:
    """Write some entries at once, with those of a small run that there is: corrections come one by one."""
    small = (col(MatchRun.entry_count) <= _FEW, col(MatchRun.batch_id).is_(None), col(MatchRun.state) == READY)
    query = select(col(MatchRun.number)).where(under(found), *small).limit(1).with_for_update()
    number = session.execute(query).scalar_one_or_none()
    if number is not None:
        entries = Entries.together([entries, _unpacked(_all_of(session, number))])
        session.execute(delete(MatchBlock).where(within(number)))
        session.execute(delete(MatchRun).where(col(MatchRun.number) == number))
    ordered = entries.ordered()
    add_blocks(session, blocks_of(start_run(session, found, len(ordered)), ordered))


def runs(session: Session, found: Found) -> list[Run]:
    """List the runs that are looked into."""
    rows = select_rows(session, _RUNS, kind=found.kind, key=found.key_version, form=found.form_version)
    return [Run(*row) for row in rows]


def read(session: Session, run: Run, first: int, beyond: int) -> Entries:
    """Read some blocks of a run, by number: their entries, in order."""
    start = run.number << _BLOCK_BITS
    return _unpacked(select_rows(session, _BETWEEN, first=start + first, beyond=start + beyond))


def carried(session: Session, found: Found, tokens: Numbers, *, few: int) -> Entries:
    """Return who carries each of some tokens that at most `few` carry; `tokens` are in order, each once.

    A record that wrote a token twice, in two revisions, stands there once.
    What many carry is passed over, run by run and then in all; a run of which most blocks are wanted is read some at a
    time, from end to end.
    """
    kept = [_carried_in(session, run, tokens, few) for run in runs(session, found)]
    every = Entries.together(kept).once()
    place = np.searchsorted(tokens, every.tokens)
    return every.only(np.bincount(place, minlength=tokens.size)[place] <= few)


def _carried_in(session: Session, run: Run, tokens: Numbers, few: int) -> Entries:
    """Return who carries each token in one run, where each entry stands once, if few do."""
    counts = np.zeros(tokens.size, dtype=np.int64)
    every = Entries.together([_asked(part, tokens, counts, few) for part in _parts(session, run, tokens)])
    return every.only(counts[np.searchsorted(tokens, every.tokens)] <= few)


def take_out(session: Session, found: Found, gone: Entries, *, leaving: Collection[int] = ()) -> None:
    """Delete entries from every run that has some, but for those it is told to leave.

    Blocks are written anew, and one that is empty then goes.
    """
    for number, bits in _locked(session, found):
        if number not in leaving:
            places = np.unique(Run(number, bits, 0, 0, None).places(gone.tokens))
            fewer = sum(
                _taken_out(session, places[start : start + _AT_ONCE], gone) for start in range(0, places.size, _AT_ONCE)
            )
            if fewer:
                now = {"entry_count": col(MatchRun.entry_count) - fewer, "changes": col(MatchRun.changes) + 1}
                session.execute(update(MatchRun).where(col(MatchRun.number) == number).values(**now))


def _locked(session: Session, found: Found) -> list[tuple[int, int]]:
    """Lock every run, in order, and name it with its bits.

    Who waited for a lock may be told of a run that is gone, and not of the one that took its place: asked again until
    the answer is the same.
    """
    query = select(col(MatchRun.number), col(MatchRun.bits)).where(under(found)).order_by(col(MatchRun.number))
    before: list[tuple[int, int]] | None = None
    while (now := [(number, bits) for number, bits in session.execute(query.with_for_update())]) != before:
        before = now
    return now


def _taken_out(session: Session, places: Numbers, gone: Entries) -> int:
    """Delete entries from some blocks; return how many."""
    rows = list(select_among(session, _AMONG, places.tolist()))
    entries = _unpacked(rows)
    stay = ~entries.among(gone)
    if not stay.all():
        _rewrite(session, rows, entries, stay)
    return int((~stay).sum())


def staged_runs(session: Session) -> set[int]:
    """Name the runs of deliveries that do not count yet."""
    query = select(col(MatchRun.number)).join(Batch, col(Batch.batch_id) == col(MatchRun.batch_id))
    return set(session.execute(query.where(col(Batch.state) == BatchState.STAGED.value)).scalars())


def count_entries_of(session: Session, records: Collection[bytes]) -> int:
    """Count the entries of some records in every block, looked into or not: what an erasure may not leave."""
    wanted = Entries.of([0] * len(records), list(records)).records
    held, beyond = 0, 0
    while rows := select_rows(session, _NEXT, first=beyond):
        held += int(np.isin(_unpacked(rows).records, wanted).sum())
        beyond = int(rows[-1][0]) + 1
    return held


def _parts(session: Session, run: Run, tokens: Numbers) -> Iterator[Entries]:
    """Read the blocks of a run in which tokens may stand, some at a time."""
    places = np.unique(run.places(tokens))
    if places.size * _MOST > 1 << run.bits and places.size > _FEW_PLACES:
        yield from (read(session, run, first, first + _AT_ONCE) for first in range(0, 1 << run.bits, _AT_ONCE))
        return
    for start in range(0, places.size, _AT_ONCE):
        yield _unpacked(list(select_among(session, _AMONG, places[start : start + _AT_ONCE].tolist())))


def _asked(part: Entries, tokens: Numbers, counts: Numbers, few: int) -> Entries:
    """Return the entries of the tokens asked for, and count them; what proves to be carried by many is left out.

    A part is in order, as its blocks are. So the tokens are looked for in the part, of which there are a hundred times
    as many.
    """
    if not len(part):
        return part
    first, beyond = np.searchsorted(tokens, part.tokens[[0, -1]] + np.array([0, 1]))
    start, end = (np.searchsorted(part.tokens, tokens[first:beyond], side) for side in ("left", "right"))
    counts[first:beyond] += end - start
    wanted = np.flatnonzero((end > start) & (counts[first:beyond] <= few))
    sizes = (end - start)[wanted]
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return part.only(np.repeat(start[wanted], sizes) + within)


def _rewrite(session: Session, rows: Sequence[tuple[Any, ...]], entries: Entries, stay: Mask) -> None:
    """Write the blocks anew that lose an entry."""
    ends = np.cumsum([len(tokens) // TOKEN_BYTES for _, tokens, _ in rows])
    blocks, empty = [], []
    for (place, *_), start, end in zip(rows, [0, *ends[:-1]], ends, strict=True):
        if stay[start:end].all():
            continue
        left = Entries(entries.tokens[start:end], entries.records[start:end]).only(stay[start:end])
        tokens, records = left.packed()
        blocks.append({"of_place": place, "of_tokens": tokens, "of_records": records})
        empty += [] if len(left) else [{"of_place": place}]
    session.connection().execute(_WRITTEN_ANEW, blocks)
    if empty:
        session.connection().execute(_EMPTY, empty)


def _unpacked(rows: Sequence[tuple[Any, ...]]) -> Entries:
    return Entries.unpacked([row[1] for row in rows], [row[2] for row in rows])


def under(found: Found) -> ColumnElement[bool]:
    """Say that a run is of a kind and versions."""
    versions = (col(MatchRun.key_version) == found.key_version, col(MatchRun.form_version) == found.form_version)
    return and_(col(MatchRun.kind) == found.kind, *versions)


def _all_of(session: Session, number: int) -> list[tuple[Any, ...]]:
    return select_rows(session, _BETWEEN, first=number << _BLOCK_BITS, beyond=(number + 1) << _BLOCK_BITS)


def within(number: int) -> ColumnElement[bool]:
    """Say that a block is of a run."""
    place = col(MatchBlock.place)
    return and_(place >= number << _BLOCK_BITS, place < (number + 1) << _BLOCK_BITS)
