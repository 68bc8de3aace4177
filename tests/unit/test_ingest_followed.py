"""An attribute that a source delivers in two columns: a street and its number."""

import polars as pl
import pytest

from ingest.contract.load import contract_of_yaml
from ingest.readers.casts.check import Check
from ingest.readers.casts.plan import plan_of

CONTRACT = """
contract: shop_people
version: 1
source: shop
owner: team
table: people
format: {kind: parquet}
key: [id]
columns:
  road: {to: street, followed_by: house_no}
"""
ROADS = ["Storgata", None, None, "Kirkeveien"]


def read(numbers: pl.Series) -> tuple[pl.DataFrame, tuple[Check, ...]]:
    """Read four rows under the contract; return what came out, beside the source, and what is checked."""
    table = pl.DataFrame({"id": ["a", "b", "c", "d"], "road": ROADS, "house_no": numbers})
    plan = plan_of(contract_of_yaml(CONTRACT), dict(table.schema), {})
    return table.rename(lambda name: f"source:{name}").with_columns(plan.outputs), plan.checks


@pytest.mark.parametrize("numbers", [["7 b", "8", None, "9"], [7, 8, None, 9], [7.0, 8.0, None, 9.0]])
def test_what_is_there_is_put_together(numbers: list[object]) -> None:
    first = str(numbers[0]).removesuffix(".0")
    assert read(pl.Series(numbers))[0]["street"].to_list() == [f"Storgata {first}", "8", None, "Kirkeveien 9"]


def test_a_number_that_is_a_fraction_is_refused() -> None:
    told, checks = read(pl.Series([7.0, 7.5, None, 9.0]))
    refused = [told.select(bad=check.bad)["bad"].to_list() for check in checks if check.column == "house_no"]
    assert refused == [[False, True, False, False]]
