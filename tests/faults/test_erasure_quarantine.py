"""A delivery refuses a row of somebody who is erased meanwhile: the certificate waits until that row is gone too."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.compose import Hub
from hub.consents import Subject, find_subject
from hub.erasing import erase, plan, roll_forward
from hub.errors import DeliveryArriving, SubjectNotFound
from ingest.tables.batch import QuarantineRow
from ingest.tables.record import SourceRecord
from privacy.store.audit import entries
from privacy.terms import EntityKind
from tests.faults.ingest_company import (
    CRM,
    CRM_HEADER,
    MAIL,
    MAIL_HEADER,
    NOON,
    TOLD,
    Ticking,
    deliver_text,
    make_template,
    open_home,
    owner_of,
)
from tests.faults.ingest_killing import Ask, asking, copied, kill

pytestmark = pytest.mark.faults

PEOPLE = CRM_HEADER + f"c1,Solveig,Aasgaard,solveig@crm.example,,,nb,{TOLD},,\nc2,Torkel,Brattli,,,,nb,{TOLD},,\n"
MAILS = MAIL_HEADER + "m1,c1,not a date,in,Hei\nm2,c2,not a date,in,Hei\n"


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with asking() as child:
        yield child


@pytest.fixture
def home(in_memory: Path) -> Path:
    made = make_template(in_memory)
    deliver_text(open_home(made), CRM, PEOPLE, in_memory / "people.csv")
    return made


def refused_of(hub: Hub, key: str) -> list[int]:
    """Return the lines in quarantine that are found by a key of the CRM."""
    token = hub.indexes().source_key("crm", EntityKind.PERSON).token_of(key)
    with hub.reading() as session:
        query = select(QuarantineRow.line).where(QuarantineRow.subject_index == token)
        return list(session.execute(query).scalars())


def completed(hub: Hub) -> int:
    with hub.reading() as session:
        return len(entries(session, action="erasure.complete"))


def erase_during(home: Path, folder: Path, step: str) -> Subject:
    """Take mails in and erase c1 when the delivery is at a step."""
    found: list[Subject] = []

    def then_erase(at: str) -> None:
        if at == step and not found:
            other = open_home(home, clock=Ticking(NOON + timedelta(minutes=1)))
            found.append(find_subject(other, "crm:c1"))
            with pytest.raises(DeliveryArriving):
                erase(other, found[0], owner_of(other))
            with pytest.raises(SubjectNotFound):
                find_subject(other, "crm:c1")

    deliver_text(open_home(home, reached=then_erase), MAIL, MAILS, folder / "mail.csv")
    return found[0]


def assert_gone(hub: Hub, subject: Subject) -> None:
    assert refused_of(hub, "c1") == []
    assert refused_of(hub, "c2") == [3], "nobody else's row goes"
    assert completed(hub) == 1
    with hub.reading() as session:
        held = select(SourceRecord).where(SourceRecord.record_id.in_(subject.records))
        assert session.execute(held).first() is None


@pytest.mark.parametrize("step", ["batch_staged", "quarantined"])
def test_a_row_refused_beside_an_erasure_is_gone_when_it_is_certified(step: str, home: Path, in_memory: Path) -> None:
    subject = erase_during(home, in_memory, step)
    hub = open_home(home, clock=Ticking(NOON + timedelta(minutes=2)))
    assert completed(hub) == 0
    assert roll_forward(hub, owner_of(hub).principal_id) == 1
    assert_gone(hub, subject)


@pytest.mark.parametrize("step", ["erasure_shredded", "erasure_rows_deleted", "erasure_lake_rewritten"])
def test_a_second_pass_that_is_killed_is_done_again(step: str, ask: Ask, home: Path, in_memory: Path) -> None:
    subject = erase_during(home, in_memory, "batch_staged")
    killed = copied(home, in_memory / "killed")
    kill(ask, killed, ["finish"], step)
    hub = open_home(killed, clock=Ticking(NOON + timedelta(minutes=10)), lake_ahead=timedelta(hours=7))
    assert completed(hub) == 0
    assert roll_forward(hub, owner_of(hub).principal_id) == 1
    assert_gone(hub, subject)


def test_the_plan_counts_rows_in_quarantine(home: Path, in_memory: Path) -> None:
    hub = open_home(home)
    deliver_text(hub, MAIL, MAILS, in_memory / "mail.csv")
    assert plan(hub, find_subject(hub, "crm:c1"), owner_of(hub)).rows["quarantine_row"] == 1
