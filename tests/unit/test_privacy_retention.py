from datetime import datetime, timedelta

import pytest

from privacy.retention import RetentionRule, expired_before
from privacy.terms import DataCategory
from tests.privacy_builders import on

RULE = RetentionRule(table="usage", data_category=DataCategory.BEHAVIOUR, days=10)


def test_rows_are_kept_for_the_days_in_full() -> None:
    assert expired_before(RULE, at=on(20)) == on(10)


def test_rule_keeps_rows_for_a_day_at_least() -> None:
    with pytest.raises(ValueError, match="at least 1 day"):
        RetentionRule(table="usage", data_category=DataCategory.BEHAVIOUR, days=0)


def test_local_time_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        expired_before(RULE, at=datetime(2025, 3, 1))  # noqa: DTZ001 - the naive instant is what must be refused


def test_cut_moves_with_the_question() -> None:
    assert expired_before(RULE, at=on(21)) - expired_before(RULE, at=on(20)) == timedelta(days=1)
