"""Article 21(2), (3): whoever objects to direct marketing gets none, by whatever channel; also before we know them."""

from pathlib import Path

import pytest

from hub.compose import Hub
from hub.consents import Wish, find_subject
from hub.contact.release import Outreach, release_check
from hub.suppression.opt_out import note_opt_out
from privacy.contact import channel_standings, decide_channel
from privacy.terms import ActChannel, ConsentAct, ContactChannel, PurposeId
from tests.conftest import HubFactory
from tests.faults.ingest_company import CRM, CRM_HEADER, TOLD, deliver_text, owner_of

SOLVEIG = f"c1,Solveig,Aasgaard,solveig@crm.example,,1980-01-02,nb,{TOLD},yes,\n"
TERMS = CRM.replace("winback: consent}", "winback: consent, contact.email: legitimate_interests}")


@pytest.fixture
def hub(hub_factory: HubFactory) -> Hub:
    hub: Hub = hub_factory("sqlite")
    return hub


def test_art21_3_a_channel_that_was_objected_to_carries_no_direct_marketing() -> None:
    """Over every standing of a channel: with an objection none is open to direct marketing, whatever its ground."""
    objected = [standing for standing in channel_standings() if standing.objected]
    assert objected
    assert not any(hasattr(decide_channel(standing, direct_marketing=True), "ground") for standing in objected)


def test_art21_2_an_objection_told_before_the_person_is_known_holds_from_their_first_message(
    hub: Hub, tmp_path: Path
) -> None:
    """The objection waits under the address, is written to the record before it can be read, and spares the person."""
    no = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("winback"), channel=ActChannel.AGENT)
    note_opt_out(hub, "email:solveig@crm.example", no, owner_of(hub))
    deliver_text(hub, TERMS, CRM_HEADER + SOLVEIG, tmp_path / "crm.csv")
    outreach = Outreach(channel=ContactChannel.EMAIL, purpose=hub.policy().purpose("winback"), at=hub.clock())
    with hub.reading() as session:
        checked = release_check(session, find_subject(hub, "crm:c1").records, outreach)
    assert checked["because"].to_list() == ["purpose"]
