"""Suggestions through the gate: chosen for whom a need came up and who may be reached, logged with their chance."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest

from hub.authentication import acting_principal
from hub.compose import Hub, open_hub
from hub.consents import Wish, find_subject, record_wish
from hub.erasing import erase
from hub.errors import AccessRefused
from hub.home import make_home
from hub.lake.reading import reading
from hub.predictions import service, suggesting
from hub.predictions.reviewing import Deed, act
from hub.predictions.suggested import TABLE, logged
from hub.predictions.suggesting import Question, suggest, worth
from hub.predictions.triggers import first_triggers, kept_triggers
from hub.settings import Settings
from hub.views.intent import Reader
from hub.views.load import catalogue_spec, catalogue_text
from hub.views.registry import approve, submit
from predict.actions import ACTIONS
from predict.errors import MessageRefused
from predict.registry import load
from predict.wire import Message
from privacy.store.audit import entries
from privacy.store.principal import Principal
from privacy.terms import ActChannel, ConsentAct, PurposeId, Role
from tests.builders import FixedClock
from tests.integration.cli_desk import Desk
from tests.reveal_builders import person
from tests.shop import ORDERS, people_contract
from tests.view_builders import WITHOUT_CHECK
from tests.winback_builders import deliver

PEOPLE: Final = 90
WITHOUT_MAIL: Final = 5
GAP: Final = 100
ACTIONS_FILE: Final[dict[str, Any]] = {
    "actions": [{"name": "note", "needs": ["reorder"], "channels": ["email"], "expected": {"share": 0.6}}],
    "margins": {"reorder": 10000},
    "channels": {"email": 10},
}
QUESTION: Final = Question(catalogue=ACTIONS_FILE)
OWN: Final = [one | {"name": "our_own"} for one in first_triggers() if one["name"] == "order_due"]
_PEOPLE: Final = people_contract("""
consent:
  news: {purposes: [next_need], values: {"yes": given, "": unknown}, at: since, notice: privacy-2025-01}
""").replace("winback: consent", "next_need: consent, contact.email: legitimate_interests")


@dataclass(frozen=True)
class Shop:
    """A home whose customers order every hundred days and are due again; a scientist who trained on them."""

    hub: Hub
    owner: Principal
    reader: Reader
    clock: FixedClock

    def audited(self, action: str) -> list[dict[str, Any]]:
        with self.hub.reading() as session:
            return [dict(one.fields) for _, one in entries(session, action=action) if one.action == action]

    def rows(self) -> pl.DataFrame:
        with reading(self.hub.lake) as opened:
            return opened.collect(opened.scan(TABLE))


@pytest.fixture(scope="module", autouse=True)
def in_process() -> Iterator[None]:
    """The child answers the same (`tests/unit/test_predict_child.py`); to start it each time takes seconds."""

    def ask(action: str, module: str, message: Message) -> Message:
        return ACTIONS[action](load(module), message)

    with pytest.MonkeyPatch.context() as patch:
        for module in (service, suggesting):
            patch.setattr(module, "ask", ask)
        yield


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder, clock = tmp_path_factory.mktemp("needs"), FixedClock()
    settings = Settings.load({}, folder / "home")
    make_home(settings, clock=clock)
    hub = open_hub(settings, clock=clock)
    owner = acting_principal(hub)
    people = [f"k{n},Kari Nr{n},kari{n}@example.org,2023-01-01,yes" for n in range(PEOPLE)]
    deliver(hub, owner, folder / "people", (_PEOPLE, "no,name,mail,since,news", people))
    deliver(hub, owner, folder / "orders", (ORDERS, "order,at,who,total,state", _orders(clock)))
    no = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("contact.email"), channel=ActChannel.AGENT)
    for number in range(1, 1 + WITHOUT_MAIL):
        record_wish(hub, find_subject(hub, f"shop:k{number}"), no, owner)
    dpo = person(hub, "dpo", Role.DPO, owner)
    for name in ("next_need_training", "next_need_scoring"):
        submit(hub, catalogue_text(name), owner)
        approve(hub, name, dpo, WITHOUT_CHECK)
    scientist = person(hub, "scientist", Role.SCIENTIST, owner)
    service.train(hub, scientist, "next_need", triggers=OWN)
    yield Shop(hub=hub, owner=owner, reader=Reader(principal=scientist, module="next_need"), clock=clock)
    hub.engine.dispose()
    hub.keystore.engine.dispose()


def _orders(clock: FixedClock) -> list[str]:
    """Let customers order a hundred days apart, each at their own time; the last time they are all late."""
    ago = [(n, i, GAP * i + 85 + (n * 37 % 100) * (0.5 if i == 0 else 1)) for n in range(PEOPLE) for i in range(10)]
    ago += [(0, 99, 1)]  # up to when anything is known
    return [f"o{n}-{i},{clock() - timedelta(days=days):%Y-%m-%dT%H:%M:%S},k{n},900,P" for n, i, days in ago]


@pytest.fixture(scope="module")
def first(shop: Shop) -> suggesting.Suggested:
    return suggest(shop.hub, shop.reader, "next_need", QUESTION)


def test_a_suggestion_is_logged_with_its_chance_and_audited(shop: Shop, first: suggesting.Suggested) -> None:
    offered = first.rows.filter(pl.col("options") != "")
    log = logged(shop.hub, "next_need", catalogue_spec("next_need_scoring"))
    assert first.kept == offered.height > 50
    kept = ["pseudonym", "action", "propensity"]
    assert log.select(kept).sort("pseudonym").equals(offered.select(kept).sort("pseudonym"))
    assert set(log["options"]) == {"note"}
    assert set(log["action"]) == {"note", "nothing"}
    assert log["propensity"].is_between(0, 1, closed="none").all()
    (entry,) = shop.audited("model.suggest")
    assert entry["rows"] == first.kept
    assert first.rows.filter(pl.col("because") == "recommended")["suggestion"].null_count() == 0


def test_a_model_keeps_the_triggers_that_it_was_taught_with(shop: Shop) -> None:
    assert kept_triggers(shop.hub, "next_need") == OWN, "and the next one is taught with them, too"
    assert kept_triggers(shop.hub, "next_upgrade") == kept_triggers(shop.hub, "churn") == []
    desk = Desk(shop.hub.settings.home.parent)
    printed = desk.run("predict", "triggers", "next_need")
    assert json.loads(printed.stdout) == OWN
    file = shop.hub.settings.home.parent / "triggers.yaml"
    file.write_text(printed.stdout.replace("reorder", ""), encoding="utf-8")
    assert desk.run("predict", "triggers", "next_need", "--check", str(file)).exit_code == 0
    file.write_text(printed.stdout.replace('"need"', '"ned"'), encoding="utf-8")
    refused = desk.run("predict", "train", "next_need", "--triggers", str(file))
    assert refused.exit_code == 2
    assert "line 2, our_own" in " ".join(refused.stderr.split())
    assert desk.run("predict", "triggers", "churn").exit_code == 2


def test_whoever_cannot_be_reached_is_suggested_nothing(first: suggesting.Suggested) -> None:
    silent = first.rows.filter(pl.col("because") == "no channel allowed")
    assert silent.height == WITHOUT_MAIL
    assert set(silent["action"]) == {"nothing"}


def test_who_dismisses_overrides_and_an_erased_customer_is_in_no_log(shop: Shop, first: suggesting.Suggested) -> None:
    made = first.rows.filter(pl.col("because") == "recommended")
    act(shop.hub, shop.reader.principal, "next_need", made["pseudonym"][0], Deed.DISMISSED)
    log = logged(shop.hub, "next_need", catalogue_spec("next_need_scoring"))
    assert log.filter("overridden")["pseudonym"].to_list() == [made["pseudonym"][0]]
    before = shop.rows().height
    erase(shop.hub, find_subject(shop.hub, f"shop:k{PEOPLE - 1}"), shop.owner)
    assert shop.rows().height == before - 1
    assert logged(shop.hub, "next_need", catalogue_spec("next_need_scoring")).height == log.height - 1


def test_what_followed_is_read_through_the_gate_and_learned_from(
    shop: Shop, first: suggesting.Suggested, tmp_path: Path
) -> None:
    assert first.learned_from == 0
    shop.clock.forward(days=77)
    soon = shop.clock() - timedelta(days=40)
    again = [f"again{n},{soon:%Y-%m-%dT%H:%M:%S},k{n},900,P" for n in range(0, PEOPLE, 2)]
    again += [f"later{n},{shop.clock() - timedelta(days=1):%Y-%m-%dT%H:%M:%S},k{n},900,P" for n in range(2)]
    deliver(shop.hub, shop.owner, tmp_path / "again", (ORDERS, "order,at,who,total,state", again))
    found = worth(shop.hub, shop.reader, "next_need", ACTIONS_FILE)
    assert set(found) == {"as it was done", "evenly, untargeted", "nothing at all", "always what brought most by now"}
    assert 3_000 < found["as it was done"]["dr"]["figure"] < 7_000, "every second customer ordered"
    (entry, *_) = shop.audited("model.suggested")
    assert (entry["module"], entry["view"]) == ("next_need", "next_need_training")
    second = suggest(shop.hub, shop.reader, "next_need", replace(QUESTION, seed=8))
    assert second.learned_from >= first.kept - 2


def test_a_stranger_learns_nothing_and_a_module_without_actions_says_so(shop: Shop) -> None:
    stranger = replace(shop.reader, principal=replace(shop.reader.principal, views=frozenset({"another"})))
    with pytest.raises(AccessRefused, match="credential_not_bound"):
        suggest(shop.hub, stranger, "next_need", QUESTION)
    with pytest.raises(MessageRefused, match="suggests no actions"):
        ACTIONS["suggest"](load("churn"), Message({}))
