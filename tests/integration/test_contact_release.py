"""The last look before anything leaves: purpose, channel and stated wishes, for the person and at this instant."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.compose import Hub
from hub.consents import Subject, Wish, find_subject, record_wish
from hub.contact.asking import AskedTooSoon, ask_consent
from hub.contact.release import Outreach, release_check, released
from hub.contact.wishes import state_wish
from hub.erasing import erase
from hub.suppression.opt_out import note_opt_out
from privacy.contact import ContactWish
from privacy.store.audit import entries
from privacy.store.contact import Statement, contacts_of
from privacy.suppression import contact_purpose
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, ContactChannel, PurposeId, RecordId
from tests.builders import FixedClock
from tests.conftest import HubFactory
from tests.faults.ingest_company import CRM, CRM_HEADER, SHOP, SHOP_HEADER, TOLD, deliver_text, owner_of

SEAT = ZoneInfo("Europe/Oslo")
KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
EMAIL, PHONE = ContactChannel.EMAIL, ContactChannel.PHONE
SOLVEIG = f"c1,Solveig,Aasgaard,solveig@crm.example,+47 90 00 00 01,1980-01-02,nb,{TOLD},yes,\n"
OLA = f"c2,Ola,Berg,ola@crm.example,,1981-01-02,nb,{TOLD},yes,\n"
TERMS = CRM.replace(
    "winback: consent}", "winback: consent, contact.email: legitimate_interests, contact.phone: contract}"
)


@pytest.fixture(params=KINDS)
def hub(request: pytest.FixtureRequest, hub_factory: HubFactory, tmp_path: Path) -> Hub:
    hub: Hub = hub_factory(request.param)
    deliver_text(hub, TERMS, CRM_HEADER + SOLVEIG + OLA, tmp_path / "crm.csv")
    return hub


@pytest.fixture
def lite(hub_factory: HubFactory, tmp_path: Path) -> Hub:
    hub: Hub = hub_factory("sqlite")
    deliver_text(hub, TERMS, CRM_HEADER + SOLVEIG + OLA, tmp_path / "crm.csv")
    return hub


def of(hub: Hub, who: str = "crm:c1") -> Subject:
    return find_subject(hub, who)


def both(hub: Hub) -> list[RecordId]:
    return [of(hub).records[0], of(hub, "crm:c2").records[0]]


def outreach(hub: Hub, channel: ContactChannel = EMAIL, purpose: str = "winback", **more: ContactWish) -> Outreach:
    return Outreach(channel=channel, purpose=hub.policy().purpose(PurposeId(purpose)), at=hub.clock(), **more)


def why(hub: Hub, channel: ContactChannel = EMAIL, purpose: str = "winback") -> list[str | None]:
    with hub.reading() as session:
        return release_check(session, both(hub), outreach(hub, channel, purpose))["because"].to_list()


def say(hub: Hub, act: ConsentAct, purpose: str, who: str = "crm:c1") -> None:
    wish = Wish(act=act, purpose=PurposeId(purpose), channel=ActChannel.AGENT)
    record_wish(hub, of(hub, who), wish, owner_of(hub))


def state(hub: Hub, wish: ContactWish) -> None:
    said = Statement(wish=wish, at=hub.clock(), told_by=ActChannel.AGENT, actor=owner_of(hub).principal_id)
    with hub.unit_of_work() as session:
        state_wish(hub, session, of(hub), said)


def test_purpose_and_channel_are_decided_together(hub: Hub) -> None:
    assert hub.policy().purpose("winback").direct_marketing
    assert why(hub) == [None, None]
    assert why(hub, PHONE) == ["channel_no_ground", "channel_no_ground"]
    say(hub, ConsentAct.GIVEN, contact_purpose(PHONE))
    assert why(hub, PHONE) == [None, "channel_no_ground"]
    say(hub, ConsentAct.WITHDRAWN, contact_purpose(EMAIL))
    assert why(hub) == ["channel_refused", None]
    say(hub, ConsentAct.WITHDRAWN, "winback")
    assert why(hub, PHONE) == ["purpose", "channel_no_ground"]


def test_everything_off_ends_marketing_by_every_channel(lite: Hub) -> None:
    say(lite, ConsentAct.WITHDRAWN, EVERY_PURPOSE)
    assert why(lite)[0] == "purpose"


def test_a_no_of_one_record_binds_the_person(lite: Hub, tmp_path: Path) -> None:
    shop = f"s1,Solveig Aasgaard,solveig@crm.example,gold,,{TOLD},yes\n"
    terms = (
        SHOP
        + "  mailable:\n    purposes: [contact.email]\n    values: {stop: withdrawn}\n    notice: privacy-2025-01\n"
    )
    header = SHOP_HEADER.replace("mailings", "mailings,mailable")
    deliver_text(lite, terms, header + shop.replace("yes\n", "yes,stop\n"), tmp_path / "shop.csv")
    assert len(of(lite).records) == 2
    with lite.reading() as session:
        checked = release_check(session, [*of(lite).records, *of(lite, "crm:c2").records], outreach(lite))
    assert checked["because"].to_list() == ["channel_refused", "channel_refused", None]
    assert checked["ground"].to_list() == [None, None, "legitimate_interests"]


def test_who_is_erased_is_not_reached_and_their_shared_address_gets_no_marketing(lite: Hub, tmp_path: Path) -> None:
    per = f"c3,Per,Vik,solveig@crm.example,,1981-01-02,nb,{TOLD},yes,\n"
    deliver_text(lite, TERMS, CRM_HEADER + per, tmp_path / "more.csv")
    gone = of(lite).records
    erase(lite, of(lite), owner_of(lite))
    late = per.replace("c3", "c4").replace("Per", "Pia")
    deliver_text(lite, TERMS, CRM_HEADER + late, tmp_path / "late.csv")
    known = [of(lite, who).records[0] for who in ("crm:c2", "crm:c3", "crm:c4")]
    with lite.reading() as session:
        checked = release_check(session, [*gone, *known], outreach(lite))
    assert checked["because"].to_list() == ["suppressed", None, "channel_objected", "channel_objected"]


def test_stated_wishes_are_limits(hub: Hub, clock: FixedClock) -> None:
    state(hub, ContactWish(channels=frozenset({PHONE})))
    assert why(hub) == ["other_channel_wished", None]
    state(hub, ContactWish(hour_from=8, hour_to=12, time_zone="Europe/Oslo"))
    assert why(hub) == ["outside_hours", None]  # 14 o'clock in Oslo
    clock.forward(hours=20)
    assert why(hub) == [None, None]
    state(hub, ContactWish(at_most=0, per_days=7))
    assert why(hub) == ["too_often", None]


def test_a_release_counts_and_the_next_one_knows(hub: Hub, clock: FixedClock) -> None:
    state(hub, ContactWish(at_most=1, per_days=7))
    by = owner_of(hub)
    assert released(hub, both(hub), outreach(hub), by)["because"].to_list() == [None, None]
    assert released(hub, both(hub), outreach(hub), by)["because"].to_list() == ["too_often", None]
    clock.forward(days=7, seconds=1)
    assert released(hub, both(hub), outreach(hub), by)["because"].to_list() == [None, None]
    with hub.reading() as session:
        assert contacts_of(session, both(hub), since=clock() - timedelta(days=8)).height == 5
        assert contacts_of(session, both(hub), since=clock()).height == 2  # the others were a week ago
        told = [entry.fields for _, entry in entries(session, action="contact.release")]
    assert sorted(fields.rows or 0 for fields in told) == [1, 2, 2]
    assert {"too_often": 1} in [fields.absent for fields in told]
    clock.forward(days=401)
    released(hub, both(hub), outreach(hub), by)
    with hub.reading() as session:
        assert contacts_of(session, both(hub), since=clock() - timedelta(days=900)).height == 2


def test_what_was_learned_only_fills_what_was_left_open(lite: Hub) -> None:
    learned = ContactWish(channels=frozenset({PHONE}))
    with lite.reading() as session:
        assert release_check(session, both(lite), outreach(lite, learned=learned))["because"].to_list() == [
            "other_channel_wished",
            "other_channel_wished",
        ]
    state(lite, ContactWish(channels=frozenset({EMAIL})))
    with lite.reading() as session:
        checked = release_check(session, both(lite), outreach(lite, learned=learned))
    assert checked["because"].to_list() == [None, "other_channel_wished"]


def test_an_opt_out_of_a_channel_waits_for_whoever_comes(lite: Hub, tmp_path: Path) -> None:
    no = Wish(act=ConsentAct.WITHDRAWN, purpose=contact_purpose(EMAIL), channel=ActChannel.AGENT)
    note_opt_out(lite, "email:eva@crm.example", no, owner_of(lite))
    eva = OLA.replace("c2", "c5").replace("Ola", "Eva").replace("ola@", "eva@")
    deliver_text(lite, TERMS, CRM_HEADER + eva, tmp_path / "eva.csv")
    with lite.reading() as session:
        checked = release_check(session, of(lite, "crm:c5").records, outreach(lite))
    assert checked["because"].to_list() == ["channel_refused"]


def test_nobody_is_asked_again_for_six_months(lite: Hub, clock: FixedClock) -> None:
    winback, by = PurposeId("winback"), owner_of(lite)
    assert ask_consent(lite, of(lite), winback, by, zone=SEAT) == 1
    say(lite, ConsentAct.WITHDRAWN, "winback")  # on 1 June 2025
    with pytest.raises(AskedTooSoon, match="2025-12-01"):
        ask_consent(lite, of(lite), winback, by, zone=SEAT)
    clock.at = clock.at.replace(month=12, day=1, hour=22)  # 23:00 at the seat
    with pytest.raises(AskedTooSoon):
        ask_consent(lite, of(lite), winback, by, zone=SEAT)
    clock.forward(hours=2)
    assert ask_consent(lite, of(lite), winback, by, zone=SEAT) == 1
