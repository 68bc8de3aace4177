"""Models after somebody whom they learned from is gone: marked with a date, and the next one learns without them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import polars as pl
import pytest

from hub.authentication import Scope, add
from hub.consents import Subject, Wish, record_wish
from hub.erasing import erase, erase_many
from hub.errors import AccessRefused
from hub.predictions import service
from hub.predictions.retraining import RETRAIN_WITHIN
from hub.predictions.store import TrainedModel, all_models
from hub.views.registry import approve, submit
from predict.wire import Message, arrow
from privacy.terms import ActChannel, ConsentAct, PurposeId, Role
from tests.api.world import CHURN, World, make_world
from tests.shop import view_text
from tests.view_builders import WITHOUT_CHECK

PEOPLE: Final = 6
LABEL: Final = "label: {name: churned, horizon_days: 7, any_of: [{none_within: [{table: orders}]}]}\n"


class Child:
    """Stands for the process that learns and scores; keeps the pseudonyms that the last training was given."""

    def __init__(self) -> None:
        self.taught: set[bytes] = set()
        self.columns: set[str] = set()

    def __call__(self, action: str, _module: str, message: Message) -> Message:
        if action == "train":
            self.taught = set(message.frame("frame")["pseudonym"])
            self.columns = set(message.frame("frame").columns)
            return Message({}, {"artefact": b"{}", "report": b'{"summary": "learned"}'})
        frame = message.frame("frame").select("pseudonym", "as_of")
        figures = [pl.lit(0.5).alias(name) for name in ("probability", "low", "high")]
        words = [pl.lit("orders").alias(name) for name in ("band", "reason_1", "reason_2", "reason_3")]
        parts = {"scores": arrow(frame.with_columns(*figures, *words)), "reasons": arrow(frame)}
        return Message({}, parts, {"scores": "arrow", "reasons": "arrow"})


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Child:
    made = Child()
    monkeypatch.setattr(service, "ask", made)
    return made


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path, PEOPLE)
    everything = frozenset({"*"})
    dpo, _ = add(made.hub, "the dpo", Scope(role=Role.DPO, purposes=everything, views=everything), made.owner)
    submit(made.hub, view_text("taught", CHURN) + LABEL, made.owner)
    approve(made.hub, "taught", dpo, WITHOUT_CHECK)
    yield made
    made.hub.engine.dispose()
    made.hub.keystore.engine.dispose()


def learn(world: World) -> bytes:
    return service.train(world.hub, world.owner, "churn", view="taught").model_id


def models(world: World) -> dict[bytes, TrainedModel]:
    with world.hub.reading() as session:
        return {each.model_id: each for each in all_models(session)}


def person(world: World, number: int) -> Subject:
    return Subject(records=(world.records[number],))


def object_(world: World, number: int) -> None:
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId(CHURN), channel=ActChannel.AGENT)
    record_wish(world.hub, person(world, number), wish, world.owner)


def test_erasing_marks_the_models_that_learned_from_the_person_and_the_next_one_does_not(
    world: World, child: Child
) -> None:
    gone = world.pseudonyms[CHURN][0]
    first = learn(world)
    assert gone in child.taught
    assert models(world)[first].retrain_by is None

    before = world.hub.clock()
    erase(world.hub, person(world, 0), world.owner)
    marked = models(world)[first].retrain_by
    assert marked is not None
    assert before + RETRAIN_WITHIN <= marked <= world.hub.clock() + RETRAIN_WITHIN
    assert service.score(world.hub, world.owner, "churn").retrain_by == marked, "who scores by it is told"

    second = learn(world)
    assert child.taught == set(world.pseudonyms[CHURN]) - {gone}
    assert (models(world)[second].retrain_by, models(world)[second].current) == (None, True)


def test_the_date_of_who_went_first_stands(world: World, child: Child) -> None:
    first = learn(world)
    assert child.taught
    erase(world.hub, person(world, 0), world.owner)
    marked = models(world)[first].retrain_by
    erase_many(world.hub, [person(world, 1), person(world, 2)], world.owner)
    assert marked is not None
    assert models(world)[first].retrain_by == marked


def test_who_objected_is_left_out_of_the_next_training_and_its_model_is_not_marked_for_them(
    world: World, child: Child
) -> None:
    first = learn(world)
    object_(world, 1)
    second = learn(world)
    assert child.taught == set(world.pseudonyms[CHURN]) - {world.pseudonyms[CHURN][1]}
    assert service.models_of(world.hub, [world.records[1]]) == [first], "so a recall finds the old one, not the new"

    erase(world.hub, person(world, 1), world.owner)
    kept = models(world)
    marked = kept[first].retrain_by
    assert marked is not None
    assert marked - world.hub.clock() > timedelta(days=89)
    assert kept[second].retrain_by is None, "it never learned from them"


def test_who_scores_by_a_model_is_told_once_somebody_it_learned_from_objected(world: World, child: Child) -> None:
    first = learn(world)
    assert service.score(world.hub, world.owner, "churn").retrain_by is None
    object_(world, 1)
    told = service.score(world.hub, world.owner, "churn").retrain_by
    assert told is not None
    assert world.hub.clock() + RETRAIN_WITHIN - timedelta(minutes=5) < told
    assert models(world)[first].retrain_by == told

    learn(world)
    assert world.pseudonyms[CHURN][1] not in child.taught
    assert service.score(world.hub, world.owner, "churn").retrain_by is None, "the next one never learned from them"


STAGED = """
  stage: {op: stage, cases: [{level: new, when: {orders: {le: 1}}}], otherwise: old}
texts:
  stage: {nb: Fase, nn: Fase, sv: Fas, en: Stage, de: Phase}
"""


def test_a_model_scores_by_the_scoring_view_of_what_it_learned_from(world: World, child: Child) -> None:
    scoring = view_text("pair_scoring", CHURN).replace("\ntexts:\n", STAGED)
    training = scoring.replace("pair_scoring", "pair_training") + LABEL
    everything = frozenset({"*"})
    dpo, _ = add(world.hub, "dpo 2", Scope(role=Role.DPO, purposes=everything, views=everything), world.owner)
    for text in (scoring, training):
        approve(world.hub, submit(world.hub, text, world.owner).name, dpo, WITHOUT_CHECK)
    service.train(world.hub, world.owner, "churn", view="pair_training")
    assert child.columns == {"pseudonym", "as_of", "churned", "orders", "amount", "stage"}
    scored = service.score(world.hub, world.owner, "churn")
    assert scored.released.spec.name == "pair_scoring"
    assert scored.written == PEOPLE
    other = scoring.replace("version: 1", "version: 2").replace(
        "op: count, table: orders}", "op: count, table: orders, top_code: 2}"
    )
    approve(world.hub, submit(world.hub, other, world.owner).name, dpo, WITHOUT_CHECK)
    with pytest.raises(AccessRefused, match="model_of_other_view_version"):
        service.score(world.hub, world.owner, "churn")
