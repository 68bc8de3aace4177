"""Runs of tokens made one, as they grow in number: a look-up reads a block of each.

Four runs of about one size become one, so that a token is written anew as often as the store grew fourfold since. Who
looks up meanwhile finds the old runs until the new one stands, in one transaction. If an erasure took something out of
one of them meanwhile, the new one is given up: it would bring it back.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from math import log
from typing import Final

from ingest.match.entries import Entries
from ingest.pipeline.pace import Pace
from ingest.pipeline.ports import Ports
from ingest.store.match_merge import (
    change_state,
    found_under,
    goes_on_merging,
    replace_runs,
    runs_at_rest,
    sweep_dropped,
    waits_for_sweep,
)
from ingest.store.match_run import DROPPED, MERGING, READY, Found, Run, add_blocks, blocks_of, read, start_run

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
    """Write several runs as one, and put it in their place; False if one of them was changed meanwhile."""
    entries = sum(run.entry_count for run in some)
    with ports.unit_of_work() as session:
        until = ports.clock() + _LEASE
        run = start_run(session, found, entries, state=MERGING, merging_until=until)
    pace, written = Pace(ports.spent), 0
    for part in _slices(some, entries, ports):
        written += len(part)
        blocks = blocks_of(run, part)
        for rows in pace.parts(len(blocks["place"])):
            with ports.unit_of_work() as session:
                if not goes_on_merging(session, run, until=ports.clock() + _LEASE):
                    return False
                add_blocks(session, {name: column[rows] for name, column in blocks.items()})
            ports.reached("runs_merged")
    with ports.unit_of_work() as session:
        if not goes_on_merging(session, run, until=ports.clock() + _LEASE):
            return False
        stands = replace_runs(session, run.number, some, entries=written)
        change_state(session, [run.number], READY if stands else DROPPED)
    return stands


def _slices(some: Sequence[Run], entries: int, ports: Ports) -> Iterator[Entries]:
    """Yield the entries of several runs in order, some at a time: those whose tokens begin alike."""
    bits = max(entries.bit_length() - _SLICE_BITS, 0)
    for first in range(1 << bits):
        with ports.read_only() as session:
            parts = [_part(read(session, run, *_blocks(run, first, bits)), first, bits) for run in some]
        yield Entries.together(parts).ordered()


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
