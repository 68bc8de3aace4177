"""People's word on pairs: it binds later deliveries, is audited, and a delivery's merges can be taken back."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from hub.cli.app import make_app
from hub.cli.launch import Invocation
from hub.compose import Hub
from hub.consents import Wish, find_subject, record_wish
from ingest.match.saved import shipped
from ingest.pipeline.deciding import Word, decide, undo
from ingest.pipeline.reviewing import opened, steps_of, waiting
from ingest.store.batch import visible_batches
from ingest.store.match_decision import Verdict
from ingest.store.match_edge import find_edge
from privacy.store.audit import entries
from privacy.store.consent import heads_of
from privacy.store.erasure import intend_erasure
from privacy.terms import ActChannel, BatchId, ConsentAct, PurposeId, RecordId, Role, random_id
from tests.faults.ingest_company import owner_of
from tests.integration.test_matching import KINDS, deliver, matching, together
from tests.match_people import people


def record_of(hub: Hub, records: pl.DataFrame, number: int) -> RecordId:
    row = records.filter(pl.col("record") == number).row(0, named=True)
    key = hub.indexes().source_key(row["source"]).token_of(str(number))
    with hub.reading() as session:
        query = text("SELECT record_id FROM source_record WHERE key_index = :key")
        return RecordId(session.execute(query, {"key": key}).scalar_one())


def say(hub: Hub, pair: tuple[RecordId, RecordId], verdict: Verdict) -> int:
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.matching is not None
    return decide(Word(pair=pair, verdict=verdict, reason="called_them", role=Role.OWNER), ports, ports.matching)


def actions(hub: Hub, action: str) -> list[dict[str, object]]:
    with hub.reading() as session:
        return [dict(entry.fields) for _, entry in entries(session, action=action)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_word_holds_through_later_deliveries(kind: str, hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory(kind))
    records = people(12)
    deliver(hub, records, tmp_path / "in", "first")
    before = together(hub, records)
    cluster = max(before, key=len)
    one, other = sorted(cluster)[:2]
    stranger = next(min(each) for each in sorted(before, key=min) if not each & cluster)
    ids = {number: record_of(hub, records, number) for number in (one, other, stranger)}
    assert say(hub, (ids[one], ids[other]), Verdict.DIFFERENT) > 0
    assert say(hub, (ids[one], ids[stranger]), Verdict.SAME) > 0
    told = together(hub, records)
    home = {number: next(each for each in told if number in each) for number in ids}
    assert home[one] == home[stranger] != home[other]
    again = records.filter(pl.col("record").is_in(list(cluster))).with_columns(city=pl.lit("Oslo"))
    again = again.drop("city").with_columns(postcode=pl.lit("0150"))  # all of them say something new
    deliver(hub, again, tmp_path / "in", "second")
    told = together(hub, records)
    assert not any({one, other} <= each for each in told)
    assert any({one, stranger} <= each for each in told)
    assert [each["outcome"] for each in actions(hub, "match.decide")] == ["same", "different"]  # newest first
    say(hub, (ids[one], ids[other]), Verdict.SAME)
    assert any({one, other, stranger} <= each for each in together(hub, records))


def test_undoing_a_delivery_restores_who_was_who(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    records = people(15)
    crm, rest = records.filter(pl.col("source") == "crm"), records.filter(pl.col("source") != "crm")
    deliver(hub, crm, tmp_path / "in", "crm")
    alone = together(hub, crm)
    deliver(hub, rest.filter(pl.col("source") == "shop"), tmp_path / "in", "shop")
    taken_in = records.filter(pl.col("source").is_in(["crm", "shop"]))
    merged = together(hub, taken_in)
    number = next(min(each & set(crm["record"])) for each in sorted(merged, key=min) if len(each) > 1)
    subject = find_subject(hub, f"crm:{number}")
    assert len(subject.records) > 1
    wish = Wish(purpose=PurposeId("winback"), act=ConsentAct.OBJECTED, channel=ActChannel.PAGE)
    record_wish(hub, subject, wish, owner_of(hub))
    ports = hub.ports(owner_of(hub).principal_id)
    with hub.reading() as session:
        newest = BatchId(next(each.batch_id for each in visible_batches(session) if each.source == "shop"))
    assert undo(newest, Role.OWNER, ports) > 0
    assert together(hub, crm) == alone
    assert {each & set(crm["record"]) for each in together(hub, taken_in)} - {frozenset()} == alone
    assert undo(newest, Role.OWNER, ports) == 0
    with hub.reading() as session:
        heads = heads_of(session, set(subject.records))
    assert all(heads[record, PurposeId("winback")].objected for record in subject.records)
    deliver(hub, rest.filter(pl.col("source") == "desk"), tmp_path / "in", "desk")
    for each in together(hub, records):
        assert not any(each >= joined for joined in merged - alone if len(joined) > 1)


def test_pairs_in_doubt_are_listed_and_opened_only_with_a_reason(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory())
    records = people(60)
    deliver(hub, records, tmp_path / "in", "first")
    ports = hub.ports(owner_of(hub).principal_id)
    found = waiting(ports, shipped(), limit=20)
    assert found
    first = found[0]
    told = steps_of(first, shipped())
    assert sum(step.weight for step in told) == pytest.approx(first.weight, abs=0.01)
    assert not actions(hub, "match.open")
    seen = opened((first.record, first.other), "household", Role.OWNER, ports)
    assert seen is not None
    rows = seen.rows
    assert {"given_name", "family_name"} <= {name for name, _, _ in rows}
    assert actions(hub, "match.open")[0]["reason"] == "household"
    say(hub, (first.record, first.other), Verdict.DIFFERENT)
    assert first.record not in {
        each.record for each in waiting(ports, shipped(), limit=20) if each.other == first.other
    }


def test_two_who_are_nothing_alike_or_one_who_is_closed_are_not_opened(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory())
    records = people(60)
    deliver(hub, records, tmp_path / "in", "first")
    ports = hub.ports(owner_of(hub).principal_id)
    first = waiting(ports, shipped(), limit=1)[0]
    everybody = [record_of(hub, records, number) for number in records["record"]]
    unlike = next(each for each in everybody if each != first.record and find(hub, first.record, each) is None)
    assert opened((first.record, unlike), "household", Role.OWNER, ports) is None
    with hub.unit_of_work() as session:
        intend_erasure(session, random_id(), [first.other], by=ports.principal, at=hub.clock(), counts="{}")
    assert opened((first.record, first.other), "household", Role.OWNER, ports) is None
    assert not actions(hub, "match.open")


def find(hub: Hub, one: RecordId, other: RecordId) -> object:
    with hub.reading() as session:
        return find_edge(session, one, other)


def test_the_commands_say_so_in_words(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    records = people(12)
    deliver(hub, records, tmp_path / "in", "first")
    cluster = max(together(hub, records), key=len)
    one, other = (records.filter(pl.col("record") == number).row(0, named=True) for number in sorted(cluster)[:2])
    names = [f"{each['source']}:{each['record']}" for each in (one, other)]
    environment = {"VARDE_HOME": str(hub.settings.home), "VARDE_MATCHING": "model"}

    def run(*words: str) -> str:
        result = CliRunner().invoke(make_app(), ["match", *words], obj=Invocation(environment=environment))
        assert result.exit_code == 0, result.output
        return result.output

    assert json.loads(run("review", "--format", "json").split("\n\n")[0]) is not None
    assert "one person now" in run("why", *names, "--picture", str(tmp_path / "why.svg"))
    assert "all together" in (tmp_path / "why.svg").read_text()
    assert one["family_name"] not in (tmp_path / "why.svg").read_text()
    assert one["family_name"] in run("open", *names, "--reason", "household")
    assert "would" in run("decide", *names, "different", "--reason", "called_them", "--dry-run").lower()
    assert "changed entity" in run("decide", *names, "different", "--reason", "called_them")
    assert "two persons now" in run("why", *names)
    with hub.reading() as session:
        ids = [record_of(hub, records, each["record"]) for each in (one, other)]
        assert find_edge(session, *ids) is not None
