"""Runs of tokens beside an obvious oracle: what is written is found, what is taken out is gone, merged or not."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sqlalchemy import text

from hub.compose import Hub
from hub.database.schema import downgrade, upgrade
from ingest.match.entries import Entries
from ingest.match.keys import TOKEN_BITS
from ingest.pipeline import compacting
from ingest.pipeline.compacting import compact
from ingest.pipeline.pace import Pace
from ingest.pipeline.ports import Ports
from ingest.store import match_run as stored
from ingest.store.match_run import Found
from tests.faults.ingest_company import owner_of
from tests.integration.test_match_rebuild import breaking
from tests.integration.test_matching import KINDS, deliver, matching, together
from tests.match_people import people
from tests.match_runs import carried_keys

FOUND = Found("person", 1, 1)
FEW = 5
Pairs = set[tuple[int, bytes]]


def entries_of(pairs: Iterable[tuple[int, bytes]]) -> Entries:
    listed = sorted(pairs)
    return Entries.of([token for token, _ in listed], [record for _, record in listed]).ordered()


def write(pairs: Pairs, ports: Ports) -> None:
    with ports.unit_of_work() as session:
        entries = entries_of(pairs)
        stored.add_blocks(session, stored.blocks_of(stored.start_run(session, FOUND, len(entries)), entries))


def found(tokens: Iterable[int], ports: Ports) -> Pairs:
    with ports.read_only() as session:
        entries = stored.carried(session, FOUND, np.array(sorted(set(tokens)), dtype=np.int64), few=FEW)
    return set(zip(entries.tokens.tolist(), entries.ids(), strict=True))


def expected(tokens: Iterable[int], held: Pairs) -> Pairs:
    """Say the same by looking at everything."""
    asked, carriers = set(tokens), Counter(token for token, _ in held)
    return {(token, record) for token, record in held if token in asked and carriers[token] <= FEW}


def made_up(count: int) -> Pairs:
    """Draw entries of which some tokens have many records, and some records many tokens."""
    tokens = [secrets.randbelow(2**TOKEN_BITS) for _ in range(count)]
    records = [secrets.token_bytes(16) for _ in range(count // 4)]
    return {(secrets.choice(tokens), secrets.choice(records)) for _ in range(count)} | {
        (tokens[0], record) for record in records[:50]
    }


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_written_is_found_through_merging_and_taking_out(kind: str, hub_factory: Callable[..., Hub]) -> None:
    ports = ports_of(hub_factory(kind))
    held: Pairs = set()
    for size in (3000, 10, 2500, 40, 700, 5, 9000, 300, 2000):
        fresh = made_up(size)
        write(fresh, ports)
        held |= fresh
        some = secrets.choice([fresh, held])
        gone = set(list(some)[: len(some) // 3])
        with ports.unit_of_work() as session:
            stored.take_out(session, FOUND, entries_of(gone))
            stored.add_few(session, FOUND, entries_of(few := made_up(8)))
        held = (held - gone) | few
        compact(ports)
        asked = {token for token, _ in list(held)[:400]}
        for tokens in (asked, list(asked)[:3], {token for token, _ in held}):
            assert found(tokens, ports) == expected(tokens, held)
        with ports.read_only() as session:
            assert carried_keys(session) == held
    with ports.read_only() as session:
        assert len(stored.runs(session, FOUND)) < 4 + 4


def ports_of(hub: Hub) -> Ports:
    return matching(hub).ports(owner_of(hub).principal_id)


def four_runs(ports: Ports) -> Pairs:
    """Write four runs, enough to be merged; return what is in them."""
    held: Pairs = set()
    for _ in range(4):
        fresh = made_up(3000)
        write(fresh, ports)
        held |= fresh
    return held


@pytest.mark.parametrize("step", ["runs_merged", "runs_swept"])
def test_merging_that_dies_loses_nothing_and_leaves_nothing(step: str, hub_factory: Callable[..., Hub]) -> None:
    ports = ports_of(hub_factory())
    held = four_runs(ports)
    tokens = {token for token, _ in held}
    with pytest.raises(KeyboardInterrupt):
        compact(replace(ports, reached=breaking(step)))
    assert found(tokens, ports) == expected(tokens, held)
    later = replace(ports, clock=lambda: ports.clock() + timedelta(hours=2))
    compact(later)
    assert found(tokens, ports) == expected(tokens, held)
    with ports.read_only() as session:
        (run,) = stored.runs(session, FOUND)
        blocks = session.execute(text("SELECT count(*) FROM match_block")).scalar_one()
        heads = session.execute(text("SELECT count(*) FROM match_run")).scalar_one()
    assert (run.entry_count, heads) == (len(held), 1)
    assert blocks <= 1 << run.bits


@pytest.mark.parametrize("kind", KINDS)
def test_a_home_made_before_is_matched_by_what_it_holds(
    kind: str, hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory(kind))
    records = people(10).filter(pl.col("source") != "desk")
    deliver(hub, records.filter(pl.col("source") == "crm"), tmp_path / "in", "crm")
    with hub.reading() as session:
        held = carried_keys(session)
    downgrade(hub.engine, "control", "0033")
    with hub.reading() as session:
        rows = session.execute(text("SELECT token, record_id FROM match_token")).all()
    assert {(token, bytes(record)) for token, record in rows} == held
    upgrade(hub.engine, "control")
    with hub.reading() as session:
        assert carried_keys(session) == held
    deliver(hub, records.filter(pl.col("source") == "shop"), tmp_path / "in", "shop")
    assert max(len(each) for each in together(hub, records)) > 1


def test_who_is_erased_while_runs_are_merged_does_not_come_back(hub_factory: Callable[..., Hub]) -> None:
    ports = ports_of(hub_factory())
    held = four_runs(ports)
    gone = set(list(held)[:100])

    def reached(step: str) -> None:
        if step == "runs_merged" and not erased:
            erased.append(step)
            with ports.unit_of_work() as session:
                stored.take_out(session, FOUND, entries_of(gone))

    erased: list[str] = []
    compact(replace(ports, reached=reached))
    assert erased
    with ports.read_only() as session:
        assert carried_keys(session) == held - gone
    compact(ports)
    with ports.read_only() as session:
        assert carried_keys(session) == held - gone
        assert len(stored.runs(session, FOUND)) == 1


def test_a_merge_stands_though_something_is_taken_out_at_every_step(
    hub_factory: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deliveries that correct what is known come steadily: a merge that they undid would be begun anew for ever."""
    ports = ports_of(hub_factory())
    held = four_runs(ports)
    left = list(held)
    monkeypatch.setattr(compacting, "Pace", partial(Pace, first=2, least=2))

    def reached(step: str) -> None:
        if step == "runs_merged" and left:
            gone = {left.pop() for _ in range(min(40, len(left)))}
            held.difference_update(gone)
            with ports.unit_of_work() as session:
                stored.take_out(session, FOUND, entries_of(gone))

    assert compact(replace(ports, reached=reached)) == 4
    assert len(left) < 3000 * 4 - 200, "at several steps"
    with ports.read_only() as session:
        assert carried_keys(session) == held
        (run,) = stored.runs(session, FOUND)
    assert run.entry_count == len(held)
