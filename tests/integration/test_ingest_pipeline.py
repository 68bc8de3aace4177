"""A company's deliveries from file to lake: what is held, what is sealed, and what is nowhere in clear."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import func, select

from hub.authentication import acting_principal
from hub.compose import Hub
from hub.consents import find_subject
from hub.erasing import erase
from ingest.contract.load import contract_of_yaml
from ingest.errors import BatchBusy, FileRefused
from ingest.pipeline.delivery import Summary, ingest_file
from ingest.store.batch import BatchState, metrics_of
from ingest.tables.batch import Batch
from ingest.tables.record import HeldText
from privacy.store.audit import entries
from privacy.store.audit_verify import verify_log
from tests.canary.scanner import survey
from tests.canary.tokens import accented_token, token
from tests.faults.ingest_company import (
    CRM,
    DELIVERIES,
    MAIL,
    MAIL_HEADER,
    SHOP,
    SHOP_HEADER,
    TOLD,
    contract,
    deliver_text,
    owner_of,
    tidy,
)
from tests.faults.ingest_meaning import assert_in_order, lake_frame, meaning, names_of

HubFactory = Callable[..., Hub]
KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def take_all(hub: Hub, folder: Path) -> list[Summary]:
    return [
        deliver_text(hub, delivery.contract, delivery.content, folder / f"{name}.csv")
        for name, delivery in DELIVERIES.items()
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_company_is_taken_in_and_means_the_same_on_either_database(
    kind: str, hub_factory: HubFactory, tmp_path: Path
) -> None:
    hub = hub_factory(kind)
    summaries = take_all(hub, tmp_path / "in")
    counts = [(s.counts.read, s.counts.accepted, s.counts.quarantined, s.counts.duplicate) for s in summaries]
    assert counts == [(8, 6, 1, 1), (7, 5, 1, 1), (5, 3, 1, 1), (6, 6, 0, 0)]
    held = meaning(hub)
    assert held["entities"] == [
        *[["c1", "s1"], ["c2", "s2"], ["c3"], ["c4"], ["c5", "s5"], ["c6", "s6"], ["c7"], ["c8", "s8"], ["c9"]],
        *[["f1"], ["f2"], ["s9"]],
    ]
    assert held["documents"]["c2"][-1]["email"] == "torkel.ny@crm.example"
    assert held["standings"]["c5", "winback"][0] == "refused"
    assert held["standings"]["c8", "winback"][0] == "given"
    assert held["contacts"] == [("s1", "f1"), ("s2", "f1"), ("s5", "f2"), ("s8", "f2")]
    assert all(again.repeated for again in take_all(hub, tmp_path / "in"))
    assert meaning(hub) == held
    assert_in_order(hub)


@pytest.mark.postgres
def test_a_delivery_that_breaks_off_on_postgresql_leaves_nothing_and_is_repeated(
    hub_factory: HubFactory, tmp_path: Path
) -> None:
    hub = hub_factory("postgres")
    before = meaning(hub)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.pipeline.delivery._flip", _fail)
        with pytest.raises(BatchBusy):
            deliver_text(hub, CRM, DELIVERIES["crm1"].content, tmp_path / "crm1.csv")
    now = meaning(hub)
    named = {"records": 0, "entities": [], "standings": {}}  # names are for life, and a no stays
    assert now | named == before | named
    tidy(hub)
    assert not deliver_text(hub, CRM, DELIVERIES["crm1"].content, tmp_path / "crm1.csv").repeated
    assert meaning(hub)["batches"] == [("crm_people", "settled", 8, 6, 1, 1)]
    assert_in_order(hub)


def _fail(*_: object) -> None:
    raise BatchBusy("crm_people")


@pytest.mark.postgres
def test_a_person_is_erased_on_postgresql(hub_factory: HubFactory, tmp_path: Path) -> None:
    hub = hub_factory("postgres")
    take_all(hub, tmp_path / "in")
    subject = find_subject(hub, "crm:c1")
    certificate = erase(hub, subject, owner_of(hub))
    assert certificate.records == 2
    held = meaning(hub)
    assert {"c1", "s1"}.isdisjoint(held["documents"])
    assert not set(lake_frame(hub, "messages")["person"]) & set(subject.records)
    assert_in_order(hub)


def test_a_refused_file_leaves_nothing_behind(hub_factory: HubFactory, tmp_path: Path) -> None:
    hub = hub_factory()
    before = meaning(hub)
    path = tmp_path / "renamed.csv"
    path.write_text(DELIVERIES["crm1"].content.replace("email", "mail_address", 1))
    with pytest.raises(FileRefused, match="email"):
        ingest_file(contract(CRM), path, hub.ports(owner_of(hub).principal_id))
    assert meaning(hub) == before
    with hub.reading() as session:
        assert set(session.execute(select(Batch.state)).scalars()) <= {BatchState.ABORTED.value}
    assert_in_order(hub)


def test_every_step_that_opens_or_counts_is_in_the_audit_log(hub_factory: HubFactory, tmp_path: Path) -> None:
    hub = hub_factory()
    take_all(hub, tmp_path / "in")
    with hub.reading() as session:
        verify_log(session, hub.verifier_key())
        assert len(entries(session, action="ingest")) == len(DELIVERIES)
        opened = entries(session, action="open_batch")
    assert opened
    assert all((entry.fields.opened or 0) > 0 for _, entry in opened)


# Free text ----------------------------------------------------------------------------------------------------------

SEED = "pipeline"
GIVEN, FAMILY, MAILBOX, OTHER = (token(SEED, n) for n in range(4))
ACCENTED = accented_token(SEED, 4)
PHONE = "+47 41 23 98 76"
TOKENS = [GIVEN, FAMILY, MAILBOX, OTHER, ACCENTED, "4741239876"]
PERSON = f"c1,{GIVEN},{FAMILY},{MAILBOX}@crm.example,{PHONE},1980-01-02,nb,{TOLD},yes,\n"
REFUSED = f"c2,{OTHER},{ACCENTED},{OTHER}@crm.example,,1980-02-31,nb,{TOLD},no,\n"
ALIAS = f"s1,{GIVEN} {FAMILY},{MAILBOX}@crm.example,{token(SEED, 5)[:0]},,{TOLD},\n"


def mails(*texts: str) -> str:
    rows = (f'm{n},c1,2025-05-02 08:00:0{n},in,"{text}"\n' for n, text in enumerate(texts))
    return MAIL_HEADER + "".join(rows)


def redacted(hub: Hub) -> list[str]:
    return lake_frame(hub, "messages").sort("event_time")["text_redacted"].to_list()


def test_own_attributes_are_never_in_what_a_person_wrote(hub_factory: HubFactory, tmp_path: Path) -> None:
    hub = hub_factory()
    header = DELIVERIES["crm1"].content.partition("\n")[0] + "\n"
    deliver_text(hub, CRM, header + PERSON, tmp_path / "people.csv")
    texts = mails(
        f"du traff {GIVEN} i gang",
        f"skriv til {MAILBOX.lower()}@crm.example eller ring 41239876",
        f"saken gjelder {FAMILY.upper()} privat",
    )
    deliver_text(hub, MAIL, texts, tmp_path / "mail.csv")
    joined = " ".join(redacted(hub)).casefold()
    for word in (GIVEN, FAMILY, MAILBOX, "41239876"):
        assert word.casefold() not in joined


def test_what_another_source_says_of_the_same_person_is_taken_out_too(hub_factory: HubFactory, tmp_path: Path) -> None:
    """The text comes under the desk's record; the name is known from the shop's, which is the same person."""
    hub = hub_factory()
    header = DELIVERIES["crm1"].content.partition("\n")[0] + "\n"
    named = f"c1,{GIVEN},{FAMILY},{MAILBOX}@crm.example,{PHONE},,nb,{TOLD},,\n"
    nameless = f"c1,{GIVEN},{FAMILY},,{PHONE},,nb,2025-05-09 08:00:00,,\n"
    deliver_text(hub, CRM, header + named, tmp_path / "named.csv")
    deliver_text(hub, SHOP, SHOP_HEADER + ALIAS, tmp_path / "shop.csv")
    deliver_text(hub, CRM, header + nameless, tmp_path / "nameless.csv")
    assert ["c1", "s1"] in meaning(hub)["entities"]
    deliver_text(hub, MAIL, mails(f"konto {MAILBOX} virker ikke"), tmp_path / "mail.csv")
    assert MAILBOX.casefold() not in redacted(hub)[0].casefold()


def test_cleaned_texts_are_held_sealed_each_under_a_key_of_its_own(hub_factory: HubFactory, tmp_path: Path) -> None:
    hub = hub_factory()
    deliver_text(hub, MAIL, mails(f"jeg heter {GIVEN}", "takk", "takk"), tmp_path / "mail.csv")
    with hub.reading() as session:
        rows = session.execute(select(HeldText)).scalars().all()
        assert len({row.key_id for row in rows}) == len(rows) == 3
    assert [text for _, text in meaning(hub)["texts"]] == sorted([f"jeg heter {GIVEN}", "takk", "takk"])
    assert all(GIVEN.encode() not in row.sealed for row in rows)


def test_what_cleaning_did_is_told_and_kept_with_the_delivery(hub_factory: HubFactory, tmp_path: Path) -> None:
    hub = hub_factory()
    long = "Bestillingen min er ikke kommet frem"
    texts = mails(long, long, f"{long} og jeg venter\n\nMvh\nKari", "Autosvar: er tilbake mandag")
    done = deliver_text(hub, MAIL, texts, tmp_path / "mail.csv")
    assert done.cleaned == {"auto_reply": 1, "copy": 1, "signature": 1}
    assert (done.counts.read, done.counts.accepted, done.counts.duplicate) == (4, 3, 1)
    assert redacted(hub) == [long, f"{long} og jeg venter", None]
    with hub.reading() as session:
        kept = {each.column_name: each.value for each in metrics_of(session, done.batch_id) if each.metric == "cleaned"}
    assert kept == done.cleaned


def test_a_mail_of_two_mailboxes_counts_once_however_their_exports_overlap(
    hub_factory: HubFactory, tmp_path: Path
) -> None:
    hub = hub_factory()
    long = "Bestillingen min er ikke kommet frem"
    mail = "{},c1,2025-05-02 08:00:{:02},in,{}\n".format
    sales, desk, later = mail("a1", 0, long), mail("b1", 20, long), mail("b2", 40, f"{long} i dag heller")
    first = deliver_text(hub, MAIL, MAIL_HEADER + sales + desk, tmp_path / "both.csv")
    again = deliver_text(hub, MAIL, MAIL_HEADER + sales + desk + later, tmp_path / "overlap.csv")
    alone = deliver_text(hub, MAIL, MAIL_HEADER + desk + mail("c1", 1, long), tmp_path / "desk.csv")
    counts = [
        (each.counts.accepted, each.counts.duplicate, each.cleaned.get("copy", 0)) for each in (first, again, alone)
    ]
    assert counts == [(1, 1, 1), (1, 2, 1), (0, 2, 2)]
    assert redacted(hub) == [long, f"{long} i dag heller"]


def test_nothing_of_a_delivery_lies_in_clear_in_the_home(hub_factory: HubFactory, tmp_path: Path) -> None:
    hub = hub_factory()
    header = DELIVERIES["crm1"].content.partition("\n")[0] + "\n"
    source = tmp_path / "in"
    deliver_text(hub, CRM, header + PERSON + REFUSED, source / "people.csv")
    deliver_text(hub, SHOP, SHOP_HEADER + ALIAS, source / "shop.csv")
    deliver_text(hub, MAIL, mails(f"hei {GIVEN} {ACCENTED}", f"{OTHER}@crm.example ring {PHONE}"), source / "mail.csv")
    deliver_text(hub, MAIL, mails(f"x,{GIVEN}") + f"m9,c1,never,in,{OTHER}\n", source / "mail2.csv")
    with hub.reading() as session:
        assert session.execute(select(func.count()).select_from(HeldText)).scalar_one() >= 2
    report = survey([hub.settings.home], TOKENS)
    assert report.hits == []
    assert report.sources > 3
    planted = hub.settings.home / "planted"
    planted.write_text(f"{GIVEN.lower()} {PHONE.replace(' ', '')}")
    assert len(survey([hub.settings.home], TOKENS).hits) == 2


def test_an_unknown_customer_keeps_its_record_when_the_profile_arrives(hub_factory: HubFactory, tmp_path: Path) -> None:
    hub = hub_factory()
    deliver_text(hub, MAIL, mails("hei"), tmp_path / "mail.csv")
    before = {name: record for record, name in names_of(hub).items()}
    header = DELIVERIES["crm1"].content.partition("\n")[0] + "\n"
    deliver_text(hub, CRM, header + PERSON, tmp_path / "people.csv")
    assert {name: record for record, name in names_of(hub).items()} == before
    assert lake_frame(hub, "messages").select(pl.col("person").first()).item() == before["c1"]


def test_a_person_who_comes_back_to_an_earlier_address_in_a_later_chunk_is_taken_in(hub_factory, tmp_path, monkeypatch):
    """A record's index and its organisation may be said again by a later chunk of the same batch."""
    monkeypatch.setattr("ingest.pipeline.people.IdentityArrival.CHUNK_ROWS", 1)
    contract = """
contract: crm
version: 1
source: crm
owner: crm-team
table: people
format: {kind: csv, delimiter: ",", encoding: utf-8}
key: [id]
organisation: {column: firm}
columns:
  name: {to: full_name}
  mail: {to: email}
"""
    path = tmp_path / "people.csv"
    path.write_text(
        "id,firm,name,mail\n1,x,Ann Berg,a@crm.example\n1,y,Ann Berg,b@crm.example\n1,x,Ann Berg,a@crm.example\n"
    )
    for kind in ("sqlite", "postgres"):
        hub = hub_factory(kind)
        summary = ingest_file(contract_of_yaml(contract), path, hub.ports(acting_principal(hub).principal_id))
        assert (summary.counts.accepted, summary.counts.duplicate) == (3, 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("worth_all", [0, 1_000_000], ids=["looked up", "looked through"])
def test_who_shares_an_attribute_is_found_by_either_way_of_looking(
    kind: str, worth_all: int, hub_factory: HubFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small delivery looks its tokens up, a large one looks through all: both join the same records."""
    monkeypatch.setattr("ingest.store.identity._WORTH_ALL", worth_all)
    hub = hub_factory(kind)
    take_all(hub, tmp_path / "in")
    assert meaning(hub)["entities"] == [
        *[["c1", "s1"], ["c2", "s2"], ["c3"], ["c4"], ["c5", "s5"], ["c6", "s6"], ["c7"], ["c8", "s8"], ["c9"]],
        *[["f1"], ["f2"], ["s9"]],
    ]
