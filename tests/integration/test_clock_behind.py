"""A machine whose clock is behind that of another: a no that would not count is never acknowledged, by whichever door.

Acts count by their instant. If the last yes was dated by a clock that goes ahead, a no told here would be in the ledger
and have no effect: then nothing is written, and who tells it hears so.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.compose import Hub
from hub.consents import Wish, find_subject, history, record_wish
from hub.errors import ChoiceNotRecorded
from hub.suppression.importing import import_opt_outs
from hub.suppression.opt_out import note_opt_out
from hub.views.permission import permitted_set
from privacy.terms import ActChannel, ConsentAct, EntityKind, PurposeId
from tests.builders import FixedClock
from tests.conftest import HubFactory
from tests.faults.ingest_company import CRM, CRM_HEADER, TOLD, deliver_text, owner_of

WINBACK = PurposeId("winback")
WHO = "crm:c1"


@pytest.fixture
def hub(hub_factory: HubFactory, tmp_path: Path) -> Hub:
    hub: Hub = hub_factory()
    row = f"c1,Solveig,Aasgaard,solveig@crm.example,,1980-01-02,nb,{TOLD},,\n"
    deliver_text(hub, CRM, CRM_HEADER + row, tmp_path / "crm.csv")
    say(hub, ConsentAct.GIVEN)
    return hub


def say(hub: Hub, act: ConsentAct) -> None:
    record_wish(hub, find_subject(hub, WHO), wish(act), owner_of(hub))


def wish(act: ConsentAct) -> Wish:
    return Wish(act=act, purpose=WINBACK, channel=ActChannel.AGENT)


def used(hub: Hub) -> bool:
    with hub.reading() as session:
        found = permitted_set(session, hub.policy().purpose(WINBACK), EntityKind.PERSON, at=hub.clock())
    return not found.records.is_empty()


def agent(hub: Hub, _folder: Path) -> None:
    say(hub, ConsentAct.WITHDRAWN)


def noted(hub: Hub, _folder: Path) -> None:
    note_opt_out(hub, "email:solveig@crm.example", wish(ConsentAct.WITHDRAWN), owner_of(hub))


def imported(hub: Hub, folder: Path) -> None:
    path = folder / "noes.csv"
    path.write_text("identifier,purpose,act,channel,time\ncrm:c1,winback,withdrawn,,\n")
    import_opt_outs(hub, path, owner_of(hub))


@pytest.mark.parametrize("door", [agent, noted, imported])
def test_a_no_is_acknowledged_only_if_it_counts(
    hub: Hub, clock: FixedClock, tmp_path: Path, door: Callable[[Hub, Path], None]
) -> None:
    assert used(hub)
    before = len(history(hub, find_subject(hub, WHO), owner_of(hub)))
    clock.forward(hours=-1)
    with pytest.raises(ChoiceNotRecorded):
        door(hub, tmp_path)
    assert len(history(hub, find_subject(hub, WHO), owner_of(hub))) == before
    clock.forward(hours=2)
    door(hub, tmp_path)
    assert not used(hub)


@pytest.mark.parametrize(
    ("said", "lifted"),
    [
        (ConsentAct.OBJECTED, ConsentAct.OBJECTION_LIFTED),
        (ConsentAct.RESTRICTED, ConsentAct.RESTRICTION_LIFTED),
    ],
)
def test_what_was_lifted_by_a_clock_ahead_cannot_seem_to_stand(
    hub: Hub, clock: FixedClock, said: ConsentAct, lifted: ConsentAct
) -> None:
    say(hub, said)
    clock.forward(hours=1)
    say(hub, lifted)
    clock.forward(minutes=-30)
    with pytest.raises(ChoiceNotRecorded):
        say(hub, said)
    clock.forward(hours=1)
    say(hub, said)
    assert not used(hub)


def test_a_line_that_names_an_earlier_day_yields_to_a_later_yes(hub: Hub, tmp_path: Path) -> None:
    """What a file dates itself is history: it is taken in its place, and a newer yes of the person's own stands."""
    path = tmp_path / "old.csv"
    path.write_text("identifier,purpose,act,channel,time\ncrm:c1,winback,withdrawn,,2025-01-01\n")
    assert import_opt_outs(hub, path, owner_of(hub)).taken == 1
    assert used(hub)
