"""Runs of tokens made one, as they grow in number: a look-up reads a block of each.

Four runs of about one size become one, so that a token is written anew as often as the store grew fourfold since. Who
looks up meanwhile finds the old runs until the new one stands, in one transaction. An erasure, or a delivery that
corrects what is known, takes entries out of the new run, too, as far as that is written; what was read and is not
written yet is read anew, so that it does not come back. So steady deliveries delay a large merge, and do not undo it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import log
from typing import Final

import numpy as np

from ingest.match.entries import Entries
from ingest.pipeline.pace import Pace
from ingest.pipeline.ports import Ports
from ingest.store.match_merge import (
    changes_of,
    found_under,
    goes_on_merging,
    replace_runs,
    runs_at_rest,
    sweep_dropped,
    waits_for_sweep,
)
from ingest.store.match_run import MERGING, Found, Run, add_blocks, blocks_of, read, start_run

_SEVERAL: Final = 4
_LEAST: Final = 4096
_SLICE_BITS: Final = 19
"""Entries that are in memory at a time: half a million."""
_LEASE: Final = timedelta(hours=1)
_SWEPT_AT_ONCE: Final = 400


def compact(ports: Ports) -> int:
    """Make one of several runs where there are many of a size, and sweep what nobody looks into; return how many."""
    merged = 0
    with ports.read_only() as session:
        every = found_under(session)
    for found in every:
        while (some := _worth_it(found, ports)) and _merged(found, some, ports):
            merged += len(some)
    sweep_runs(ports)
    return merged


def _worth_it(found: Found, ports: Ports) -> list[Run]:
    """Return the smallest runs that are of about one size and several; empty if there are none."""
    with ports.read_only() as session:
        every = runs_at_rest(session, found)
    sizes: defaultdict[int, list[Run]] = defaultdict(list)
    for run in every:
        sizes[int(log(max(run.entry_count, _LEAST), _SEVERAL))].append(run)
    return next((some for _, some in sorted(sizes.items()) if len(some) >= _SEVERAL), [])


def _merged(found: Found, some: Sequence[Run], ports: Ports) -> bool:
    """Write several runs as one, and put it in their place; False if somebody gave it up, or dropped one of them."""
    entries = sum(run.entry_count for run in some)
    with ports.unit_of_work() as session:
        run = start_run(session, found, entries, state=MERGING, merging_until=ports.clock() + _LEASE)
    merge, bits, written = _Merge(run, some, ports, Pace(ports.spent)), max(entries.bit_length() - _SLICE_BITS, 0), 0
    for first in range(1 << bits):
        count = merge.slice(first, bits)
        if count is None:
            return False
        written += count
    with ports.unit_of_work() as session:
        if goes_on_merging(session, run, some, until=ports.clock() + _LEASE) is None:
            return False
        replace_runs(session, run, some, written=written)
    return True


@dataclass(frozen=True, slots=True)
class _Merge:
    """One run that is being written of several, some entries at a time."""

    run: Run
    some: Sequence[Run]
    ports: Ports
    pace: Pace

    def slice(self, first: int, bits: int) -> int | None:
        """Write the entries whose tokens begin with some bits; return how many, None if the merging was given up.

        If something is taken out of a run meanwhile, what is not written yet is read anew: what is, has been taken out
        of there as well.
        """
        entries, beyond, count = self._read(first, bits), -1, 0
        while True:
            changes, part = entries
            blocks = blocks_of(self.run, part)
            places = np.asarray(blocks["place"], dtype=np.int64)
            start, at = int(np.searchsorted(places, beyond, "right")), self.run.places(part.tokens)
            for rows in self.pace.parts(places.size - start):
                wanted = slice(start + rows.start, start + rows.stop)
                with self.ports.unit_of_work() as session:
                    now = goes_on_merging(session, self.run, self.some, until=self.ports.clock() + _LEASE)
                    if now is None:
                        return None
                    if now != changes:
                        break
                    add_blocks(session, {name: column[wanted] for name, column in blocks.items()})
                self.ports.reached("runs_merged")
                first_place, beyond = int(places[wanted][0]), int(places[wanted][-1])
                count += int(np.searchsorted(at, beyond, "right") - np.searchsorted(at, first_place, "left"))
            else:
                return count
            entries = self._read(first, bits)

    def _read(self, first: int, bits: int) -> tuple[dict[int, int], Entries]:
        """Return the entries in order, with how often something had been taken out of each run by then."""
        with self.ports.read_only() as session:
            changes = changes_of(session, self.some)
            parts = [_part(read(session, run, *_blocks(run, first, bits)), first, bits) for run in self.some]
        return changes, Entries.together(parts).ordered()


def _blocks(run: Run, first: int, bits: int) -> tuple[int, int]:
    """Say in which blocks of a run the tokens are that begin with some bits: from, and up to."""
    if run.bits >= bits:
        return first << (run.bits - bits), (first + 1) << (run.bits - bits)
    return first >> (bits - run.bits), (first >> (bits - run.bits)) + 1


def _part(entries: Entries, first: int, bits: int) -> Entries:
    return entries.only(entries.blocks_of(bits) == first)


def sweep_runs(ports: Ports) -> None:
    """Delete what nobody looks into any more, in short transactions."""
    with ports.read_only() as session:  # nobody is kept waiting for nothing
        more = int(waits_for_sweep(session, at=ports.clock()))
    while more:
        with ports.unit_of_work() as session:
            more = sweep_dropped(session, at=ports.clock(), limit=_SWEPT_AT_ONCE)
        ports.reached("runs_swept")
