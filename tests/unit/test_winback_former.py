"""What is said of former customers: a stated reason before clues, values of orders and contracts, uplift of a trial."""

from datetime import UTC, datetime

import polars as pl
import pytest

from predict.errors import RuleRefused
from predict.frames import PSEUDONYM
from predict.uplift.evidence import Verdict
from predict.winback.former import Asked, former
from predict.winback.playbook import DEFAULT, playbook_of
from tests.trial_builders import campaign

AT = datetime(2025, 6, 2, tzinfo=UTC)
ASKED = Asked(playbook=playbook_of(DEFAULT), at=AT)


def customers(**columns):
    count = max(len(values) for values in columns.values())
    frame = pl.DataFrame({PSEUDONYM: [bytes([n]) * 16 for n in range(count)], **columns})
    return frame.with_columns(as_of=pl.lit(AT).dt.cast_time_unit("us"))


def reach(frame):
    return frame.select(PSEUDONYM, reach_email=pl.lit(value=True))


def test_what_a_customer_stated_stands_before_clues_and_bars_discounts():
    """Clues of price, a stated complaint about service: no discount is offered."""
    frame = customers(
        downgrades_1095d=[3, 3],
        payment_delay_days=[30, 30],
        discount_share_1095d=[0.9, 0.9],
        lost_reason=["service", None],
        amount_1095d=[30_000_000, 30_000_000],
        open_tickets=[0, 0],
    )
    rows = former(frame, reach(frame), None, ASKED).rows
    assert rows["reason"].to_list() == ["service_frustrated", "price_sensitive"]
    assert rows["stated"].to_list() == [True, False]
    assert rows["offer"].to_list() == ["cause_put_right", "ten_per_cent"]


def test_a_year_of_orders_and_of_a_contract_is_worth_its_margin_and_an_open_complaint_stops_offers():
    frame = customers(amount_1095d=[300_000, 0, 300_000], monthly_amount=[0, 100_000, None], open_tickets=[0, 0, 1])
    rows = former(frame, reach(frame), None, ASKED).rows
    assert rows["value_minor"].to_list() == pytest.approx([30_000, 360_000, 30_000])
    assert rows["because"][2] == "open complaint"


def test_a_trial_in_which_contacting_helps_gives_each_their_own_uplift():
    trial = campaign(900, persuaded=0.6, usual=-2.0, seed=11)
    frame = trial.drop("treated", "responded").head(60)
    found = former(frame, reach(frame), trial, ASKED)
    assert found.told["uplift"]["verdict"] == Verdict.TARGET.value
    assert found.rows["uplift"].n_unique() > 10
    assert "assumed" not in found.told["uplift"]


def test_value_counts_the_months_the_discount_and_the_margin_of_a_group_and_names_levels_that_nobody_has():
    said = {
        "margin": 0.2,
        "months": 24,
        "yearly_discount": 0.1,
        "by": "lost_reason",
        "margins": {"price": 0.5, "typo": 1},
    }
    terms = {**DEFAULT["terms"], **said}
    frame = customers(amount_1095d=[36_000.0, 36_000.0], lost_reason=["price", "service"], open_tickets=[0, 0])
    asked = Asked(playbook=playbook_of({**DEFAULT, "terms": terms}), at=AT)
    found = former(frame, reach(frame), None, asked)
    months = sum(1.1 ** (-(month + 0.5) / 12) for month in range(24))
    assert found.rows["value_minor"].to_list() == pytest.approx([1_000 * months * 0.5, 1_000 * months * 0.2])
    assert found.told["unknown_levels"] == ["typo"]


@pytest.mark.parametrize(
    "wrong", [{}, {**DEFAULT, "more": 1}, {**DEFAULT, "terms": {"margins": 1}}, {**DEFAULT, "terms": {"months": 0}}]
)
def test_a_playbook_that_is_none_is_refused(wrong):
    with pytest.raises(RuleRefused):
        playbook_of(wrong)
