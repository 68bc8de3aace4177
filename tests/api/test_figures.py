"""Figures over HTTP: the same cells in every form, and no row of anybody."""

from io import BytesIO

import polars as pl
import pytest
import yaml

from hub.api.formats import ARROW, CSV, JSON, PARQUET
from hub.authentication import Scope, add
from hub.client import Client
from hub.views.access import Views
from hub.views.registry import approve, submit
from hub.views.spec import LANGUAGES
from privacy.terms import Role
from tests.api.conftest import Caller
from tests.api.server import server_of
from tests.api.world import AS_OF, CHURN, World
from tests.view_builders import WITHOUT_CHECK

WORDS = dict.fromkeys(LANGUAGES, "words")
TEXT = yaml.safe_dump(
    {
        "name": "order_figures",
        "version": 1,
        "grain": "person",
        "purpose": CHURN,
        "consumer": "dashboard",
        "description": "Orders of many.",
        "as_of_grid": "day",
        "reads": {"per": "day", "at_most": 50},
        "expires_days": 30,
        "k": 5,
        "features": {
            "often": {"op": "count", "table": "orders", "bands": [0, 2, 3]},
            "amount": {
                "op": "sum",
                "table": "orders",
                "column": "amount_minor",
                "unit": "amount_minor",
                "filter": {"currency": "NOK"},
            },
        },
        "summary": {
            "by": {"often": {"feature": "often"}},
            "measures": {"customers": {"op": "count"}, "spent": {"op": "mean", "of": "amount", "round_to": 10}},
        },
        "texts": {"often": WORDS, "customers": WORDS, "spent": WORDS},
    },
    sort_keys=False,
)


@pytest.fixture(scope="module")
def figures(world: World) -> str:
    name = submit(world.hub, TEXT, world.owner).name
    everything = frozenset({"*"})
    dpo, _ = add(world.hub, "dpo of figures", Scope(role=Role.DPO, purposes=everything, views=everything), world.owner)
    approve(world.hub, name, dpo, WITHOUT_CHECK)
    return name


@pytest.mark.parametrize("media_type", [ARROW, PARQUET, CSV, JSON])
def test_every_form_holds_the_cells_that_python_reads(
    caller: Caller, world: World, figures: str, media_type: str
) -> None:
    here = Views(world.hub, world.reader)[figures].read(purpose=CHURN, as_of=AS_OF)
    answer = caller.read(figures, headers={"Accept": media_type})
    body = BytesIO(answer.content)
    readers = {ARROW: pl.read_ipc_stream, PARQUET: pl.read_parquet}
    texts = {CSV: pl.read_csv, JSON: pl.read_json}
    there = readers[media_type](body) if media_type in readers else texts[media_type](body, schema=here.schema)
    assert there.equals(here)
    assert here.columns == ["often", "customers", "spent", "withheld"]
    assert here["customers"].drop_nulls().min() >= 0
    assert answer.headers["varde-rows"] == str(here.height)


def test_no_single_row_and_no_kept_rows_are_there(caller: Caller, world: World, figures: str) -> None:
    pseudonym = world.pseudonyms[CHURN][0].hex()
    for path in (f"/v1/views/{figures}/rows/{pseudonym}", f"/v1/views/{figures}/rows"):
        answer = caller.call("GET", path, world.reader_token, params={"purpose": CHURN})
        assert answer.status_code in {403, 404}


def test_the_client_reads_and_describes_figures(world: World, figures: str) -> None:
    with server_of(world.hub) as address:
        view = Client(address, world.reader_token).view(figures)
        assert view.read(purpose=CHURN, as_of=AS_OF).columns == ["often", "customers", "spent", "withheld"]
        assert list(view.schema())[:3] == ["often", "customers", "spent"]
