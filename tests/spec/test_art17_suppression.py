"""Article 17(1): what was erased stays erased, also when it is delivered again; 5(2): the controller can show how."""

from pathlib import Path

import pytest

from hub.compose import Hub
from hub.consents import find_subject
from hub.erasing import erase
from hub.errors import SubjectNotFound
from privacy.store.audit import entries
from tests.conftest import HubFactory
from tests.faults.ingest_company import CRM, CRM_HEADER, TOLD, deliver_text, owner_of

SOLVEIG = f"c1,Solveig,Aasgaard,solveig@crm.example,+47 90 00 00 01,1980-01-02,nb,{TOLD},yes,\n"
OLA = f"c2,Ola,Berg,ola@crm.example,,1981-01-02,nb,{TOLD},yes,\n"


@pytest.fixture
def hub(hub_factory: HubFactory, tmp_path: Path) -> Hub:
    hub: Hub = hub_factory("sqlite")
    deliver_text(hub, CRM, CRM_HEADER + SOLVEIG + OLA, tmp_path / "crm.csv")
    erase(hub, find_subject(hub, "crm:c1"), owner_of(hub))
    return hub


def test_art17_1_an_erased_person_who_is_delivered_again_is_dropped_and_counted(hub: Hub, tmp_path: Path) -> None:
    """A row that agrees in a key, a number, or an address with its name is not taken in; the batch counts it."""
    summary = deliver_text(hub, CRM, CRM_HEADER + SOLVEIG, tmp_path / "again.csv")
    assert (summary.counts.accepted, summary.counts.suppressed) == (0, 1)
    with pytest.raises(SubjectNotFound):
        find_subject(hub, "email:solveig@crm.example")


def test_art17_1_nobody_else_loses_their_record_by_it(hub: Hub, tmp_path: Path) -> None:
    """A row with an erased person's address and another name is put aside for a person to decide, never dropped."""
    row = SOLVEIG.replace("c1", "c7").replace("Solveig,Aasgaard", "Per,Vik")
    summary = deliver_text(hub, CRM, CRM_HEADER + row, tmp_path / "other.csv")
    assert (summary.counts.suppressed, summary.rules) == (0, {"suppressed_unclear": 1})


def test_art05_2_what_keeps_them_away_is_in_the_audit_log_as_a_number(hub: Hub) -> None:
    """Entering somebody's digests is audited with their number; neither digest nor record stands in the entry."""
    with hub.reading() as session:
        ((_, entry),) = entries(session, action="suppression.add")
    assert (entry.fields.rows, entry.fields.reason, entry.fields.records) == (5, "erasure", None)
