"""kill -9 between every two durable writes of an erasure: nobody reads the person again, and the rest follows.

`VARDE_FULL_MATRIX=1` kills every occurrence of every step.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from hub.compose import Hub
from hub.consents import find_subject
from hub.erasing import erase, roll_forward
from hub.errors import DeliveryArriving, SubjectNotFound
from hub.keystore.tables import LedgerEntry, WrappedKey
from hub.views.permission import permitted_set
from ingest.errors import BatchBusy
from ingest.store.record import sealed_revisions
from ingest.tables.identity import ContactOf, Crosswalk
from ingest.tables.record import HeldText, RecordIndex, RecordRevision, SourceRecord
from privacy.keys import NO_ACT
from privacy.store.audit import entries
from privacy.store.erasure import tombstones
from privacy.terms import EntityKind, KeyId, RecordId
from tests.faults.ingest_company import (
    NOON,
    Ticking,
    deliver,
    make_template,
    open_home,
    owner_of,
)
from tests.faults.ingest_killing import Ask, asking, copied, kill, prepared, succeed
from tests.faults.ingest_meaning import assert_in_order, keystore_session, lake_frame, meaning, names_of

pytestmark = pytest.mark.faults

PERSON = "erase crm:c1"  # one entity with s1: documents, texts, messages, profiles, a contact
PARTS = ("c1", "s1")
OWN_STEPS = ["erasure_intended", "ledger_owed", "erasure_shredded", "erasure_rows_deleted", "erasure_lake_rewritten"]
OWN_STEPS += ["erasure_journal_emptied", "erasure_completed"]
LAKE_STEPS = ["intended", "keys_added", "file_temporary", "file_renamed", "files_settled", "replaced"]
LAKE_STEPS += ["replaced#2", "purge_shredded", "purge_deleted"]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with asking() as child:
        yield child


@pytest.fixture(scope="module")
def filled(ask: Ask, memory_root: Path) -> Path:
    """A home that holds everything."""
    return prepared(ask, make_template(memory_root), memory_root / "filled", ["crm1", "mail1", "crm2", "shop1"])


@pytest.fixture(scope="module")
def erased(ask: Ask, filled: Path, memory_root: Path) -> Path:
    """The same home after an undisturbed erasure; its steps are in `trace` beside it."""
    home = copied(filled, memory_root / "erased")
    succeed(ask, home, [PERSON], trace=str(home.parent / "trace"))
    return home


@pytest.fixture(scope="module")
def records(filled: Path) -> list[RecordId]:
    return [RecordId(record) for record, name in names_of(open_home(filled)).items() if name in PARTS]


def assert_nobody_reads(hub: Hub, records: list[RecordId]) -> None:
    """From the first commit on no purpose permits a part of the person, whatever rows still lie there."""
    with hub.reading() as session:
        assert set(records) <= tombstones(session)
        for purpose in hub.policy().purposes:
            permitted = permitted_set(session, purpose, EntityKind.PERSON, at=NOON + timedelta(days=1))
            assert not set(permitted.records["record"]) & set(records)


def assert_no_key_opens(hub: Hub, records: list[RecordId]) -> None:
    """Keys gone, rows may still be there: nothing opens them."""
    with hub.reading() as session:
        left = list(sealed_revisions(session, records))
    assert hub.keystore.get([KeyId(key_id) for _, _, key_id, _ in left], act_id=NO_ACT) == {}
    with keystore_session(hub) as session:
        owned = select(func.count()).select_from(WrappedKey).where(col(WrappedKey.owner).in_(records))
        assert session.execute(owned).scalar_one() == 0


def assert_nothing_is_left(hub: Hub, records: list[RecordId]) -> None:
    with hub.reading() as session:
        for table in (RecordRevision, RecordIndex, HeldText, Crosswalk, SourceRecord):
            assert session.execute(select(table).where(col(table.record_id).in_(records))).first() is None
        assert session.execute(select(ContactOf).where(col(ContactOf.person_record).in_(records))).first() is None
    for table in ("messages", "profiles"):
        assert not set(lake_frame(hub, table)["person"]) & set(records)
    with keystore_session(hub) as session:
        erased = session.execute(select(LedgerEntry.ref).where(col(LedgerEntry.kind) == "erased")).scalars().all()
        assert sorted(erased) == sorted(records)


def certificates(hub: Hub) -> int:
    with hub.reading() as session:
        return len(entries(session, action="erasure.complete"))


def killed_and_finished(ask: Ask, filled: Path, folder: Path, step: str, records: list[RecordId]) -> Hub:
    home = copied(filled, folder)
    kill(ask, home, [PERSON], step)
    hub = open_home(home, clock=Ticking(NOON + timedelta(minutes=10)), lake_ahead=timedelta(hours=7))
    assert_nobody_reads(hub, records)
    if step not in {"ledger_owed", "erasure_intended"}:
        assert_no_key_opens(hub, records)
    assert certificates(hub) == (step == "erasure_completed")
    assert roll_forward(hub, owner_of(hub).principal_id) == (step != "erasure_completed")
    succeed(ask, home, ["tidy"], minutes=10, lake_hours=7)
    return hub


def assert_as_undisturbed(hub: Hub, erased: Path, records: list[RecordId]) -> None:
    assert_nobody_reads(hub, records)
    assert_no_key_opens(hub, records)
    assert_nothing_is_left(hub, records)
    assert meaning(hub)["lake"] == meaning(open_home(erased))["lake"]
    assert certificates(hub) == 1
    assert roll_forward(hub, owner_of(hub).principal_id) == 0
    assert_in_order(hub)


@pytest.mark.parametrize("step", [*OWN_STEPS, *LAKE_STEPS])
def test_a_killed_erasure_is_closed_at_once_and_finished_later(  # noqa: PLR0913, PLR0917 - fixtures
    step: str, ask: Ask, filled: Path, erased: Path, records: list[RecordId], in_memory: Path
) -> None:
    hub = killed_and_finished(ask, filled, in_memory, step, records)
    assert_as_undisturbed(hub, erased, records)


def steps_of(erased: Path) -> Counter[str]:
    return Counter((erased.parent / "trace").read_text().split())


def test_every_step_is_killed_in_some_case(erased: Path) -> None:
    before = {"opening_audited"}  # nothing is begun yet
    assert {step.partition("#")[0] for step in (*OWN_STEPS, *LAKE_STEPS)} == set(steps_of(erased)) - before


@pytest.mark.skipif("VARDE_FULL_MATRIX" not in os.environ, reason="the full matrix is run by hand: see the docstring")
@pytest.mark.timeout(1800)
def test_every_occurrence_of_every_step(
    ask: Ask, filled: Path, erased: Path, records: list[RecordId], in_memory: Path
) -> None:
    for step, times in steps_of(erased).items():
        for number in range(2, times + 1):
            hub = killed_and_finished(ask, filled, in_memory / f"{step}-{number}", f"{step}#{number}", records)
            assert_as_undisturbed(hub, erased, records)


def test_the_rest_of_the_company_stays(erased: Path, filled: Path, records: list[RecordId]) -> None:
    before, after = meaning(open_home(filled)), meaning(open_home(erased))
    gone = set(PARTS)
    assert set(after["documents"]) == set(before["documents"]) - gone
    assert [group for group in before["entities"] if not set(group) & gone] == after["entities"]
    others = {table: [row for row in rows if row[0] not in gone] for table, rows in before["lake"].items()}
    assert after["lake"] == others
    with pytest.raises(SubjectNotFound):
        find_subject(open_home(erased), "crm:c1")
    with pytest.raises(SubjectNotFound):
        find_subject(open_home(erased), "email:solveig@crm.example")


@pytest.mark.parametrize("step", ["named", "text_keys_durable", "lake_staged", "all_staged", "flipped"])
def test_an_erasure_beside_a_delivery_is_certified_only_after_it(
    step: str, ask: Ask, memory_root: Path, in_memory: Path
) -> None:
    """The delivery holds the person's record id in memory and may write under it after the rows were deleted."""
    home = prepared(ask, make_template(in_memory), in_memory / "beside", ["crm1"])
    found: list[Any] = []

    def then_erase(at: str) -> None:
        if at == step and not found:
            other = open_home(home, clock=Ticking(NOON + timedelta(minutes=1)))
            subject = find_subject(other, "crm:c1")
            found.append(subject)
            if step == "flipped":
                erase(other, subject, owner_of(other))
                return
            with pytest.raises(DeliveryArriving):
                erase(other, subject, owner_of(other))
            assert certificates(other) == 0
            assert_nobody_reads(other, list(subject.records))

    hub = open_home(home, reached=then_erase)
    deliver(hub, "mail1", in_memory / "in")
    assert_nobody_reads(hub, list(found[0].records))
    assert roll_forward(hub, owner_of(hub).principal_id) == (step != "flipped")
    assert certificates(hub) == 1
    assert_no_key_opens(hub, list(found[0].records))
    assert_nothing_is_left(hub, list(found[0].records))


@pytest.mark.parametrize("step", ["indexes_staged", "revisions_staged"])
def test_a_profile_delivery_begins_anew_where_its_person_was_erased_meanwhile(
    step: str, ask: Ask, in_memory: Path
) -> None:
    """A delivery that brings them under another key is given up by the erasure, and drops them when it begins anew.

    Index rows are found by the revision that names them: it comes after them, so it is there at the second try.
    """
    home = prepared(ask, make_template(in_memory), in_memory / "beside", ["crm1"])

    def then_erase(at: str) -> None:
        if at == step:
            other = open_home(home, clock=Ticking(NOON + timedelta(minutes=1)))
            for customer in ("crm:c1", "shop:s1"):
                try:
                    subject = find_subject(other, customer)
                except SubjectNotFound:
                    continue
                with suppress(DeliveryArriving):
                    erase(other, subject, owner_of(other))

    hub = open_home(home, reached=then_erase)
    with pytest.raises(BatchBusy):
        deliver(hub, "shop1", in_memory / "in")
    summary = deliver(open_home(home), "shop1", in_memory / "in")
    assert (summary.counts.read, summary.counts.suppressed) == (6, 1)
    roll_forward(hub, owner_of(hub).principal_id)
    documents = meaning(hub)["documents"]
    assert "c1" not in documents
    assert "s1" not in documents
    with hub.reading() as session:
        named = select(col(SourceRecord.record_id))
        assert session.execute(select(RecordIndex).where(col(RecordIndex.record_id).not_in(named))).first() is None
