"""An erased person who comes back under another key: nothing that this key names is read, whenever it came."""

from collections.abc import Callable
from contextlib import suppress as suppress_errors
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import func, select

from hub.compose import Hub
from hub.consents import find_subject
from hub.erasing import erase, pending, roll_forward
from hub.errors import ErasureWaiting, SubjectNotFound
from hub.retention.holds import NewHold, place
from hub.retention.holds import lift as lift_hold
from hub.suppression.listing import LiftReason, Whose, lift, tell_whose
from hub.views.permission import permitted_set
from ingest.pipeline.delivery import Summary, ingest_file
from ingest.pipeline.events import EventArrival
from ingest.pipeline.people import IdentityArrival
from ingest.store.record import find_records
from ingest.tables.batch import QuarantineRow
from privacy.store.audit import entries
from privacy.store.erasure import find_certificate, tombstones
from privacy.store.ledger import ERASED, START
from privacy.store.suppression import SUPPRESSED
from privacy.terms import EntityKind, PurposeId, Role
from tests.conftest import HubFactory
from tests.faults.ingest_company import (
    CRM,
    CRM_HEADER,
    MAIL,
    MAIL_HEADER,
    TOLD,
    contract,
    deliver_text,
    owner_of,
)
from tests.faults.ingest_meaning import lake_frame

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
PHONE = "+47 90 00 00 01"
SOLVEIG = f"c1,Solveig,Aasgaard,solveig@crm.example,{PHONE},1980-01-02,nb,{TOLD},yes,\n"
OLA = f"c2,Ola,Berg,ola@crm.example,,1981-01-02,nb,{TOLD},yes,\n"
BACK = SOLVEIG.replace("c1", "c9")
MARRIED = BACK.replace("Aasgaard", "Nygift")
"""The same address and telephone, another name: a person has to say whose the row is."""
ELSEWHERE = f"c9,S.,Aasgaard,post.hos@annet.example,,,nb,{TOLD},yes,\n"
"""Nothing in common with the erased person: let in as anybody is."""


@pytest.fixture(params=KINDS)
def hub(request: pytest.FixtureRequest, hub_factory: HubFactory, tmp_path: Path) -> Hub:
    return begun(hub_factory(request.param), tmp_path)


@pytest.fixture
def lite(hub_factory: HubFactory, tmp_path: Path) -> Hub:
    return begun(hub_factory("sqlite"), tmp_path)


def begun(hub: Hub, folder: Path) -> Hub:
    """Take two people in and erase the first."""
    people(hub, folder, "first", SOLVEIG + OLA)
    erase(hub, find_subject(hub, "crm:c1"), owner_of(hub))
    return hub


def people(hub: Hub, folder: Path, name: str, rows: str) -> tuple[int, int, int, int]:
    return counted(deliver_text(hub, CRM, CRM_HEADER + rows, folder / f"{name}.csv"))


def mails(hub: Hub, folder: Path, name: str, *keys: str) -> tuple[int, int, int, int]:
    lines = "".join(f"{name}-{number},{key},{TOLD},in,hello\n" for number, key in enumerate(keys))
    return counted(deliver_text(hub, MAIL, MAIL_HEADER + lines, folder / f"{name}.csv"))


def counted(summary: Summary) -> tuple[int, int, int, int]:
    counts = summary.counts
    assert counts.accepted + counts.quarantined + counts.duplicate + counts.suppressed == counts.read
    return counts.accepted, counts.quarantined, counts.duplicate, counts.suppressed


def readable(hub: Hub) -> int:
    """Count the records that the purpose with a declared ground may read, with a profile or without one."""
    with hub.reading() as session:
        rule = hub.policy().purpose(PurposeId("churn"))
        return permitted_set(session, rule, EntityKind.PERSON, at=hub.clock()).records.height


def finish(hub: Hub) -> int:
    return roll_forward(hub, owner_of(hub).principal_id)


def messages_of(hub: Hub, key: str) -> int:
    """Count a key's messages in the lake, by the record that it names."""
    index = hub.indexes().source_key("crm").token_of(key)
    with hub.reading() as session:
        record = find_records(session, [index]).get(index)
    return 0 if record is None else lake_frame(hub, "messages").filter(pl.col("person") == record).height


def test_events_under_the_new_key_are_dropped_and_counted_in_this_and_later_deliveries(
    hub: Hub, tmp_path: Path
) -> None:
    before = readable(hub)
    assert people(hub, tmp_path, "again", BACK) == (0, 0, 0, 1)
    assert mails(hub, tmp_path, "mail", "c9", "c2", "c9") == (1, 0, 0, 2)
    assert mails(hub, tmp_path, "later", "c9", "c9") == (0, 0, 0, 2)
    assert lake_frame(hub, "messages").height == 1
    assert readable(hub) == before
    with pytest.raises(SubjectNotFound):
        find_subject(hub, "crm:c9")


def test_events_that_came_before_the_person_are_closed_at_once_and_then_erased(hub: Hub, tmp_path: Path) -> None:
    before = readable(hub)
    assert mails(hub, tmp_path, "early", "c9", "c9", "c2") == (3, 0, 0, 0)
    assert readable(hub) == before + 1
    record = find_subject(hub, "crm:c9").records[0]
    assert people(hub, tmp_path, "again", BACK) == (0, 0, 0, 1)
    assert readable(hub) == before
    with hub.reading() as session:
        assert (record in tombstones(session), pending(session)) == (True, 1)
    assert finish(hub) == 1
    assert lake_frame(hub, "messages").height == 1
    assert not hub.keystore.count_owned([record])
    with hub.reading() as session:
        intents = [entry.fields for _, entry in entries(session, action="erasure.intent")]
        (erasure,) = [fields.erasure for fields in intents if fields.records == (record,)]
        assert erasure is not None
        assert find_certificate(session, erasure) is not None
    assert finish(hub) == 0


def test_every_row_of_a_returned_key_is_dropped_wherever_in_the_delivery(
    lite: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One key, two rows: what came in with a chunk of before is erased with its record."""
    before = readable(lite)
    assert people(lite, tmp_path, "one", BACK + ELSEWHERE) == (0, 0, 0, 2)
    monkeypatch.setattr(IdentityArrival, "CHUNK_ROWS", 1)
    rows = ELSEWHERE.replace("c9", "c8") + BACK.replace("c9", "c8") + OLA.replace("Berg", "Berge")
    assert people(lite, tmp_path, "two", rows) == (2, 0, 0, 1)
    finish(lite)
    assert readable(lite) == before
    with pytest.raises(SubjectNotFound):
        find_subject(lite, "email:post.hos@annet.example")


def test_refused_rows_of_the_new_key_go_and_none_is_let_in_later(lite: Hub, tmp_path: Path) -> None:
    bad = MAIL_HEADER + "m1,c9,not a date,in,hello\nm2,c2,not a date,in,hello\n"
    assert counted(deliver_text(lite, MAIL, bad, tmp_path / "bad.csv")) == (0, 2, 0, 0)
    assert people(lite, tmp_path, "again", BACK) == (0, 0, 0, 1)
    with lite.reading() as session:
        assert session.execute(select(func.count()).select_from(QuarantineRow)).scalar_one() == 1
    assert counted(deliver_text(lite, MAIL, bad + "\n", tmp_path / "bad2.csv")) == (0, 1, 0, 1)


def test_a_customer_on_record_who_turns_out_to_be_theirs_is_restricted_for_a_person_to_decide(
    hub: Hub, tmp_path: Path
) -> None:
    before = readable(hub)
    assert people(hub, tmp_path, "other", ELSEWHERE) == (1, 0, 0, 0)
    assert readable(hub) == before + 1
    summary = deliver_text(hub, CRM, CRM_HEADER + BACK, tmp_path / "again.csv")
    assert (counted(summary), summary.restricted) == ((0, 0, 0, 1), 1)
    assert readable(hub) == before
    assert finish(hub) == 0
    assert mails(hub, tmp_path, "mail", "c9") == (0, 0, 0, 1)
    record = find_subject(hub, "crm:c9").records[0]
    with hub.reading() as session:
        told = [entry.fields for _, entry in entries(session, action="suppression.add")]
    assert [fields.records for fields in told if fields.outcome == "restricted"] == [(record,)]


def test_what_a_person_decided_of_a_key_holds(lite: Hub, tmp_path: Path) -> None:
    """`same` erases what events had brought under the key; `other` lets it in, also where a proof had listed it."""
    before, dpo = readable(lite), owner_of(lite)
    mails(lite, tmp_path, "early", "c9", "c8")
    assert people(lite, tmp_path, "unclear", MARRIED) == (0, 1, 0, 0)
    assert readable(lite) == before + 2
    tell_whose(lite, "crm:c9", Whose.SAME, dpo)
    assert readable(lite) == before + 1
    assert finish(lite) == 1
    assert (messages_of(lite, "c9"), messages_of(lite, "c8")) == (0, 1)
    tell_whose(lite, "crm:c9", Whose.OTHER, dpo)
    assert people(lite, tmp_path, "let in", BACK) == (1, 0, 0, 0)
    assert mails(lite, tmp_path, "late", "c9") == (1, 0, 0, 0)


def test_lifting_the_person_lifts_the_key_under_which_they_came_back(lite: Hub, tmp_path: Path) -> None:
    people(lite, tmp_path, "again", BACK)
    dpo = replace(owner_of(lite), role=Role.DPO)
    assert lift(lite, "crm:c9", LiftReason.OWN_WISH, dpo) == 1
    assert people(lite, tmp_path, "wished", BACK + "\n") == (1, 0, 0, 0)
    assert mails(lite, tmp_path, "mail", "c9") == (1, 0, 0, 0)


def test_the_ledger_is_told_of_the_new_key_and_of_what_it_named(lite: Hub, tmp_path: Path) -> None:
    """What a restore replays: the key is kept out again, and the record that events named is erased again."""
    mails(lite, tmp_path, "early", "c9")
    record = find_subject(lite, "crm:c9").records[0]
    known = len(lite.ledger.keys.after(START))
    people(lite, tmp_path, "again", BACK)
    finish(lite)
    told = lite.ledger.keys.after(START)[known:]
    assert [each.kind for each in told].count(SUPPRESSED) == 1
    assert [each.ref for each in told if each.kind == ERASED] == [record]


def test_delivered_again_nothing_more_is_listed(lite: Hub, tmp_path: Path) -> None:
    people(lite, tmp_path, "again", BACK)
    with lite.reading() as session:
        known = len(list(entries(session, action="suppression.add")))
    assert people(lite, tmp_path, "and again", BACK + "\n") == (0, 0, 0, 1)
    with lite.reading() as session:
        assert len(list(entries(session, action="suppression.add"))) == known


@pytest.mark.parametrize("step", ["batch_staged", "named", "chunk_taken", "all_staged"])
def test_events_on_their_way_in_while_the_person_comes_back_are_never_read(hub: Hub, tmp_path: Path, step: str) -> None:
    before = readable(hub)
    summary = meanwhile(hub, tmp_path, step, lambda: people(hub, tmp_path, "again", BACK))
    assert readable(hub) == before
    finish(hub)
    assert messages_of(hub, "c9") == 0
    assert lake_frame(hub, "messages").height == 1
    counted(summary)


def test_events_screened_just_before_and_named_just_after_are_seen_once_more(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two looks nobody knows the key: the second one, under the epoch's lock, finds it listed."""
    own = EventArrival._identified
    done: list[tuple[int, int, int, int]] = []

    def identified(arrival: EventArrival, frame: pl.DataFrame) -> pl.DataFrame:
        if not done:
            done.append(people(hub, tmp_path, "again", BACK))
        return own(arrival, frame)

    monkeypatch.setattr(EventArrival, "_identified", identified)
    assert mails(hub, tmp_path, "mail", "c9", "c2") == (1, 0, 0, 1)
    assert done == [(0, 0, 0, 1)]
    assert messages_of(hub, "c9") == 0, "the key was given a name, which names nothing"
    assert lake_frame(hub, "messages").height == 1


def meanwhile(hub: Hub, folder: Path, step: str, act: Callable[[], object]) -> Summary:
    """Take two messages in; carry out an act when a step is reached, once."""
    path = folder / "mail.csv"
    path.write_text(f"{MAIL_HEADER}m1,c9,{TOLD},in,hello\nm2,c2,{TOLD},in,hello\n")
    done: list[str] = []

    def reached(now: str) -> None:
        if now == step and not done:
            done.append(now)
            act()
            with suppress_errors(ErasureWaiting):
                finish(hub)

    summary = ingest_file(contract(MAIL), path, replace(hub.ports(owner_of(hub).principal_id), reached=reached))
    assert done
    return summary


def test_a_legal_hold_keeps_what_is_closed_until_it_ends(lite: Hub, tmp_path: Path) -> None:
    before, owner = readable(lite), owner_of(lite)
    mails(lite, tmp_path, "early", "c9")
    records = find_subject(lite, "crm:c9").records
    ends_at = lite.clock() + timedelta(days=30)
    new = NewHold(owner=owner.principal_id, reason="lawsuit", ends_at=ends_at, records=tuple(records))
    hold = place(lite, new, owner)
    people(lite, tmp_path, "again", BACK)
    assert (finish(lite), readable(lite), lake_frame(lite, "messages").height) == (0, before, 1)
    lift_hold(lite, hold, "settled", owner)
    assert (finish(lite), lake_frame(lite, "messages").height) == (1, 0)
