"""`varde view` of figures: written, checked, compared, approved, shown and read, by cells."""

from pathlib import Path

import pytest

from tests.integration.cli_desk import Desk, stocked

SUMMARY = """
k: 5
reads: {per: day, at_most: 5}
summary:
  by: {often: {feature: often}}
  measures:
    customers: {op: count}
texts:
  often: {nb: Ofte, nn: Ofte, sv: Ofta, en: Often, de: Oft}
  customers: {nb: Kunder, nn: Kundar, sv: Kunder, en: Customers, de: Kunden}
"""
HEAD = """
name: order_figures
version: 1
grain: person
purpose: churn
consumer: dashboard
description: How many customers order how often.
as_of_grid: day
expires_days: 30
features:
  often: {op: count, table: orders, bands: [0, 1, 5]}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = stocked(tmp_path)
    submitted = desk.run("view", "submit", desk.file("figures.yaml", HEAD + SUMMARY), role="scientist")
    assert submitted.exit_code == 0, submitted.stderr
    return desk


def test_figures_live_as_views_do(desk: Desk, tmp_path: Path) -> None:
    """The desk has few customers: every cell of somebody is withheld, and nobody learns how many they are."""
    picture = tmp_path / "lineage.svg"
    checked = desk.run("view", "check", "order_figures", "--picture", picture, role="dpo")
    assert "withheld: too_few" in checked.stdout
    assert "orders.event_time" in picture.read_text()
    assert "employees" not in desk.run("view", "show", "order_figures").stderr
    assert "No row leaves" in desk.run("view", "show", "order_figures").stderr
    changed = desk.json("view", "diff", "order_figures")
    assert {"change": "no row leaves any more, but figures of cells"} in changed
    assert desk.run("view", "approve", "order_figures", "--unchecked", "no_data_yet", role="dpo").exit_code == 0
    rows = desk.json("view", "read", "order_figures", "--purpose", "churn")
    assert {row["often"] for row in rows} == {"0", "1", "5", "all"}
    assert all((row["customers"] is None) == row["withheld"] for row in rows)
    assert any(row["withheld"] for row in rows)
    assert desk.run("view", "materialise", "order_figures").exit_code == 4
    assert desk.run("view", "revoke", "order_figures").exit_code == 0
    assert desk.run("view", "read", "order_figures", "--purpose", "churn").exit_code == 4
