"""Customers who left a small shop: what was bought, why they say they left, and two views to read them by."""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from hub.authentication import acting_principal
from hub.compose import Hub, open_hub
from hub.consents import find_subject
from hub.home import make_home
from hub.settings import Settings
from hub.views.intent import Reader
from hub.views.load import catalogue_text
from hub.views.registry import approve, submit
from hub.winback import diagnosing, drawing, due, reporting, templates
from hub.winback.campaigns import Campaign
from hub.winback.diagnosing import Question
from hub.winback.drawing import Draw
from hub.winback.writing import Style, write
from ingest.contract.load import load_contract
from ingest.pipeline.delivery import ingest_file
from predict.actions import ACTIONS
from predict.registry import load
from predict.winback.playbook import DEFAULT
from predict.wire import Message
from privacy.store.audit import entries
from privacy.store.principal import Principal
from privacy.terms import RecordId, Role
from tests.builders import FixedClock
from tests.reveal_builders import person
from tests.shop import ORDERS, people_contract
from tests.view_builders import WITHOUT_CHECK

VIEWS: Final = ("winback_scoring", "winback_progress")
SURE: Final = {**DEFAULT, "terms": {**DEFAULT["terms"], "assumed_uplift": 0.5}}
FACTS: Final = {"news": "free delivery", "news.de": "kostenlose Lieferung"}
PEOPLE: Final = 40
SAID: Final = ("service", "price", "no_need", "competitor")
_PEOPLE: Final = people_contract("""  language: {to: language}
consent:
  news: {purposes: [winback], values: {"yes": given, "": unknown}, at: since, notice: privacy-2025-01}
""").replace("winback: consent", "winback: consent, contact.email: legitimate_interests")
_OUTCOMES: Final = (
    ORDERS.partition("currency")[0].replace("shop_orders", "shop_lost").replace("table: orders", "table: outcomes")
    + """
key: [no]
person: {column: who, source: shop}
columns:
  at: {to: event_time}
  why: {to: reason_code}
constants: {kind: lost}
"""
)


@dataclass(frozen=True)
class Left:
    """A hub with former customers; `author`, `success` and `colleague` of customer success are three persons."""

    hub: Hub
    owner: Principal
    author: Principal
    success: Principal
    colleague: Principal
    clock: FixedClock

    @property
    def reader(self) -> Reader:
        return Reader(principal=self.success, module="winback")

    def record(self, number: int) -> RecordId:
        return find_subject(self.hub, f"shop:k{number}").records[0]

    def audited(self, action: str) -> list[dict[str, Any]]:
        """The fields of the audit entries of an action, newest first."""
        with self.hub.reading() as session:
            return [dict(entry.fields) for _, entry in entries(session, action=action)]

    def later(self, **time: float) -> None:
        self.clock.forward(**time)

    def buys(self, folder: Path, number: int, at: datetime) -> None:
        """Let a former customer order again."""
        name = f"again{number}-{at:%Y%m%d}"
        line = f"x{number}-{at:%Y%m%d},{at:%Y-%m-%dT%H:%M:%S},k{number},900,P"
        deliver(self.hub, self.owner, folder / name, (ORDERS, "order,at,who,total,state", [line]))


def left(folder: Path, **environment: str) -> Left:
    """Copy a home whose customers have been silent for half a year and more, all but one."""
    template, home = _template(), folder / "home"
    shutil.copytree(template.hub.settings.home, home)
    clock = FixedClock()
    return replace(template, hub=open_hub(Settings.load(environment, home), clock=clock), clock=clock)


@cache
def _template() -> Left:
    folder = Path(tempfile.mkdtemp(prefix="varde-left-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    clock = FixedClock()
    settings = Settings.load({}, folder / "home")
    make_home(settings, clock=clock)
    hub = open_hub(settings, clock=clock)
    owner = acting_principal(hub)
    langs = ("nb", "nn", "sv", "en", "de")
    rows = [f"k{n},Kari Nr{n},kari{n}@example.org,2024-01-01,yes,{langs[n % 5]}" for n in range(PEOPLE + 1)]
    deliver(hub, owner, folder / "people", (_PEOPLE, "no,name,mail,since,news,language", rows))
    silent = clock() - timedelta(days=200)
    orders = [
        f"o{n}-{i},{silent - timedelta(days=30 * i):%Y-%m-%dT%H:%M:%S},k{n},9{n:02}00,P"
        for n in range(PEOPLE)
        for i in range(3)
    ]
    orders += [f"new{n},{clock() - timedelta(days=n + 1):%Y-%m-%dT%H:%M:%S},k{PEOPLE},900,P" for n in range(2)]
    deliver(hub, owner, folder / "orders", (ORDERS, "order,at,who,total,state", orders))
    lost = [f"l{n},{silent + timedelta(days=9):%Y-%m-%dT%H:%M:%S},k{n},{SAID[n % 4]}" for n in range(PEOPLE)]
    deliver(hub, owner, folder / "lost", (_OUTCOMES, "no,at,who,why", lost))
    dpo = person(hub, "dpo", Role.DPO, owner)
    for name in VIEWS:
        submit(hub, catalogue_text(name), owner)
        approve(hub, name, dpo, WITHOUT_CHECK)
    three = (person(hub, name, Role.SUCCESS, owner) for name in ("author", "success", "colleague"))
    author, success, colleague = three
    hub.engine.dispose()
    return Left(hub=hub, owner=owner, author=author, success=success, colleague=colleague, clock=clock)


@contextmanager
def in_process() -> Iterator[None]:
    """Let this process answer as the child does (`tests/unit/test_predict_child.py`): to start it takes seconds."""

    def ask(action: str, module: str, message: Message) -> Message:
        return ACTIONS[action](load(module), message)

    with pytest.MonkeyPatch.context() as patch:
        for module in (diagnosing, drawing, due, reporting):
            patch.setattr(module, "ask", ask)
        yield


def drafted(here: Left) -> Campaign:
    """Draw a campaign, have its templates approved, and write the drafts that are due; call it `in_process`."""
    templates.submit(here.hub, templates.first_letters(), here.author)
    for name in ("what_is_new", "talk"):
        templates.show(here.hub, name, here.colleague)
        templates.approve(here.hub, name, here.colleague)
    drawn = drawing.draw(here.hub, here.reader, Question(playbook=SURE), Draw(hold_out=0.25, facts=FACTS))
    assert write(here.hub, here.reader, drawn.campaign, Style()).letters
    return drawn.campaign


def deliver(hub: Hub, owner: Principal, place: Path, what: tuple[str, str, list[str]]) -> None:
    contract, header, lines = what
    place.with_suffix(".yaml").write_text(contract, encoding="utf-8")
    place.with_suffix(".csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    read = load_contract(place.with_suffix(".yaml"))
    summary = ingest_file(read, place.with_suffix(".csv"), hub.ports(owner.principal_id))
    assert summary.counts.accepted == len(lines), summary
