import numpy as np
import polars as pl
import pytest

from predict.churn.declaration import CHURN
from predict.errors import FrameRefused
from predict.feature import Role, features_of
from predict.frames import check_scoring, check_training, matrix_of
from tests.unit.predict_builders import customers


@pytest.mark.parametrize(
    ("column", "expression"),
    [
        ("pseudonym", pl.lit("text")),
        ("pseudonym", pl.lit(b"same")),
        ("as_of", pl.lit("2024-01-01")),
        ("orders_365d", pl.lit("many")),
        ("churned", pl.lit(1)),
        ("churned", pl.lit(None, dtype=pl.Boolean)),
    ],
)
def test_a_column_that_breaks_the_contract_is_named(column, expression):
    frame = customers(cuts=1, each=5).with_columns(expression.alias(column))
    with pytest.raises(FrameRefused) as refused:
        check_training(frame, CHURN.label)
    assert refused.value.column == column
    assert "many" not in str(refused.value)


@pytest.mark.parametrize("column", ["pseudonym", "as_of", "churned"])
def test_a_missing_column_is_named(column):
    with pytest.raises(FrameRefused, match=column):
        check_training(customers(cuts=1, each=5).drop(column), CHURN.label)


def test_a_frame_without_features_is_refused():
    with pytest.raises(FrameRefused, match="no feature"):
        check_scoring(customers(cuts=1, each=5).select("pseudonym", "as_of"))


def test_infinity_and_nan_are_as_good_as_null():
    frame = pl.DataFrame({"x": [1.0, float("inf"), float("nan"), None], "flag": [True, False, None, True]})
    matrix = matrix_of(frame, ("flag", "x"))
    assert np.isnan(matrix[:, 1]).tolist() == [False, True, True, True]
    assert matrix[:2, 0].tolist() == [1.0, 0.0]


def test_recency_is_found_by_its_usual_name_unless_the_view_says_otherwise():
    names = ("recency_days", "orders")
    assert [one.role for one in features_of(names, [])] == [Role.PLAIN, Role.RECENCY]
    told = features_of(names, [{"name": "orders", "role": "recency"}])
    assert [one.role for one in told] == [Role.RECENCY, Role.PLAIN]


def test_a_label_falls_back_to_a_neighbouring_language_then_english_then_the_column():
    (feature,) = features_of(["x_y"], [{"name": "x_y", "labels": {"nb": "bm", "en": "english"}}])
    assert (feature.label("nn"), feature.label("sv")) == ("bm", "english")
    assert features_of(["x_y"], [])[0].label("de") == "x y"
