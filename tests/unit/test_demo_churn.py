"""The planted departures can be found, by more than recency, and not perfectly."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hub.demo.company import generate
from hub.demo.lived import Truth

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
HORIZON = timedelta(days=90)
TRAIN, TEST = UNTIL - timedelta(days=270), UNTIL - timedelta(days=90)


@pytest.fixture(scope="module")
def truth() -> Truth:
    return generate(11, until=UNTIL).truth


def active(truth: Truth) -> pl.DataFrame:
    orders = truth.orders.filter(pl.col("status") != "cancelled").select("entity", "at", used=pl.lit(value=False))
    return pl.concat([orders, truth.usage.select("entity", "at", used=pl.lit(value=True))])


def signals(truth: Truth, at: datetime) -> pl.DataFrame:
    """Return features of the 90 days before `at` (and the count of the 90 days before those)."""
    days = (pl.lit(at) - pl.col("at")).dt.total_seconds() / 86_400
    seen = active(truth).filter(pl.col("at") < at).with_columns(ago=days).filter(pl.col("ago") <= 180)
    used, recent, month = pl.col("used"), pl.col("ago") <= 90, pl.col("ago") <= 30
    counts = seen.group_by("entity").agg(
        recency=pl.col("ago").min(),
        uses=(used & recent).sum(),
        orders=(~used & recent).sum(),
        month=month.sum(),
        quarter=recent.sum(),
        before=(~recent).sum(),
    )
    tickets = truth.tickets.filter((pl.col("at") < at) & (pl.col("at") >= at - HORIZON))
    hours = (pl.min_horizontal("resolved_at", pl.lit(at)) - pl.col("at")).dt.total_hours()
    desk = tickets.group_by("entity").agg(
        tickets=pl.len(),
        price=(pl.col("category") == "price").sum(),
        delivery=(pl.col("category") == "delivery").sum(),
        slowest=hours.max(),
    )
    recent_changes = truth.subscriptions.filter((pl.col("at") < at) & (pl.col("at") >= at - HORIZON))
    notice = (
        recent_changes.filter(pl.col("kind").is_in(["cancelled", "downgraded"])).group_by("entity").agg(notice=pl.len())
    )
    frame = (
        counts.filter(pl.col("quarter") > 0).join(desk, on="entity", how="left").join(notice, on="entity", how="left")
    )
    return frame.fill_null(0).with_columns(
        fall=pl.col("quarter") / (pl.col("before") + 1),
        last=pl.col("month") / (pl.col("quarter") + 1),
        overdue=pl.col("recency") * pl.col("quarter") / 90,
    )


def silent(truth: Truth, frame: pl.DataFrame, at: datetime) -> np.ndarray:
    later = active(truth).filter((pl.col("at") >= at) & (pl.col("at") < at + HORIZON))["entity"].unique()
    return (~frame["entity"].is_in(later.implode())).to_numpy()


def leaving(truth: Truth, frame: pl.DataFrame, at: datetime) -> np.ndarray:
    gone = truth.churn.filter((pl.col("left_at") >= at) & (pl.col("left_at") < at + HORIZON))["entity"]
    return frame["entity"].is_in(gone.implode()).to_numpy()


def scores(truth: Truth, train: pl.DataFrame, test: pl.DataFrame, label) -> tuple[float, float]:
    features = [name for name in train.columns if name != "entity"]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(train.select(features).to_numpy(), label(truth, train, TRAIN))
    truly = label(truth, test, TEST)
    guessed = model.predict_proba(test.select(features).to_numpy())[:, 1]
    return roc_auc_score(truly, guessed), roc_auc_score(truly, test["recency"].to_numpy())


def test_silence_is_predictable_beyond_recency_and_not_perfectly(truth: Truth) -> None:
    model, recency = scores(truth, signals(truth, TRAIN), signals(truth, TEST), silent)
    assert 0.85 <= model <= 0.95
    assert model >= recency + 0.05


def test_departures_of_those_still_there_are_predictable_where_recency_is_not(truth: Truth) -> None:
    there = [
        signals(truth, at).join(truth.churn.filter(pl.col("left_at") < at), on="entity", how="anti")
        for at in (TRAIN, TEST)
    ]
    model, recency = scores(truth, *there, leaving)
    assert 0.70 <= model <= 0.90
    assert model >= recency + 0.10


def test_who_leaves_without_warning_cannot_be_told_apart(truth: Truth) -> None:
    sudden = truth.churn.filter(pl.col("warned_at").is_null())
    planted = truth.churn.filter(pl.col("warned_at").is_not_null())
    frame = signals(truth, TEST).join(planted, on="entity", how="anti")
    calm = frame.join(truth.lives.episodes.select("entity").unique(), on="entity", how="anti")
    label = calm["entity"].is_in(sudden.filter(pl.col("left_at") >= TEST)["entity"].implode()).to_numpy()
    assert label.sum() > 10
    assert 0.3 < roc_auc_score(label, -calm["fall"].to_numpy()) < 0.7
