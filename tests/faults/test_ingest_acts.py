"""What a delivery says about consent: a no counts as it lands and stays, a yes waits for the whole delivery."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.consents import Wish, find_subject, record_wish
from hub.views.permission import permitted_set
from privacy.tables.consent import ConsentEventRow
from privacy.terms import ActChannel, ConsentAct, EntityKind, PurposeId
from tests.faults.ingest_company import (
    CRM,
    CRM_HEADER,
    NOON,
    TOLD,
    Ticking,
    copy_home,
    deliver_text,
    make_template,
    open_home,
    owner_of,
    tidy,
)
from tests.faults.ingest_meaning import assert_in_order, meaning, names_of

pytestmark = pytest.mark.faults

GIVEN = CRM_HEADER + f"c1,Ann,Berg,a@crm.example,,,nb,{TOLD},yes,\nc2,Bo,Dahl,b@crm.example,,,nb,{TOLD},yes,\n"
LATER = "2025-05-20 08:00:00"
MIXED = CRM_HEADER + "".join(
    f"{line}\n"
    for line in (
        f"c1,Ann,Berg,a@crm.example,,,nb,{LATER},no,stop",
        f"c2,Bo,Dahl,b@crm.example,,,nb,{LATER},,",
        f"c3,Cato,Eng,c@crm.example,,,nb,{LATER},yes,",
        f"c4,Dina,Foss,d@crm.example,,2020-13-45,nb,{LATER},no,stop",
        f"c5,Egil,Gran,e@crm.example,,2020-13-45,nb,{LATER},yes,",
        f"c6,Frida,Hove,f@crm.example,,,nb,{LATER},yes,",
    )
)


class Stopped(Exception):
    """Ends an ingest in the middle, as a fault of the file does."""


@pytest.fixture(scope="module")
def template(memory_root: Path) -> Path:
    return make_template(memory_root)


def permitted(home: Path, purpose: str) -> set[str]:
    hub = open_home(home)
    names = names_of(hub)
    with hub.reading() as session:
        found = permitted_set(
            session, hub.policy().purpose(PurposeId(purpose)), EntityKind.PERSON, at=NOON + timedelta(days=1)
        )
    return {names[record] for record in found.records["record"]}


def filled(template: Path, folder: Path) -> Path:
    home = copy_home(template, folder / "home")
    deliver_text(open_home(home), CRM, GIVEN, folder / "given.csv")
    assert permitted(home, "winback") == {"c1", "c2"}
    return home


def test_a_no_takes_effect_as_its_chunk_lands_and_a_yes_does_not(template: Path, in_memory: Path, small: None) -> None:
    home = filled(template, in_memory)
    seen: list[tuple[set[str], set[str]]] = []

    def look(step: str) -> None:
        if step in {"chunk_written", "all_staged"}:
            seen.append((permitted(home, "winback"), permitted(home, "churn")))

    hub = open_home(home, reached=look, clock=Ticking(NOON + timedelta(minutes=1)))
    deliver_text(hub, CRM, MIXED, in_memory / "mixed.csv")
    for winback, churn in seen:
        assert winback == {"c2"}
        assert "c1" not in churn
    assert "c4" not in seen[-1][1]
    assert permitted(home, "winback") == {"c2", "c3", "c6"}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of three rows; undone after the test."""
    monkeypatch.setattr("ingest.pipeline.people.IdentityArrival.CHUNK_ROWS", 3)
    for name in ("FIRST_ROWS", "LEAST_ROWS", "MOST_ROWS"):
        monkeypatch.setattr(f"ingest.pipeline.pace.{name}", 2)


def test_the_noes_of_an_aborted_delivery_stay_and_its_yeses_never_count(template: Path, in_memory: Path) -> None:
    home = filled(template, in_memory)

    def stop(step: str) -> None:
        if step == "all_staged":
            raise Stopped

    hub = open_home(home, reached=stop, clock=Ticking(NOON + timedelta(minutes=1)))
    with pytest.raises(Stopped):
        deliver_text(hub, CRM, MIXED, in_memory / "mixed.csv")
    assert permitted(home, "winback") == {"c2"}
    standings = meaning(open_home(home))["standings"]
    assert standings["c1", "winback"][0] == "refused"
    assert standings["c1", "churn"][1]
    assert standings["c4", "winback"][0] == "refused"
    assert ("c3", "winback") not in standings
    tidy(open_home(home, lake_ahead=timedelta(hours=7)))
    assert permitted(home, "winback") == {"c2"}
    assert_in_order(open_home(home))


def test_a_row_refused_for_another_fault_still_lets_its_no_count_and_not_its_yes(
    template: Path, in_memory: Path
) -> None:
    home = copy_home(template, in_memory / "home")
    summary = deliver_text(open_home(home), CRM, MIXED, in_memory / "mixed.csv")
    assert summary.counts.quarantined == 2
    held = meaning(open_home(home))
    assert held["standings"]["c4", "winback"] == ("refused", False, False, None)
    assert held["standings"]["c4", "churn"][1]
    assert ("c5", "winback") not in held["standings"]
    assert "c4" not in held["documents"]
    assert permitted(home, "winback") == {"c3", "c6"}


def test_a_repeated_delivery_writes_no_act_twice(template: Path, in_memory: Path) -> None:
    home = copy_home(template, in_memory / "home")

    def acts() -> int:
        with open_home(home).reading() as session:
            return int(session.execute(select(func.count()).select_from(ConsentEventRow)).scalar_one())

    deliver_text(open_home(home), CRM, MIXED, in_memory / "mixed.csv")
    before = acts()
    again = MIXED + f"c7,Geir,Isak,g@crm.example,,,nb,{LATER},,\n"
    deliver_text(open_home(home, clock=Ticking(NOON + timedelta(minutes=1))), CRM, again, in_memory / "again.csv")
    assert acts() == before


def test_a_wish_of_the_person_outlives_every_delivery(template: Path, in_memory: Path) -> None:
    home = filled(template, in_memory)
    hub = open_home(home, clock=Ticking(NOON + timedelta(minutes=1)))
    no = Wish(act=ConsentAct.WITHDRAWN, purpose=PurposeId("winback"), channel=ActChannel.AGENT)
    record_wish(hub, find_subject(hub, "crm:c2"), no, owner_of(hub))
    says_yes = CRM_HEADER + "c2,Bo,Dahl,b@crm.example,,,nb,2025-06-01 12:00:00,yes,\n"
    deliver_text(open_home(home, clock=Ticking(NOON + timedelta(hours=1))), CRM, says_yes, in_memory / "yes.csv")
    assert permitted(home, "winback") == {"c1"}
