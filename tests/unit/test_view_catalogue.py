"""The default catalogue: every view loads, says why it needs each column, and keeps the hash that was approved."""

import pytest

from hub.views.load import catalogue_names, catalogue_spec

RECENCY = {"churn_signals_lines": "days_since_last_order"}


@pytest.mark.parametrize("name", catalogue_names())
def test_catalogue_views_load_and_teach_churn(name: str) -> None:
    spec = catalogue_spec(name)
    assert spec.name == name
    assert spec.recency == RECENCY.get(name, "days_since_last_activity")
    assert spec.label is not None
    assert spec.label.name == "churned"


@pytest.mark.parametrize("name", sorted({*catalogue_names()} - {"churn_signals_lines"}))
def test_catalogue_views_fold_in_one_pass_unless_orders_must_be_told_apart_by_number(name: str) -> None:
    assert all(aggregate.folds for aggregate in catalogue_spec(name).aggregates)


HASHES = {
    "churn_signals": "f3c592eb4086697158881fd7a9de2f7f82018ebc3adaa1ad19d6d7a2786c98dd",
    "churn_signals_lines": "4400e50254a380e5e91cbca91975c16a137bdb367c8af174602ab4df94199fc7",
    "churn_signals_org": "c79757a7bd964e4888be0c3fce4fb2f97b6783f41521759242777a255c158589",
}


@pytest.mark.parametrize(("name", "hashed"), HASHES.items())
def test_a_view_that_uses_nothing_new_keeps_the_hash_that_was_approved(name: str, hashed: str) -> None:
    """An approval binds the hash: a key that a later release adds must not close the views of an earlier one."""
    assert catalogue_spec(name).hash.hex() == hashed
