"""Whether one record asked at once is who its delivery makes of it: the real-time path against the batch path.

    python -m tests.benchmarks.bench_match_foretold --folder FOLDER [--asked 10000]

FOLDER is a store that `bench_match_delivery --folder` has made. Each record of its further file is asked of the
real-time path; then the file is delivered as a whole. Who comes out otherwise, may be so because of others of the same
delivery, which nobody could have asked about. That excuses nobody here: each of those is asked again and delivered by
itself into another copy, so that both paths see the same home, and every difference that is left is one of the paths'.

Compared are who is one with a record afterwards (in the whole delivery of those who were there before), and, by itself,
its edges: with whom, and how likely to nine digits. Copies in memory (`--copies /dev/shm`) save waiting for the disk.
"""

import argparse
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import polars as pl

from hub.authentication import acting_principal
from hub.compose import open_hub
from ingest.contract.load import load_contract
from ingest.pipeline.arriving import Arriving
from ingest.pipeline.delivery import ingest_file
from ingest.pipeline.lookup import Found, Lookup
from ingest.store.identity import records_beside_each
from ingest.store.neighbour import edges_beside
from ingest.store.record import find_records
from privacy.terms import RecordId
from tests.benchmarks.bench_match_delivery import FURTHER, settings_of

DIGITS = 9
EVERY = 500
Row = Mapping[str, str | None]


@dataclass(frozen=True)
class Told:
    """Who is one with a record, and how likely it is one with each that it has an edge with."""

    mates: frozenset[bytes]
    edges: Mapping[bytes, float]


class Home:
    """A copy of the store, asked and delivered to."""

    def __init__(self, folder: Path) -> None:
        self._hub = open_hub(settings_of(folder))
        self._folder = folder
        self._ports = self._hub.ports(acting_principal(self._hub).principal_id)
        assert self._ports.matching is not None
        self._lookup = Lookup(self._ports.matching)

    def ask(self, row: Row) -> Told:
        """Ask the real-time path of one record."""
        said = {name: value for name, value in row.items() if name != "record" and value}
        found = self._lookup.find(Arriving(source=FURTHER, key=_key(row), attributes=said, country="NO"), self._ports)
        return _foretold(found)

    def deliver(self, rows: Sequence[Row]) -> None:
        """Let the batch path take records in, in one delivery."""
        path = self._folder / "some.csv"
        pl.DataFrame(list(rows), schema=dict.fromkeys(rows[0], pl.String)).write_csv(path)
        ingest_file(load_contract(self._folder / f"{FURTHER}.yaml"), path, self._ports)

    def told(self, rows: Sequence[Row]) -> list[Told | None]:
        """Read what has become of records; None of one that was refused."""
        indexes = [self._ports.indexes.source_key(FURTHER).token_of(_key(row)) for row in rows]
        with self._hub.reading() as session:
            named = find_records(session, indexes)
            beside = records_beside_each(session, named.values())
            stored = edges_beside(session, sorted(named.values()))
        edges: dict[bytes, dict[bytes, float]] = {record: {} for record in named.values()}
        for each in stored:
            for one, other in (each.pair, each.pair[::-1]):
                edges.get(one, {})[other] = round(each.probability, DIGITS)
        mine = [named.get(index) for index in indexes]
        return [None if one is None else Told(frozenset(beside[one] - {one}), edges[one]) for one in mine]

    def records(self, rows: Sequence[Row]) -> set[bytes]:
        """Name the records that rows have become."""
        indexes = [self._ports.indexes.source_key(FURTHER).token_of(_key(row)) for row in rows]
        with self._hub.reading() as session:
            return set(find_records(session, indexes).values())


def _key(row: Row) -> str:
    return cast("str", row["record"])


def _foretold(found: Found) -> Told:
    mine = found.record
    mates = frozenset(record for record, entity in found.homes.items() if entity == found.homes[mine]) - {mine}
    edges = {_other((each.record, each.other), mine): round(each.probability, DIGITS) for each in found.edges}
    return Told(mates, edges)


def _other(pair: tuple[bytes, bytes], mine: RecordId) -> bytes:
    return pair[1] if pair[0] == mine else pair[0]


def difference(foretold: Told, delivered: Told | None) -> str:
    """Say how the paths differ about a record that was delivered by itself."""
    if delivered is None:
        return "refused"
    if foretold == delivered:
        return "same"
    if foretold.mates != delivered.mates:
        return "another person"
    return "other edges" if foretold.edges.keys() != delivered.edges.keys() else "other probability"


def otherwise_together(home: Home, rows: Sequence[Row]) -> list[Row]:
    """Ask of all, deliver them as one; return who is not with those of the older whom the answer named."""
    begun, foretold = time.perf_counter(), []
    for number, row in enumerate(rows, 1):
        foretold.append(home.ask(row))
        if number % EVERY == 0:
            print(f"{time.perf_counter() - begun:.0f} s: {number} asked", flush=True)
    home.deliver(rows)
    new = home.records(rows)
    differ = [
        row for row, said, is_now in zip(rows, foretold, home.told(rows), strict=True) if _apart(said, is_now, new)
    ]
    print(f"{len(rows) - len(differ)} of {len(rows)} are with whom it was foretold, in one delivery", flush=True)
    return differ


def _apart(foretold: Told, delivered: Told | None, new: Collection[bytes]) -> bool:
    return delivered is None or foretold.mates != delivered.mates.difference(new)


def one_by_one(home: Home, rows: Sequence[Row]) -> Counter[str]:
    """Ask of each and deliver it by itself; count how the paths differ."""
    begun, counted = time.perf_counter(), Counter[str]()
    for number, row in enumerate(rows, 1):
        foretold = home.ask(row)
        home.deliver([row])
        counted[told := difference(foretold, home.told([row])[0])] += 1
        if told != "same" or number % EVERY == 0:
            print(f"{time.perf_counter() - begun:.0f} s, record {_key(row)}: {told}; {dict(counted)}", flush=True)
    return counted


@contextmanager
def copied(folder: Path, copies: Path | None) -> Iterator[Home]:
    with tempfile.TemporaryDirectory(dir=copies) as name:
        shutil.copytree(folder, Path(name) / "copy")
        yield Home(Path(name) / "copy")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True, help="a store of bench_match_delivery")
    parser.add_argument("--asked", type=int, default=10_000)
    parser.add_argument("--copies", type=Path, help="where copies are made")
    parser.add_argument("--alone", action="store_true", help="deliver everybody by itself: slow")
    given = parser.parse_args()
    rows: list[Row] = list(
        pl.read_csv(given.folder / "further.csv", infer_schema=False).head(given.asked).iter_rows(named=True)
    )
    if not given.alone:
        with copied(given.folder, given.copies) as home:
            rows = otherwise_together(home, rows)
    with copied(given.folder, given.copies) as home:
        print(f"{len(rows)} asked and delivered by themselves: {dict(one_by_one(home, rows))}")


if __name__ == "__main__":
    main()
