"""`/v1/me` on PostgreSQL: choices of many at once, what they leave, and their receipts."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hub.api.app import create_app
from privacy.receipt import verify_receipt
from privacy.store.audit import entries
from privacy.store.subject_token import SubjectScope
from tests.api.conftest import Caller
from tests.api.world import CHURN, WINBACK, World, make_world
from tests.builders import Postgres

PEOPLE = 12


@pytest.fixture
def caller(postgres: Postgres, tmp_path: Path) -> Iterator[Caller]:
    environment = postgres.home_databases()
    world = make_world(tmp_path, PEOPLE, environment)
    app = create_app(world.hub)
    with asyncio.Runner() as runner:
        lifespan = app.router.lifespan_context(app)
        runner.run(lifespan.__aenter__())
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub")
        yield Caller(world, runner, client)
        runner.run(client.aclose())
        runner.run(lifespan.__aexit__(None, None, None))
    world.hub.engine.dispose()
    world.hub.keystore._engine.dispose()


def seen(caller: Caller, world: World) -> set[str]:
    answer = caller.read(headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return {pseudonym.hex() for pseudonym in world.pseudonyms[CHURN] if pseudonym.hex() in answer.text}


def test_many_choices_at_once_and_what_they_leave(caller: Caller) -> None:
    world = caller.world
    body = {"everything": "off"}
    answers = caller.all([("PUT", "/v1/me/purposes", world.tokens[person], body) for person in range(PEOPLE - 1)])
    assert {answer.status_code for answer in answers} == {200}
    epochs = [choice["epoch"] for answer in answers for choice in answer.json()["choices"]]
    assert len(set(epochs)) == 2 * (PEOPLE - 1), "each act has an epoch of its own"
    assert seen(caller, world) == {world.pseudonyms[CHURN][PEOPLE - 1].hex()}
    with world.hub.reading() as session:
        told = [entry.fields.epoch for _, entry in entries(session, action="consent.objected")]
    assert set(told) < set(epochs)


def test_a_person_sees_what_they_said_and_takes_the_receipt_along(caller: Caller) -> None:
    world = caller.world
    token = world.token(0, scope=SubjectScope.VERIFIED)
    receipt = caller.choose(token, "withdrawn", WINBACK).json()["receipt"]
    acts = caller.call("GET", "/v1/me/history", token).json()["acts"]
    assert (acts[0]["act"], acts[0]["receipt"]) == ("withdrawn", receipt)
    keys = caller.call("GET", "/.well-known/jwks.json").json()
    signed = caller.call("GET", f"/v1/me/receipts/{receipt}", token).text
    assert verify_receipt(signed, keys)["dct:identifier"] == receipt
    offers = caller.call("GET", "/v1/me/purposes", token).json()["purposes"]
    standing = {offer["purpose"]: offer["standing"]["used"] for offer in offers}
    assert (standing[WINBACK], standing[CHURN]) == (False, True)
    assert caller.call("GET", "/v1/me/accesses", token).status_code == 200
    assert caller.call("GET", "/v1/me/scores", token).json()["scores"] == []
