"""`varde predict next`: what comes next through the gate, of whoever agreed, under pseudonyms, and audited."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from hub.authentication import acting_principal
from hub.cli.app import make_app
from hub.cli.launch import Invocation
from hub.compose import Hub, open_hub
from hub.errors import AccessRefused
from hub.home import make_home
from hub.predictions import coming
from hub.predictions.coming import VIEWS, Wish
from hub.settings import Settings
from hub.views.intent import Reader
from hub.views.load import catalogue_text
from hub.views.registry import approve, submit
from predict.next_need.door import Kind
from predict.studies import load_study
from predict.wire import Message
from privacy.store.audit import entries
from privacy.terms import Role
from tests.builders import FixedClock
from tests.reveal_builders import person
from tests.shop import ORDERS, people_contract
from tests.view_builders import WITHOUT_CHECK
from tests.winback_builders import deliver

PEOPLE: Final = 30
SILENT: Final = 4
"""The first customers never said that they agree to suggestions."""
AGREED: Final = PEOPLE - SILENT
_AGREE: Final = ("winback: consent", "next_need: consent")
_PEOPLE: Final = people_contract("""
consent:
  news: {purposes: [next_need], values: {"yes": given, "": unknown}, at: since, notice: privacy-2025-01}
""").replace(*_AGREE)
_HEAD: Final = ORDERS.partition("currency")[0].replace(*_AGREE)
_LINES: Final = (
    _HEAD.replace("shop_orders", "shop_lines").replace("table: orders", "table: order_lines")
    + """currency: NOK
key: [no]
person: {column: who, source: shop}
columns:
  no: {to: order_ref}
  at: {to: event_time}
  article: {to: product_code}
  pieces: {to: quantity}
  total: {to: amount_minor}
"""
)
_USAGE: Final = (
    _HEAD.replace("shop_orders", "shop_usage").replace("table: orders", "table: usage")
    + """key: [no]
person: {column: who, source: shop}
columns:
  at: {to: event_time}
  function: {to: feature}
constants: {kind: feature}
"""
)


@dataclass(frozen=True)
class Shop:
    """A home whose customers buy soap (twice) and rope and use two functions; the last one never tried `export`."""

    hub: Hub
    reader: Reader
    folder: Path

    def run(self, *words: str) -> Result:
        invocation = Invocation(environment={"VARDE_HOME": str(self.folder / "home")}, clock=self.hub.clock)
        return CliRunner().invoke(make_app(), ["predict", "next", *words], obj=invocation)

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
        patch.setattr(coming, "ask", ask)
        yield


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder, clock = tmp_path_factory.mktemp("coming"), FixedClock()
    settings = Settings.load({}, folder / "home")
    make_home(settings, clock=clock)
    hub = open_hub(settings, clock=clock)
    owner = acting_principal(hub)
    people = [f"k{n},Kari Nr{n},kari{n}@example.org,2023-01-01,{'yes' if n >= SILENT else ''}" for n in range(PEOPLE)]
    deliver(hub, owner, folder / "people", (_PEOPLE, "no,name,mail,since,news", people))
    days = {one: f"{clock() - timedelta(days=one):%Y-%m-%dT%H:%M:%S}" for one in (1, 9, 20, 40)}
    taken = [(days[ago], article) for ago, article in ((9, "soap"), (40, "soap"), (20, "rope"))]
    lines = [f"{n}-{i},{at},k{n},{what},1,900" for n in range(PEOPLE) for i, (at, what) in enumerate(taken)]
    lines += [f"rare{n},{days[1]},k{n},rare,1,900" for n in range(SILENT, SILENT + 3)]
    deliver(hub, owner, folder / "lines", (_LINES, "no,at,who,article,pieces,total", lines))
    used = [(n, one) for n in range(PEOPLE) for one in ("alarm", "export") if (n, one) != (PEOPLE - 1, "export")]
    usage = [f"{one}{n},{days[9]},k{n},{one}" for n, one in used]
    deliver(hub, owner, folder / "usage", (_USAGE, "no,at,who,function", usage))
    dpo = person(hub, "dpo", Role.DPO, owner)
    for name in VIEWS.values():
        submit(hub, catalogue_text(name), owner)
        approve(hub, name, dpo, WITHOUT_CHECK)
    scientist = person(hub, "scientist", Role.SCIENTIST, owner)
    yield Shop(hub=hub, reader=Reader(principal=scientist, module="next_need"), folder=folder)
    hub.engine.dispose()
    hub.keystore.engine.dispose()


def test_products_are_named_to_whoever_agreed_and_the_read_is_audited(shop: Shop) -> None:
    ended = shop.run("product", "--format", "json")
    assert ended.exit_code == 0, ended.stderr
    rows = pl.DataFrame(json.loads(ended.stdout))
    assert rows.columns == ["pseudonym", "as_of", "place", "product", "basis", "share", "customers", "because"]
    first, second = (rows.filter(pl.col("place") == place) for place in (1, 2))
    assert first.height == second.height == rows["pseudonym"].n_unique() == AGREED
    assert set(first["product"]) == {"soap"}, "bought twice"
    assert set(second["product"]) == {"rope"}
    assert "rare" not in ended.stdout, "few have it"
    assert set(rows["customers"]) == {AGREED}
    assert set(rows["share"]) == {1.0}
    assert "absent: consent_unknown" in ended.stderr
    (entry,) = shop.released(VIEWS[Kind.PRODUCT])
    assert (entry["module"], entry["purpose"], entry["rows"]) == ("next_need", "next_need", 2 * AGREED)


def test_a_function_goes_to_a_file_for_the_owner_alone_and_only_of_whom_it_is_new(shop: Shop, tmp_path: Path) -> None:
    out = tmp_path / "functions.parquet"
    assert shop.run("function", "--out", str(out)).exit_code == 2, "whoever exports says what for"
    assert shop.released(VIEWS[Kind.FUNCTION]) == []
    ended = shop.run("function", "--out", str(out), "--use", "product_improved", "--language", "nb")
    assert ended.exit_code == 0, ended.stderr
    assert out.stat().st_mode & 0o777 == 0o600
    (row,) = pl.read_parquet(out).to_dicts()
    assert (row["function"], row["basis"], row["customers"]) == ("export", "everybody", AGREED)
    assert row["share"] == pytest.approx((AGREED - 1) / AGREED)
    assert "andre kunder" in row["because"]
    assert f"1 of {AGREED} customers" in ended.stderr


def test_a_stranger_learns_nothing_and_a_rehearsal_reads_nothing(shop: Shop) -> None:
    before = len(shop.released(VIEWS[Kind.PRODUCT]))
    stranger = replace(shop.reader, principal=replace(shop.reader.principal, views=frozenset({"another"})))
    with pytest.raises(AccessRefused, match="credential_not_bound"):
        coming.coming(shop.hub, stranger, Wish(kind=Kind.PRODUCT))
    assert "up to 2 products" in shop.run("product", "--places", "2", "--dry-run").stderr
    assert len(shop.released(VIEWS[Kind.PRODUCT])) == before
