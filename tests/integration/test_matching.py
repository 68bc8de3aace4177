"""A delivery is resolved by a saved model: who is found, what is opened, what is kept, and what an erasure leaves."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import text

from hub.compose import Hub
from hub.consents import Subject, find_subject
from hub.erasing import erase
from hub.settings import MODEL
from ingest.errors import BatchBusy
from ingest.match.evaluation import evaluate
from ingest.pipeline.delivery import Summary
from ingest.pipeline.edging import write_edges
from ingest.pipeline.learning import records_of_home
from ingest.pipeline.pace import Pace
from ingest.pipeline.recovery import recover
from ingest.pipeline.rectify import Rectification, rectify
from ingest.store.identity import people_by_attribute
from privacy.store.audit import entries
from privacy.terms import EntityKind
from tests.faults.ingest_company import deliver_text, owner_of
from tests.match_people import people
from tests.match_runs import carried_keys

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
CONTRACT = """
contract: {source}_people
version: 1
source: {source}
owner: team
table: people
format: {{kind: csv, delimiter: ",", encoding: utf-8}}
country: "NO"
key: [record]
columns:
  given_name: {{to: given_name}}
  family_name: {{to: family_name}}
  birth_date: {{to: birth_date, dates: "%Y-%m-%d"}}
  email: {{to: email}}
  phone: {{to: phone}}
  street: {{to: street}}
  postcode: {{to: postcode}}
"""


def matching(hub: Hub) -> Hub:
    return replace(hub, settings=replace(hub.settings, matching=MODEL))


def deliver(hub: Hub, records: pl.DataFrame, folder: Path, name: str) -> list[Summary]:
    """Take records in, one file a source."""
    summaries = []
    for (source,), part in records.sort("source").group_by("source", maintain_order=True):
        content = part.drop("entity", "source", "country").write_csv()
        contract = CONTRACT.format(source=source)
        summaries.append(deliver_text(hub, contract, content, folder / f"{name}-{source}.csv"))
    return summaries


def entities(hub: Hub, records: pl.DataFrame) -> pl.DataFrame:
    """Return record (as delivered), source, cluster (the entity) of everybody."""
    ports = hub.ports(b"p" * 16)
    rows = []
    with hub.reading() as session:
        homes = dict(
            session.execute(
                text("SELECT s.key_index, c.entity_id FROM source_record s JOIN crosswalk c USING (record_id)")
            ).all()
        )
    for record, source in records.select("record", "source").iter_rows():
        index = ports.indexes.source_key(source).token_of(str(record))
        rows.append((record, source, homes[index]))
    return pl.DataFrame(rows, schema={"record": pl.UInt32, "source": pl.String, "cluster": pl.Binary}, orient="row")


def counts(hub: Hub) -> dict[str, int]:
    tables = ("match_form", "match_run", "match_edge", "match_frequency")
    with hub.reading() as session:
        return {t: session.execute(text(f"SELECT count(*) FROM {t}")).scalar_one() for t in tables}  # noqa: S608 - names of the test


def together(hub: Hub, records: pl.DataFrame) -> set[frozenset[int]]:
    found = entities(hub, records).group_by("cluster").agg("record")["record"]
    return {frozenset(each) for each in found.to_list()}


@pytest.mark.parametrize("kind", KINDS)
def test_people_are_found_across_deliveries(kind: str, hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory(kind))
    records = people(60)
    deliver(hub, records, tmp_path / "in", "first")
    told = evaluate(entities(hub, records), records.select("record", "entity"))
    assert told.pairwise.precision > 0.9
    assert told.pairwise.recall > 0.9
    held = counts(hub)
    assert held["match_form"] == records.height
    assert held["match_edge"] > 0
    with hub.reading() as session:
        opened = [dict(entry.fields) for _, entry in entries(session, action="open_batch")]
    assert [each["reason"] for each in opened] == ["matching"] * len(opened)
    assert 0 < sum(each["opened"] for each in opened) <= 3 * records.height
    assert all(again.repeated for again in deliver(hub, records, tmp_path / "in", "first"))
    assert counts(hub) == held


def test_a_delivery_finds_the_same_people_whole_or_in_parts(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    """Only counts of common values, which are frozen by then, may tell a difference: not on this scale."""
    records = people(40).with_columns(source=pl.lit("crm"))
    whole, parts = (matching(hub_factory()) for _ in range(2))
    deliver(whole, records, tmp_path / "whole", "all")
    for number, part in enumerate(records.sample(fraction=1.0, shuffle=True, seed=3).iter_slices(30)):
        deliver(parts, part, tmp_path / "parts", str(number))
    assert together(parts, records) == together(whole, records)
    assert {len(each) for each in together(whole, records)} >= {1, 2, 3}


def test_a_revision_is_found_by_what_it_says_now(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    records = people(20)
    deliver(hub, records, tmp_path / "in", "first")
    held = counts(hub)
    one, other = next(sorted(each)[:2] for each in together(hub, records) if len(each) == 2)
    row = records.filter(pl.col("record") == one)
    changed = row.with_columns(
        given_name=pl.lit("Zacharias"), family_name=pl.lit("Quist"), birth_date=pl.lit("1931-07-08")
    ).with_columns(
        email=pl.lit(None, dtype=pl.String),
        phone=pl.lit(None, dtype=pl.String),
        street=pl.lit("Ny vei 3"),
        postcode=pl.lit("0001"),
    )
    deliver(hub, changed, tmp_path / "in", "changed")
    assert frozenset({one}) in together(hub, records)
    assert counts(hub)["match_form"] == held["match_form"]
    deliver(hub, row.with_columns(birth_date=row["birth_date"]), tmp_path / "in", "back")
    assert frozenset({one, other}) in together(hub, records)


@pytest.mark.parametrize("kind", KINDS)
def test_an_erasure_leaves_nothing_to_match_by(kind: str, hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory(kind))
    records = people(10)
    deliver(hub, records, tmp_path / "in", "first")
    person = max(together(hub, records), key=len)
    who = records.filter(pl.col("record") == min(person)).row(0, named=True)
    subject = find_subject(hub, f"{who['source']}:{who['record']}")
    erase(hub, subject, owner_of(hub))
    with hub.reading() as session:
        for table in ("match_form", "match_edge"):
            columns = ["record_id"] + (["other_record"] if table == "match_edge" else [])
            held = {each for name in columns for each in session.execute(text(f"SELECT {name} FROM {table}")).scalars()}  # noqa: S608 - names of the test
            assert held.isdisjoint(subject.records), table
        carrying = {record for _, record in carried_keys(session)}
    assert carrying
    assert carrying.isdisjoint(subject.records)
    assert counts(hub)["match_form"] == records.height - len(subject.records)


def somebody_of_both(hub: Hub, folder: Path) -> tuple[pl.DataFrame, Subject]:
    """Deliver one of two sources; return the other, and somebody who is in both."""
    records = people(10)
    crm, shop = (records.filter(pl.col("source") == source) for source in ("crm", "shop"))
    deliver(hub, crm, folder / "in", "crm")
    person = crm.filter(pl.col("entity").is_in(shop["entity"].implode()))["record"][0]
    return shop, find_subject(hub, f"crm:{person}")


def verify_no_edge(hub: Hub, subject: Subject) -> None:
    """Expect edges, and none of somebody."""
    with hub.reading() as session:
        pairs = session.execute(text("SELECT record_id, other_record FROM match_edge")).all()
    ends = {each for pair in pairs for each in pair}
    assert ends
    assert ends.isdisjoint(subject.records)


def test_who_is_erased_while_a_delivery_settles_gets_no_edge(
    hub_factory: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = matching(hub_factory())
    shop, subject = somebody_of_both(hub, tmp_path)

    def erasing(*planned: object) -> bool:
        """Let the erasure come between opening and writing."""
        if not erased:
            erased.append(erase(hub, subject, owner_of(hub)))
        return write_edges(*planned)

    erased: list[object] = []
    monkeypatch.setattr("ingest.pipeline.settle.write_edges", erasing)
    deliver(hub, shop, tmp_path / "in", "shop")
    assert erased
    verify_no_edge(hub, subject)


def test_who_is_erased_when_writing_edges_has_begun_gets_none(
    hub_factory: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was open when writing began is asked again from the epoch on that an erasure begins."""
    hub = matching(hub_factory())
    shop, subject = somebody_of_both(hub, tmp_path)
    erased: list[object] = []

    class Interrupted(Pace):
        """Lets the erasure come when it is known who is open, and before the first edge is written."""

        def parts(self, count: int) -> Iterator[slice]:
            if not erased:
                erased.append(erase(hub, subject, owner_of(hub)))
            return super().parts(count)

    monkeypatch.setattr("ingest.pipeline.edging.Pace", Interrupted)
    deliver(hub, shop, tmp_path / "in", "shop")
    assert erased
    verify_no_edge(hub, subject)


def test_nothing_that_records_say_rests_in_clear(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    records = people(60)  # some values are common enough to be counted by themselves
    deliver(hub, records, tmp_path / "in", "first")
    assert counts(hub)["match_frequency"] > 11
    said = {value for name in ("given_name", "family_name", "email", "street") for value in records[name].drop_nulls()}
    rests = b"".join(path.read_bytes() for path in hub.settings.home.rglob("*") if path.is_file()).lower()
    assert not [value for value in said if len(value) > 4 and value.lower().encode() in rests]


def test_a_corrected_record_is_found_by_what_is_right(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    records = people(10)
    deliver(hub, records, tmp_path / "in", "first")
    held, who = counts(hub), records.row(0, named=True)
    with hub.reading() as session:
        before = {token for token, _ in carried_keys(session)}
    ports = hub.ports(owner_of(hub).principal_id)
    subject = find_subject(hub, f"{who['source']}:{who['record']}")
    right = {"family_name": "Quist", "birth_date": "1931-07-08"}
    asked = Rectification(request_id=bytes(16), records=subject.records, values=right, country="NO")
    assert rectify(asked, ports) == len(subject.records)
    with hub.reading() as session:
        after = {token for token, _ in carried_keys(session)}
    assert after - before
    assert before - after
    assert counts(hub)["match_form"] == held["match_form"]


def test_a_correction_is_read_by_the_country_of_its_records_source(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory())
    swedish = CONTRACT.format(source="crm").replace('"NO"', "SE")
    head = "record,given_name,family_name,birth_date,email,phone,street,postcode\n"
    deliver_text(hub, swedish, f"{head}1,Eva,Ek,1970-01-02,,070-123 45 67,,\n", tmp_path / "crm.csv")
    subject, ports = find_subject(hub, "crm:1"), hub.ports(owner_of(hub).principal_id)
    told = {"phone": "070-765 43 21"}
    rectify(Rectification(request_id=bytes(16), records=subject.records, values=told, country="NO"), ports)
    with hub.reading() as session:
        token = ports.indexes.attribute("phone").token_of("+46707654321")
        assert list(people_by_attribute(session, "phone", token)) == list(subject.records)


def test_a_row_is_read_by_its_own_country_whenever_it_is_opened(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory())
    contract = CONTRACT.format(source="shop") + "  land: {to: country}\n"
    head = "record,given_name,family_name,birth_date,email,phone,street,postcode,land\n"
    rows = ["1,Åsa,Öberg,1970-01-02,,070-123 45 67,,,SE\n", "2,Kari,Dal,1980-03-04,,912 34 567,,,\n"]
    deliver_text(hub, contract, head + "".join(rows), tmp_path / "shop.csv")
    found = records_of_home(hub.ports(owner_of(hub).principal_id), EntityKind.PERSON)
    assert sorted(found["phone"]) == ["+46701234567", "+4791234567"]


def test_a_refused_delivery_leaves_nothing_to_match_by(
    hub_factory: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = matching(hub_factory())

    def fail(*_: object) -> None:
        raise BatchBusy("crm_people")

    monkeypatch.setattr("ingest.pipeline.delivery._flip", fail)
    with pytest.raises(BatchBusy):
        deliver(hub, people(5), tmp_path / "in", "first")
    assert set(counts(hub).values()) == {0}


def test_settling_that_breaks_off_is_repeated_to_the_same_end(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    records = people(20).with_columns(source=pl.lit("crm"))
    whole, broken = (matching(hub_factory()) for _ in range(2))
    deliver(whole, records, tmp_path / "whole", "all")
    for step in ("edges_settled", "opening_audited", "moves_settled"):
        with pytest.raises(KeyboardInterrupt):
            deliver(replace(broken, reached=_breaking(step)), records, tmp_path / "broken", "all")
    recover(broken.ports(owner_of(broken).principal_id))
    assert together(broken, records) == together(whole, records)
    assert counts(broken) == counts(whole)


def _breaking(step: str) -> Callable[[str], None]:
    def reached(name: str) -> None:
        if name == step:
            raise KeyboardInterrupt

    return reached
