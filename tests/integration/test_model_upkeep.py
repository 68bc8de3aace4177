"""A model after its training: fitted anew it still knows whom it learned from, and replacing it is an act."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl
import pytest

from hub.authentication import Scope, add
from hub.consents import Subject, Wish, record_wish
from hub.errors import AccessRefused, ModelNotFound
from hub.lake.catalogue import files_of
from hub.lake.reading import reading
from hub.lake.terms import FileState
from hub.predictions import reviewing, service, tending
from hub.predictions.reviewing import Deed, with_acts
from hub.predictions.store import TrainedModel, all_models
from hub.predictions.teaching import taught_at
from hub.views.registry import approve, readable_spec, submit
from predict.review import COLUMNS
from predict.wire import Message, arrow
from privacy.store.audit import entries
from privacy.terms import ActChannel, ConsentAct, PurposeId, Role
from tests.api.world import CHURN, World, make_world
from tests.integration.test_gateway_fence import entity_of, merge
from tests.shop import view_text
from tests.view_builders import WITHOUT_CHECK

PEOPLE: Final = 5
LABEL: Final = "label: {name: churned, horizon_days: 7, any_of: [{none_within: [{table: orders}]}]}\n"


class Child:
    """Stands for the process that learns: keeps what it was asked, and with which parts."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Message]] = []

    def __call__(self, action: str, _module: str, message: Message) -> Message:
        self.asked.append((action, message))
        if action == "score":
            return _scored(message)
        drift = b'{"light": "red", "score": null, "inputs": [], "calibration": {"light": "amber"}}'
        told = {
            "artefact": action.encode(),
            "report": b'{"summary": "told"}',
            "drift": drift,
            "comparison": b"{}",
            "review": b"{}",
        }
        return Message({}, told | {"card": b"{}", "markdown": b"# card"})


def _scored(message: Message) -> Message:
    frame = message.frame("frame").select("pseudonym", "as_of")
    figures = [pl.lit(0.5).alias(name) for name in ("probability", "low", "high")]
    words = [pl.lit("high").alias(name) for name in ("band", "reason_1", "reason_2", "reason_3")]
    parts = {"scores": arrow(frame.with_columns(*figures, *words)), "reasons": arrow(frame)}
    return Message({}, parts, {"scores": "arrow", "reasons": "arrow"})


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    with pytest.MonkeyPatch.context() as patch:
        made = Child()
        patch.setattr(service, "ask", made)
        patch.setattr(tending, "ask", made)
        patch.setattr(reviewing, "ask", made)
        yield made


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(Path(tmp_path_factory.mktemp("upkeep")), PEOPLE)
    everything = frozenset({"*"})
    dpo, _ = add(made.hub, "the dpo", Scope(role=Role.DPO, purposes=everything, views=everything), made.owner)
    submit(made.hub, view_text("taught", CHURN) + LABEL, made.owner)
    approve(made.hub, "taught", dpo, WITHOUT_CHECK)
    yield made
    made.hub.engine.dispose()
    made.hub.keystore.engine.dispose()


def models(world: World) -> dict[bytes, TrainedModel]:
    with world.hub.reading() as session:
        return {each.model_id: each for each in all_models(session)}


def actions(world: World) -> list[str]:
    with world.hub.reading() as session:
        return [entry.action for _, entry in entries(session, action="model.", limit=10)]


def test_what_is_fitted_anew_learned_from_whom_the_first_did_and_keeps_its_date(world: World, child: Child) -> None:
    first = service.train(world.hub, world.owner, "churn", view="taught").model_id
    gone = Subject(records=(world.records[0],))
    no = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
    record_wish(world.hub, gone, no, world.owner)
    second, _ = tending.recalibrate(world.hub, world.owner, "churn")
    told = models(world)
    assert (told[first].current, told[second].current) == (False, True)
    assert taught_at(told[second]) == told[first].trained_at, "fitting probabilities teaches nothing"
    assert set(service.models_of(world.hub, gone.records)) == {first, second}, "it is made of what learned from them"
    action, message = child.asked[-1]
    assert action == "recalibrate"
    assert world.pseudonyms[CHURN][0] not in set(message.frame("labelled")["pseudonym"]), (
        "who objected is not read anew"
    )
    assert actions(world)[0] == "model.recalibrate"


def test_a_challenger_stands_beside_until_it_is_adopted(world: World) -> None:
    champion = service.train(world.hub, world.owner, "churn", view="taught").model_id
    other = service.challenge(world.hub, world.owner, "churn", view="taught", until=world.hub.clock()).model_id
    assert [each.model_id for each in models(world).values() if each.current] == [champion]
    told = tending.compare(world.hub, world.owner, "churn")
    assert (told["champion_id"], told["challenger_id"]) == (champion.hex(), other.hex())
    tending.adopt(world.hub, world.owner, "churn", other)
    assert [each.model_id for each in models(world).values() if each.current] == [other]
    assert actions(world)[0] == "model.adopt"
    with pytest.raises(ModelNotFound):
        tending.adopt(world.hub, world.owner, "churn", bytes(16))


def test_what_is_due_follows_the_modules_cadence(world: World) -> None:
    service.train(world.hub, world.owner, "churn", view="taught")
    found = tending.upkeep(world.hub, world.owner, "churn")
    trained = found.model.trained_at
    assert (found.recalibrate_by, found.retrain_by) == (trained + timedelta(days=30), trained + timedelta(days=90))
    assert found.due(trained) == ["recalibrate"], "things moved"
    assert found.due(trained + timedelta(days=90)) == ["retrain", "recalibrate"]
    calm = replace(found, drift={"light": "green", "calibration": {"light": "green"}})
    assert calm.due(trained + timedelta(days=29)) == []
    assert calm.due(trained + timedelta(days=30)) == ["recalibrate"]
    early = replace(found, drift={"light": "red", "calibration": None})
    assert early.due(trained + timedelta(days=40)) == [], "no outcome can judge it yet"


def test_the_card_says_under_which_purpose(world: World, child: Child) -> None:
    service.train(world.hub, world.owner, "churn", view="taught")
    assert tending.card(world.hub, "churn")["markdown"] == b"# card"
    _, message = child.asked[-1]
    assert (message.fields["purpose"], message.fields["view"]) == ("churn", "taught")


def test_only_who_may_be_read_now_is_reviewed_and_only_once_a_cut(world: World, child: Child) -> None:
    cuts = service.train(world.hub, world.owner, "churn", view="taught").cuts
    for _ in range(2):
        service.score(world.hub, world.owner, "churn", as_of=cuts[-1])
    gone = Subject(records=(world.records[1],))
    no = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
    record_wish(world.hub, gone, no, world.owner)
    reviewing.review(world.hub, world.owner, "churn")
    alerts = child.asked[-1][1].frame("alerts")
    allowed = {world.pseudonyms[CHURN][number] for number in range(2, PEOPLE)}
    assert set(alerts["pseudonym"]) == allowed
    assert alerts.height == len(allowed)
    assert not alerts["acted"].any()
    assert set(alerts.columns) == set(COLUMNS)


def test_a_deed_is_sealed_in_the_lake_and_audited_and_nobodys_is_refused(world: World) -> None:
    whose = world.pseudonyms[CHURN][2]
    reviewing.act(world.hub, world.owner, "churn", whose, Deed.HELPED)
    assert actions(world)[0] == "model.act"
    with reading(world.hub.lake) as reader:
        rows = reader.collect(reader.scan(reviewing.ACTS))
    assert rows.select("module", "act").rows() == [("churn", "helped")]
    with pytest.raises(AccessRefused):
        reviewing.act(world.hub, world.owner, "churn", bytes(16), Deed.HELPED)


def test_a_deed_stays_a_customers_when_records_are_joined(world: World) -> None:
    reviewing.act(world.hub, world.owner, "churn", world.pseudonyms[CHURN][4], Deed.CONTACTED)
    with world.hub.reading() as session:
        spec = readable_spec(session, world.hub.policy(), "taught", at=world.hub.clock())
    before = set(reviewing.acts_of(world.hub, "churn", spec)["entity"])
    home = entity_of(world.hub, world.records[3])
    assert home not in before
    merge(world.hub, world.records[4], home)
    assert home in set(reviewing.acts_of(world.hub, "churn", spec)["entity"])


def test_a_deed_that_an_erasure_overtook_leaves_nothing_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = actions(world)[0]
    with reading(world.hub.lake) as reader:
        noted = reader.collect(reader.scan(reviewing.ACTS)).height
    monkeypatch.setattr(reviewing, "tombstones", lambda _: set(world.records))
    with pytest.raises(AccessRefused, match="pseudonym_of_nobody"):
        reviewing.act(world.hub, world.owner, "churn", world.pseudonyms[CHURN][3], Deed.HELPED)
    assert actions(world)[0] == before
    with world.hub.reading() as session:
        states = (FileState.STAGED, FileState.REMOVED)
        (left,) = files_of(session, table=reviewing.ACTS, states=states)
    assert left.state is FileState.REMOVED, "the catalogue knows of it, and purges it with its key"
    with reading(world.hub.lake) as reader:
        assert reader.collect(reader.scan(reviewing.ACTS)).height == noted


def test_nobody_looks_at_alerts_whose_credential_is_of_another_view(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = replace(world.owner, views=frozenset({"another"}))
    monkeypatch.setattr(reviewing, "reading", lambda *_: pytest.fail("the lake was opened"))
    with pytest.raises(AccessRefused, match="credential_not_bound"):
        reviewing.review(world.hub, stranger, "churn")
    with pytest.raises(AccessRefused, match="credential_not_bound"):
        reviewing.act(world.hub, stranger, "churn", world.pseudonyms[CHURN][2], Deed.HELPED)


def test_an_act_counts_within_the_window_of_its_alert_only() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    alerts = pl.DataFrame({"pseudonym": [b"a", b"b", b"c"], "as_of": [at] * 3, "entity": [b"1", b"2", b"3"]})
    times = [at + timedelta(days=6), at + timedelta(days=7), at - timedelta(days=1)]
    acts = pl.DataFrame({"entity": [b"1", b"2", b"3"], "acted_at": times})
    told = with_acts(alerts, acts, timedelta(days=7))
    assert told.sort("pseudonym")["acted"].to_list() == [True, False, False]


def test_past_scores_are_read_only_once_the_log_has_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked(*_: object) -> None:
        assert actions(world)[0] == "model.review"
        raise LookupError

    monkeypatch.setattr(reviewing, "reading", looked)
    with pytest.raises(LookupError):
        reviewing.review(world.hub, world.owner, "churn")
