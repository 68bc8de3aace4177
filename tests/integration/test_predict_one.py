"""One customer's score is the batch's, comes from a child that stays, and from nobody who may not be read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import pytest

from hub.consents import Subject, Wish, record_wish
from hub.errors import ChildFailed
from hub.predictions import service, single, store
from hub.predictions.lessons import spec_of
from hub.predictions.warm import WarmChildren
from hub.views.access import Views
from predict.artefact import pack_artefact
from predict.likelihood.train import train
from predict.module import Brief
from privacy.terms import ActChannel, ConsentAct, PurposeId, random_id
from tests.api.conftest import called
from tests.api.world import AS_OF, CHURN, World, make_world
from tests.audit_faults import broken
from tests.unit.predict_builders import FEW, month

VIEW: Final = "shopping"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(Path(tmp_path_factory.mktemp("one")), 6)
    keep_model(made)
    Views(made.hub, made.owner)[VIEW].materialise(as_of=AS_OF)
    yield made
    made.hub.memory.of(WarmChildren).end()
    made.hub.engine.dispose()
    made.hub.keystore.engine.dispose()


def keep_model(world: World) -> bytes:
    """Keep a model of the view's two features, learned from made-up customers."""
    packed = pack_artefact(train(taught(), FEW, Brief(horizon_days=30, features=(), seed=1)))
    spec, model_id = spec_of(world.hub, VIEW), random_id()
    row = {
        "model_id": model_id,
        "module": "churn",
        "view": VIEW,
        "view_version": spec.version,
        "spec_hash": spec.hash,
        "trained_at": world.hub.clock(),
        "trained_by": world.owner.principal_id,
        "training_release": random_id(),
        "file_sha256": store.write_artefact(world.hub.settings.models_folder, model_id, packed),
        "report": json.dumps({"family": "logistic"}),
    }
    with world.hub.unit_of_work() as session:
        store.add_model(session, row)
    return model_id


def taught() -> pl.DataFrame:
    rng = np.random.default_rng(3)
    orders, amount = rng.integers(1, 9, 1200), rng.integers(100, 90_000, 1200)
    return pl.DataFrame(
        {
            "pseudonym": [number.to_bytes(16, "big") for number in range(1200)],
            "as_of": [month(1 + number % 4) for number in range(1200)],
            "orders": orders,
            "amount": amount,
            "churned": rng.random(1200) < 1 / orders,
        }
    )


def asked(world: World, person: int, language: str = "en") -> single.Single | None:
    return single.score_one(world.hub, world.owner, "churn", world.pseudonyms[CHURN][person], language=language)


def test_one_score_is_that_of_the_batch_to_the_last_digit(world: World) -> None:
    batch = service.score(world.hub, world.owner, "churn", as_of=AS_OF, language="nb")
    for person in range(2):
        found = asked(world, person, "nb")
        assert found is not None
        mine = pl.col("pseudonym") == world.pseudonyms[CHURN][person]
        row = batch.scores.filter(mine).row(0, named=True)
        words = batch.reasons.filter(mine).select("reason_1", "reason_2", "reason_3").row(0)
        assert (found.probability, found.low, found.high) == (row["probability"], row["low"], row["high"])
        assert list(found.reasons) == [each for each in words if each is not None]
        assert found.as_of == AS_OF


def test_the_child_stays_and_another_model_or_an_error_ends_it(world: World) -> None:
    children = world.hub.memory.of(WarmChildren)

    def running() -> int:
        return children._running["churn"]._process.pid

    asked(world, 0)
    first = running()
    asked(world, 1)
    assert running() == first
    keep_model(world)
    asked(world, 0)
    second = running()
    assert second != first
    with pytest.raises(ChildFailed, match="language"):
        asked(world, 0, "xx")
    assert "churn" not in children._running
    assert asked(world, 0) is not None


def test_nobody_who_objected_is_scored_and_no_child_sees_the_row(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Subject(records=(world.records[5],))
    no = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
    record_wish(world.hub, gone, no, world.owner)
    monkeypatch.setattr(WarmChildren, "ask", lambda *_: pytest.fail("a child was asked"))
    assert asked(world, 5) is None
    assert single.score_one(world.hub, world.owner, "churn", bytes(16)) is None


def test_the_service_answers_one_score_and_nothing_while_the_log_takes_no_entry(world: World) -> None:
    path = f"/v1/predictions/churn/{world.pseudonyms[CHURN][3].hex()}"
    with called(world) as caller:
        answer = caller.call("GET", path, world.reader_token, params={"language": "de"})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert 0 < told["low"] < told["probability"] < told["high"] < 1
        with broken(world.hub.settings.home / "control.db", "leaf_refused"):
            refused = caller.call("GET", path, world.reader_token)
        assert refused.status_code >= 500
        assert "probability" not in refused.text
        unknown = [path.replace("churn", "another"), f"/v1/predictions/churn/{'0' * 32}"]
        assert [caller.call("GET", each, world.reader_token).status_code for each in unknown] == [404, 404]
        assert caller.call("GET", path).status_code == 401
    assert not world.hub.memory.of(WarmChildren).running, "the children of a service end with it"
