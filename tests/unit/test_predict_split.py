from datetime import timedelta

import numpy as np
import polars as pl

from predict.churn.declaration import CHURN
from predict.frames import ordered
from predict.split import COMPARED, OUTCOMES, TAUGHT, SplitKind, split_of, taught, thinned
from tests.unit.predict_builders import HORIZON_DAYS, customers, month

HORIZON = timedelta(days=HORIZON_DAYS)


def cuts_at(frame, rows):
    return frame["as_of"].gather(rows).unique().sort().to_list()


def test_no_row_teaches_whose_label_was_unknown_at_the_cut_that_judges():
    frame = ordered(customers(cuts=14, each=20))
    split = split_of(frame, CHURN.label, horizon_days=HORIZON_DAYS, seed=1)
    assert split.kind is SplitKind.TEMPORAL
    assert cuts_at(frame, split.test) == [month(14)]
    pairs = [(split.teach, split.test), *((fold.teach, fold.judge) for fold in split.folds)]
    for teach, judge in pairs:
        assert max(cuts_at(frame, teach)) + HORIZON <= min(cuts_at(frame, judge))
    for fold in split.folds:
        assert max(cuts_at(frame, fold.judge)) + HORIZON <= month(14)


def test_the_cut_exactly_one_horizon_before_the_test_still_teaches():
    # 1 January to 1 April 2025 is 90 days to the hour: known at the very instant of the test
    cuts = [month(1), month(13), month(16)]
    frame = ordered(customers(cuts=16, each=5).filter(pl.col("as_of").is_in(cuts)))
    split = split_of(frame, CHURN.label, horizon_days=HORIZON_DAYS, seed=1)
    assert cuts_at(frame, split.teach) == [month(1), month(13)]
    later = split_of(frame, CHURN.label, horizon_days=HORIZON_DAYS + 1, seed=1)
    assert cuts_at(frame, later.teach) == [month(1)]


def test_few_cuts_hold_out_whole_customers_and_say_so():
    frame = ordered(customers(cuts=5, each=50))
    split = split_of(frame, CHURN.label, horizon_days=HORIZON_DAYS, seed=1)
    assert split.kind is SplitKind.TEMPORAL_TEST
    (fold,) = split.folds
    people = [set(frame["pseudonym"].gather(rows)) for rows in (fold.teach, fold.judge)]
    assert people[0].isdisjoint(people[1])
    assert people[1]


def test_one_cut_is_split_by_customer_with_equal_shares_of_churners():
    frame = ordered(customers(cuts=2, each=500))
    split = split_of(frame, CHURN.label, horizon_days=HORIZON_DAYS, seed=1)
    assert split.kind is SplitKind.STRATIFIED
    assert set(split.test).isdisjoint(split.teach)
    assert set(split.folds[0].judge).isdisjoint({*split.folds[0].teach, *split.test})
    assert cuts_at(frame, split.teach) == [month(2)]
    shares = [frame["churned"].gather(rows).mean() for rows in (split.test, split.teach)]
    assert abs(shares[0] - shares[1]) < 0.02


def test_more_rows_than_settle_a_question_are_drawn_by_the_seed_and_fewer_are_all_kept():
    rows = np.arange(100, 1100)
    drawn = thinned(rows, 200, seed=1)
    assert drawn.size == np.unique(drawn).size == 200
    assert (np.diff(drawn) > 0).all()
    assert np.isin(drawn, rows).all()
    assert np.array_equal(drawn, thinned(rows, 200, seed=1))
    assert not np.array_equal(drawn, thinned(rows, 200, seed=2))
    assert thinned(rows, 1000, seed=1) is rows


def test_a_rare_outcome_is_taught_by_more_rows_than_a_common_one():
    rows = np.arange(400_000)
    half, rare = (rows % 2 == 0).astype(float), (rows % 10 == 0).astype(float)
    assert taught(rows, half, seed=1).size == 2 * COMPARED
    assert taught(rows, rare, seed=1).size == 10 * OUTCOMES
    assert taught(rows, np.zeros(rows.size), seed=1).size == TAUGHT
    assert taught(rows[:500], half, seed=1).size == 500
