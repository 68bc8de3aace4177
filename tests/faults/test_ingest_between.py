"""Between a batch's flip and its settling: a new record is read by nobody, and who was read before still is."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.compose import Hub
from hub.lake.reading import reading as lake_reading
from hub.views.permission import permitted_set
from ingest.pipeline import settle as settling
from ingest.pipeline.recovery import recover
from ingest.pipeline.settle import settle
from ingest.store.batch import BatchState, held_back, in_state
from ingest.tables.identity import CrosswalkEvent
from privacy.store.epoch import current_epoch, records_changed_since
from privacy.terms import BatchId, EntityKind
from tests.faults.ingest_company import (
    CRM,
    CRM_FIRST,
    CRM_HEADER,
    MAIL,
    MAIL_HEADER,
    SHOP,
    SHOP_FIRST,
    SHOP_HEADER,
    TOLD,
    Ticking,
    deliver_text,
    owner_of,
)
from tests.faults.ingest_meaning import meaning, names_of

pytestmark = pytest.mark.faults
KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
SQLITE = pytest.mark.parametrize("hub", ["sqlite"], indirect=True)  # nothing of the database is in question
HubFactory = Callable[..., Hub]


@dataclass
class Watch:
    """Looks at who may be read at every step of a delivery."""

    hub: Hub
    seen: list[tuple[str, dict[str, set[str]]]] = field(default_factory=list)

    def __call__(self, step: str) -> None:
        self.seen.append((str(step), permitted(self.hub)))

    def between(self) -> list[dict[str, set[str]]]:
        """What was seen from the flip on, until the batch was settled."""
        steps = [step for step, _ in self.seen]
        return [who for _, who in self.seen[steps.index("flipped") : steps.index("settled")]]


def permitted(hub: Hub) -> dict[str, set[str]]:
    names = names_of(hub)
    with hub.reading() as session:
        return {
            purpose: {
                names[record]
                for record in permitted_set(session, hub.policy().purpose(purpose), EntityKind.PERSON, at=hub.clock())
                .records["record"]
                .to_list()
            }
            for purpose in ("churn", "winback")
        }


@pytest.fixture(params=KINDS)
def hub(request: pytest.FixtureRequest, hub_factory: HubFactory) -> Hub:
    return replace(hub_factory(request.param), clock=Ticking())


@pytest.fixture
def crm(hub: Hub, tmp_path: Path) -> Hub:
    deliver_text(hub, CRM, CRM_FIRST, tmp_path / "crm.csv")
    return hub


# c3 objected to churn in the CRM and c2 refused winback: their doubles in the shop are new, and say nothing of churn.
DOUBLES = SHOP_FIRST + f"s3,Ingunn Carlsvik,ingunn@crm.example,,,{TOLD},yes\n"


def test_nobody_new_is_read_before_it_is_known_whose_part_they_are(crm: Hub, tmp_path: Path) -> None:
    before, watch = permitted(crm), Watch(crm)
    deliver_text(replace(crm, reached=watch), SHOP, DOUBLES, tmp_path / "shop.csv")
    between, after = watch.between(), permitted(crm)
    assert len(between) > 2
    for who in between:
        assert who == before, "those who were settled stay readable, and nobody else is"
    assert "s3" not in after["churn"]
    assert "s2" not in after["winback"]
    assert {"s1", "s8"} <= after["churn"]
    assert "s8" in after["winback"]


def test_who_is_held_back_is_counted_under_a_rule_of_its_own(crm: Hub, tmp_path: Path) -> None:
    told = []

    def look(step: str) -> None:
        if step == "flipped":
            with crm.reading() as session:
                churn = crm.policy().purpose("churn")
                told.append(permitted_set(session, churn, EntityKind.PERSON, at=crm.clock()).absent)
                told.append(permitted_set(session, churn, EntityKind.ORGANISATION, at=crm.clock()).absent)

    deliver_text(replace(crm, reached=look), SHOP, DOUBLES, tmp_path / "shop.csv")
    people, organisations = told
    assert people["unsettled"] == 7
    assert organisations == {}, "the firms are known by their keys only: nothing of theirs is about to be merged"
    with crm.reading() as session:
        settled = permitted_set(session, crm.policy().purpose("churn"), EntityKind.PERSON, at=crm.clock())
    assert "unsettled" not in settled.absent


@SQLITE
def test_what_a_held_record_said_itself_binds_already(crm: Hub, tmp_path: Path) -> None:
    """c1 has a new revision in the same batch as the no of c9: c1 is read on, c9's objection is in force at once."""
    rows = f"c1,Solveig,Aasgaard,ny@crm.example,,,nb,{TOLD},,\nc9,Solveig,Aasgaard,ny@crm.example,,,nb,{TOLD},,stop\n"
    watch = Watch(crm)
    deliver_text(replace(crm, reached=watch), CRM, CRM_HEADER + rows, tmp_path / "more.csv")
    for who in watch.between()[:1]:
        assert "c1" in who["churn"]
        assert "c9" not in who["churn"]
    assert not {"c1", "c9"} & permitted(crm)["churn"]


@SQLITE
def test_settling_starts_a_new_epoch_for_everybody(crm: Hub, tmp_path: Path) -> None:
    """A frame that was built in between lacks the new: the fence sees that and builds it again."""
    epochs = []

    def look(step: str) -> None:
        if step in {"flipped", "moves_settled"}:
            with crm.reading() as session:
                epochs.append(current_epoch(session))

    deliver_text(replace(crm, reached=look), SHOP, DOUBLES, tmp_path / "shop.csv")
    with crm.reading() as session:
        assert records_changed_since(session, epochs[-1]) is None


@SQLITE
def test_a_batch_without_new_records_bumps_no_epoch_when_it_is_settled(crm: Hub, tmp_path: Path) -> None:
    mail = MAIL_HEADER + "m1,c1,2025-05-02 08:00:00,in,Hei\nm2,c44,2025-05-02 08:00:00,in,Hei\n"
    watch, epochs = Watch(crm), []

    def look(step: str) -> None:
        watch(step)
        if step == "flipped":
            with crm.reading() as session:
                epochs.append(current_epoch(session))

    deliver_text(replace(crm, reached=look), MAIL, mail, tmp_path / "mail.csv")
    names = names_of(crm)
    unknown = next(name for name in names.values() if len(name) == 32)  # c44: only its event names it
    assert all(unknown in who["churn"] for who in watch.between())
    with crm.reading() as session:
        assert current_epoch(session) == epochs[0]


@SQLITE
def test_nothing_is_asked_about_records_while_no_batch_is_in_between(crm: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("records were looked up")

    monkeypatch.setattr("ingest.store.batch._held", never)
    with crm.reading() as session:
        assert held_back(session) == set()


class Killed(BaseException):
    """Ends a process where it stands."""


@SQLITE
def test_two_processes_may_settle_one_batch(crm: Hub, tmp_path: Path) -> None:
    """One settles while the other is between its plan and its first move: no move is noted twice, nobody is lost."""
    others = []

    def beside(step: str) -> None:
        if step == "flipped" and not others:
            with crm.reading() as session:
                (batch,) = in_state(session, BatchState.VISIBLE)
            others.append(BatchId(batch.batch_id))
            planning = replace(crm, reached=lambda _step: None)
            settle_beside(planning, others[0])

    def settle_beside(other: Hub, batch_id: BatchId) -> None:
        settle(batch_id, other.ports(owner_of(other).principal_id))

    summary = deliver_text(replace(crm, reached=beside), SHOP, DOUBLES, tmp_path / "shop.csv")
    assert summary.merged == 0, "the other process had joined everybody"
    assert_moved_once(crm)


def test_a_plan_that_others_overtook_is_made_anew(crm: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, overtaken = settling._planned, []

    def slow(batch_id, ports, remembered):
        planned = plan(batch_id, ports, remembered)
        if not overtaken:
            overtaken.append(batch_id)
            settle(batch_id, crm.ports(owner_of(crm).principal_id))
        return planned

    monkeypatch.setattr(settling, "_planned", slow)
    deliver_text(crm, SHOP, DOUBLES, tmp_path / "shop.csv")
    assert overtaken
    assert_moved_once(crm)


def assert_moved_once(hub: Hub) -> None:
    with hub.reading() as session:
        moves = session.execute(select(CrosswalkEvent.record_id, CrosswalkEvent.from_entity)).all()
    assert len(moves) == len(set(moves)) == 5
    assert meaning(hub)["entities"][:3] == [["c1", "s1"], ["c2", "s2"], ["c3", "s3"]]


def test_a_batch_that_becomes_visible_beside_a_plan_is_part_of_the_next(
    crm: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """s1 is planned to join c1 by mail; then c9 appears with the same mail, and everything is planned again."""
    plan, overtaken = settling._planned, []
    more = CRM_HEADER + f"c9,Solveig,Aasgaard,solveig@crm.example,,,nb,{TOLD},,\n"

    def slow(batch_id, ports, remembered):
        planned = plan(batch_id, ports, remembered)
        if not overtaken:
            overtaken.append(batch_id)
            deliver_text(crm, CRM, more, tmp_path / "more.csv")
        return planned

    monkeypatch.setattr(settling, "_planned", slow)
    shop = SHOP_HEADER + f"s1,Solveig Aasgaard,solveig@crm.example,,,{TOLD},\n"
    deliver_text(crm, SHOP, shop, tmp_path / "shop.csv")
    assert meaning(crm)["entities"][0] == ["c1", "c9", "s1"]


@SQLITE
def test_recovery_ends_the_time_between(crm: Hub, tmp_path: Path) -> None:
    def die(step: str) -> None:
        if step == "flipped":
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.pipeline.delivery.give_up", lambda *_: None)
        with pytest.raises(Killed):
            deliver_text(replace(crm, reached=die), SHOP, DOUBLES, tmp_path / "shop.csv")
    assert "s8" not in permitted(crm)["churn"]
    with lake_reading(crm.lake) as reader:  # its rows are in the lake, its people are not let through the gate
        assert reader.collect(reader.scan("profiles")).height > 6
    recover(crm.ports(owner_of(crm).principal_id))
    assert "s8" in permitted(crm)["churn"]
