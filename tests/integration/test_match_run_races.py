"""Runs of tokens while several write, sweep, forget or erase: nobody's token comes back, and none is lost."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Event, Thread
from time import sleep

import numpy as np
import polars as pl
import pytest
from sqlalchemy import text

from hub.compose import Hub
from hub.consents import find_subject
from hub.database.schema import downgrade, upgrade
from hub.erasing import erase
from hub.erasure.absence import verify_absence
from hub.errors import ErasureIncomplete
from ingest.match.keys import TOKEN_BITS
from ingest.pipeline.compacting import compact
from ingest.pipeline.delivery import ingest_file
from ingest.pipeline.recovery import recover
from ingest.store import match_merge as merging
from ingest.store import match_run as stored
from tests.faults.ingest_company import contract, owner_of
from tests.integration.test_match_rebuild import breaking
from tests.integration.test_match_runs import (
    FEW,
    FOUND,
    entries_of,
    expected,
    found,
    four_runs,
    made_up,
    ports_of,
    write,
)
from tests.integration.test_matching import CONTRACT, deliver, matching
from tests.match_people import people
from tests.match_runs import carried_keys


def test_an_erasure_that_waits_for_a_run_finds_the_one_that_took_its_place(hub_factory: Callable[..., Hub]) -> None:
    ports = ports_of(hub_factory("postgres"))
    erased, other = ({(secrets.randbelow(2**TOKEN_BITS), name * 16) for _ in range(20)} for name in (b"X", b"Y"))
    with ports.unit_of_work() as session:
        stored.add_few(session, FOUND, entries_of(erased))

    def erase() -> None:
        with ports.unit_of_work() as session:
            begun.set()
            stored.take_out(session, FOUND, entries_of(erased))

    begun, thread = Event(), Thread(target=erase)
    with ports.unit_of_work() as session:
        stored.add_few(session, FOUND, entries_of(other))
        thread.start()
        assert begun.wait(20)
        sleep(0.3)  # it waits for the lock by now
    thread.join()
    with ports.read_only() as session:
        assert carried_keys(session) == other


def test_of_two_who_sweep_none_leaves_a_block_behind(hub_factory: Callable[..., Hub]) -> None:
    ports = ports_of(hub_factory("postgres"))
    write(made_up(40_000), ports)
    with ports.unit_of_work() as session:
        merging.change_state(session, [run.number for run in stored.runs(session, FOUND)], stored.DROPPED)

    def sweep() -> None:
        with ports.unit_of_work() as session:
            begun.set()
            merging.sweep_dropped(session, at=ports.clock(), limit=20)

    begun, thread = Event(), Thread(target=sweep)
    with ports.unit_of_work() as session:
        assert merging.sweep_dropped(session, at=ports.clock(), limit=20) == 20
        thread.start()
        assert begun.wait(20)
        sleep(0.3)
    thread.join()
    compact(ports)
    with ports.read_only() as session:
        assert not carried_keys(session)
        assert session.execute(text("SELECT count(*) FROM match_run")).scalar_one() == 0


@pytest.mark.parametrize("limit", [5, 5_000])
def test_a_run_that_was_given_up_is_written_no_further(limit: int, hub_factory: Callable[..., Hub]) -> None:
    ports = ports_of(hub_factory())
    held = four_runs(ports)

    def reached(step: str) -> None:
        if step == "runs_merged":
            with ports.unit_of_work() as session:
                merging.sweep_dropped(session, at=ports.clock() + timedelta(hours=2), limit=limit)

    spent = count()  # a second a step: every part is of the least rows
    compact(replace(ports, reached=reached, spent=lambda: float(next(spent))))
    tokens = {token for token, _ in held}
    assert found(tokens, ports) == expected(tokens, held)
    compact(ports)
    with ports.unit_of_work() as session:
        stored.take_out(session, FOUND, entries_of(held))
    with ports.read_only() as session:
        assert not carried_keys(session)


def test_a_token_is_counted_by_who_carries_it_not_by_how_often_it_was_written(hub_factory: Callable[..., Hub]) -> None:
    ports = ports_of(hub_factory())
    few, many = ({(token, bytes([n]) * 16) for n in range(size)} for token, size in ((7, FEW), (8, FEW + 1)))
    for _ in range(3):  # three revisions of the same records
        write(few | many, ports)
    assert found({7, 8}, ports) == few


def test_what_is_being_staged_keeps_its_tokens_when_older_ones_are_forgotten(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory())
    ports = hub.ports(owner_of(hub).principal_id)
    here, there = ("Storgata 12", "0155"), ("Kirkeveien 7", "5003")
    one = {
        "record": "r1",
        "given_name": "Anna",
        "family_name": "Berg",
        "birth_date": "1940-01-02",
        "email": "a@x.example",
    }
    terms = contract(CONTRACT.format(source="crm"))
    files = []
    for number, (street, postcode) in enumerate((here, there, here)):
        row = pl.DataFrame([{**one, "phone": f"4000123{number}", "street": street, "postcode": postcode}])
        files.append(tmp_path / f"{number}.csv")
        files[-1].write_text(row.write_csv())
    ingest_file(terms, files[0], ports)
    staged, settled = Event(), Event()

    def third(step: str) -> None:
        if step == "match_tokens_staged":
            staged.set()
            assert settled.wait(30)

    def second(step: str) -> None:
        if step == "flipped":
            thread.start()
            assert staged.wait(30)

    thread = Thread(target=lambda: ingest_file(terms, files[2], replace(ports, reached=third)))
    ingest_file(terms, files[1], replace(ports, reached=second))
    settled.set()
    thread.join()
    with hub.reading() as session:
        (joined,) = session.execute(text("SELECT tokens FROM match_form")).scalars()
        held = {token for token, _ in carried_keys(session)}
    assert set(np.frombuffer(joined, dtype=">i8").tolist()) <= held


def test_absence_is_not_certified_while_a_token_stands(
    hub_factory: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = matching(hub_factory())
    records = people(10)
    deliver(hub, records, tmp_path / "in", "first")
    monkeypatch.setattr("ingest.store.match_form.take_out", lambda *_, **__: None)
    who = records.row(0, named=True)
    subject = find_subject(hub, f"{who['source']}:{who['record']}")
    erased = erase(hub, subject, owner_of(hub))
    with pytest.raises(ErasureIncomplete, match="match_block"):
        verify_absence(hub, erased.erasure_id.hex())


def test_what_was_staged_when_the_schema_moved_leaves_no_token(
    hub_factory: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = matching(hub_factory())
    ports = hub.ports(owner_of(hub).principal_id)
    shop = people(10).filter(pl.col("source") == "shop")
    path = tmp_path / "shop.csv"
    path.write_text(shop.drop("entity", "source", "country").write_csv())
    monkeypatch.setattr("ingest.pipeline.delivery.give_up", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        ingest_file(contract(CONTRACT.format(source="shop")), path, replace(ports, reached=breaking("all_staged")))
    downgrade(hub.engine, "control", "0033")
    upgrade(hub.engine, "control")
    recover(replace(ports, clock=lambda: ports.clock() + timedelta(hours=2)))
    with hub.reading() as session:
        assert not carried_keys(session)
