"""Article 5(1)(b) and (c): data serve the purposes they were collected for, and no more is used than is needed."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.minimisation import hide_groups_below
from tests.integration.cli_desk import Desk, stocked
from tests.request_builders import PEOPLE, Office
from tests.shop import view_text


@pytest.fixture
def shop(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


def test_art05_1b_a_view_reads_no_table_that_its_purpose_does_not_name(shop: Desk) -> None:
    """A view on a table that the policy does not list for its purpose is refused before anybody could approve it."""
    ended = shop.run("view", "submit", shop.file("orders.yaml", view_text("service_orders", "service")))
    assert ended.exit_code == 4
    assert "Purpose service does not list orders" in " ".join(ended.stderr.split())
    assert shop.run("view", "approve", "service_orders", role="dpo").exit_code != 0


def test_art05_1b_rows_for_one_purpose_are_not_read_for_another(shop: Desk) -> None:
    """An approved view is read for the purpose that it was approved for; for any other it is refused."""
    assert shop.run("view", "approve", "shopping", "--unchecked", "no_data_yet", role="dpo").exit_code == 0
    refused = shop.run("view", "read", "shopping", "--purpose", "winback")
    assert (refused.exit_code, refused.stdout) == (4, "")
    assert shop.run("view", "read", "shopping", "--purpose", "churn").exit_code == 0


def test_art05_1c_a_column_that_nothing_needs_never_arrives(desk: Office) -> None:
    """What a contract ignores is in no answer that tells a person all that is held about them."""
    contract = PEOPLE.replace("key: [no]", "key: [no]\nignore: [hobby]")
    row = "k9,Nina Needless,nina@example.org,,2025-01-01,,butterfly-collecting"
    desk.deliver(contract, "no,name,mail,phone,since,news,hobby", row)
    told = desk.exported("shop:k9").decode()
    assert "Nina Needless" in told
    assert "butterfly" not in told


@given(st.lists(st.sampled_from("abcd"), max_size=30), st.integers(2, 5))
def test_art05_1c_nobody_stands_out_by_what_describes_them(areas: list[str], k: int) -> None:
    """Whatever the rows, each combination of describing columns is shared by at least k of those that are released."""
    frame = pl.LazyFrame({"area": areas}, schema={"area": pl.String})
    released = hide_groups_below(frame, ["area"], k=k).collect()
    assert all(size >= k for _, size in released.group_by("area").len().iter_rows())
