"""`varde predict when`: how customers are best reached, through the gate, by whoever may be written to, and audited."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from hub.authentication import acting_principal
from hub.cli.app import make_app
from hub.cli.launch import Invocation
from hub.compose import Hub, open_hub
from hub.consents import Wish as Act
from hub.consents import find_subject, record_wish
from hub.contact.wishes import state_wish
from hub.errors import AccessRefused
from hub.home import make_home
from hub.predictions import reaching
from hub.predictions.known_days import known_days
from hub.predictions.reaching import CONTACTS, CUSTOMERS, Wish
from hub.settings import Settings
from hub.views.intent import Reader
from hub.views.load import catalogue_text
from hub.views.registry import approve, submit
from predict.studies import load_study
from predict.wire import Message
from privacy.contact import ContactWish
from privacy.store.audit import entries
from privacy.store.contact import Statement
from privacy.terms import ActChannel, ConsentAct, PurposeId, Role
from tests.builders import FixedClock
from tests.reveal_builders import person
from tests.shop import ORDERS, people_contract
from tests.view_builders import WITHOUT_CHECK
from tests.winback_builders import deliver

PEOPLE: Final = 30
SILENT: Final = 4
EARLY: Final = 7
"""The first customers never said that they agree to suggestions; the next one wants no telephone calls."""
_BASES: Final = (
    "winback: consent",
    "next_need: consent, contact.email: legitimate_interests, contact.phone: legitimate_interests",
)
_PEOPLE: Final = people_contract("""
consent:
  news: {purposes: [next_need], values: {"yes": given, "": unknown}, at: since, notice: privacy-2025-01}
""").replace(*_BASES)
_ORDERS: Final = ORDERS.replace("winback: consent", "next_need: consent")
_HEAD: Final = (
    _ORDERS.partition("currency")[0].replace("shop_orders", "shop_other").replace("table: orders", "table: {}")
)
_MAILS: Final = (
    _HEAD.replace("{}", "campaign_contacts", 1).replace("shop_other", "shop_mails")
    + """key: [no]
person: {column: who, source: shop}
columns:
  at: {to: event_time}
  way: {to: channel}
  what: {to: kind}
"""
)
_DAYS: Final = (
    _HEAD.replace("{}", "calendar", 1).replace("shop_other", "shop_days")
    + """key: [no]
columns:
  at: {to: event_time}
  until: {to: ends_at}
  what: {to: kind}
"""
)


@dataclass(frozen=True)
class Shop:
    """A home whose customers were called and written to each week, and answered the telephone on Thursdays."""

    hub: Hub
    reader: Reader
    folder: Path

    def run(self, *words: str) -> Result:
        invocation = Invocation(environment={"VARDE_HOME": str(self.folder / "home")}, clock=self.hub.clock)
        return CliRunner().invoke(make_app(), ["predict", "when", *words], obj=invocation)

    def released(self, view: str) -> list[dict[str, Any]]:
        with self.hub.reading() as session:
            found = [dict(one.fields) for _, one in entries(session, action="view.release.intent")]
        return [one for one in found if one.get("view") == view]


@pytest.fixture(scope="module", autouse=True)
def in_process() -> Iterator[None]:
    """The child answers the same (`tests/unit/test_predict_child.py`); to start it each time takes seconds."""

    def ask(_study: str, name: str, message: Message) -> Message:
        return load_study(name)(message)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reaching, "ask", ask)
        yield


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder, clock = tmp_path_factory.mktemp("reaching"), FixedClock()
    settings = Settings.load({}, folder / "home")
    make_home(settings, clock=clock)
    hub = open_hub(settings, clock=clock)
    owner = acting_principal(hub)
    people = [f"k{n},Kari Nr{n},kari{n}@example.org,2023-01-01,{'yes' if n >= SILENT else ''}" for n in range(PEOPLE)]
    deliver(hub, owner, folder / "people", (_PEOPLE, "no,name,mail,since,news", people))
    bought = f"{clock() - timedelta(days=30):%Y-%m-%dT%H:%M:%S}"
    orders = [f"o{n},{bought},k{n},900,P" for n in range(PEOPLE)]
    deliver(hub, owner, folder / "orders", (_ORDERS, "order,at,who,total,state", orders))
    deliver(hub, owner, folder / "mails", (_MAILS, "no,at,who,way,what", mails(clock())))
    payday = clock().date() + timedelta(days=9)
    deliver(hub, owner, folder / "days", (_DAYS, "no,at,until,what", [f"1,{payday}T09:00:00,,payday"]))
    dpo = person(hub, "dpo", Role.DPO, owner)
    for name in (CONTACTS, CUSTOMERS):
        submit(hub, catalogue_text(name), owner)
        approve(hub, name, dpo, WITHOUT_CHECK)
    subject = find_subject(hub, f"shop:k{SILENT}")
    no = Act(act=ConsentAct.OBJECTED, purpose=PurposeId("contact.phone"), channel=ActChannel.AGENT)
    record_wish(hub, subject, no, owner)
    early = ContactWish(hour_from=6, hour_to=9, time_zone="Europe/Oslo")
    with hub.unit_of_work() as session:
        told = Statement(wish=early, at=clock(), told_by=ActChannel.AGENT, actor=owner.principal_id)
        state_wish(hub, session, find_subject(hub, f"shop:k{EARLY}"), told)
    scientist = person(hub, "scientist", Role.SCIENTIST, owner)
    yield Shop(hub=hub, reader=Reader(principal=scientist, module="next_need"), folder=folder)
    hub.engine.dispose()
    hub.keystore.engine.dispose()


def mails(now: datetime) -> list[str]:
    """Write six weeks of messages: e-mails on Mondays at 8, calls on Thursdays at 12 UTC, which are answered."""
    monday = (now - timedelta(days=now.weekday())).replace(hour=8, minute=0)
    rows = []
    for who in range(PEOPLE):
        for week in range(2, 8):
            mail, call = monday - timedelta(weeks=week), monday - timedelta(weeks=week) + timedelta(days=3, hours=4)
            for word, at, way, what in (
                ("m", mail, "email", "sent"),
                ("o", mail + timedelta(hours=1), "email", "opened"),
                ("c", call, "phone", "sent"),
                ("r", call + timedelta(hours=3), "phone", "replied"),
            ):
                rows.append(f"{word}{who}-{week},{at:%Y-%m-%dT%H:%M:%S},k{who},{way},{what}")
    return rows


def test_who_agreed_is_reached_as_they_answer_and_both_reads_are_audited(shop: Shop) -> None:
    ended = shop.run("--format", "json", "--closed", "payday")
    assert ended.exit_code == 0, ended.stderr
    rows = pl.DataFrame(json.loads(ended.stdout))
    assert rows.height == PEOPLE - SILENT
    by = dict(rows["channel"].value_counts().iter_rows())
    assert by == {"phone": PEOPLE - SILENT - 1, "email": 1}, "who wants no call is written to"
    called = rows.filter(pl.col("channel") == "phone")
    assert set(called["weekday"]) == {4}
    hours = dict(called["hour"].value_counts().iter_rows())
    assert hours.pop(10) == called.height - 1, "12 UTC in winter is 13 in Oslo: the part of the day from 10"
    assert hours == {None: 1}, "who wants to hear from us before nine only, when nobody was called"
    assert "by phone" not in ended.stdout
    assert "you answered" in called["because"][0] or "answer most often by telephone" in called["because"][0]
    assert "By channel, on the newest contacts: chosen" in ended.stderr
    assert "absent: consent_unknown" in ended.stderr
    for view in (CONTACTS, CUSTOMERS):
        (entry,) = shop.released(view)
        assert (entry["module"], entry["purpose"]) == ("next_need", "next_need")


def test_the_calendar_is_what_the_company_delivered_and_the_holidays_at_its_seat(shop: Shop) -> None:
    year = shop.hub.clock().year
    days = known_days(shop.hub, holidays=[date(year, 5, 17)], zone="Europe/Oslo")
    assert days.schema == {"day": pl.Date, "kind": pl.String}
    payday = shop.hub.clock().date() + timedelta(days=9)
    assert days.filter(pl.col("kind") == "payday")["day"].to_list() == [payday]
    assert days.filter(pl.col("kind") == "holiday")["day"].to_list() == [date(year, 5, 17)]


def test_a_stranger_learns_nothing_and_a_rehearsal_reads_nothing(shop: Shop, tmp_path: Path) -> None:
    before = len(shop.released(CONTACTS))
    stranger = replace(shop.reader, principal=replace(shop.reader.principal, views=frozenset({CUSTOMERS})))
    with pytest.raises(AccessRefused, match="credential_not_bound"):
        reaching.reaching(shop.hub, stranger, Wish(closed=(), holidays=(), zone="UTC"))
    assert shop.run("--out", str(tmp_path / "when.csv")).exit_code == 2, "whoever exports says what for"
    assert CONTACTS in shop.run("--dry-run").stderr
    assert len(shop.released(CONTACTS)) == before
