"""What is planted can be found from frames alone, and nothing is found where nothing was planted."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hub.demo.answers import answers_of
from hub.demo.desk import PLACE
from hub.demo.lake import Lake, lake_of, pseudonym_of
from hub.demo.lived import Making, live
from hub.demo.planted import NOTHING, Planted
from hub.demo.returns import win_back_of
from hub.demo.voices import BREAK_DAY, voices_of
from hub.views.load import catalogue_spec
from hub.views.spec import Grid
from predict.next_need.hits import Verdict, measured
from predict.next_need.trigger import DEFAULT_TRIGGERS
from predict.voice.wrong import places

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
CUTS = [datetime(2025, month, 1, tzinfo=UTC) for month in (2, 5, 8)]
TEST = datetime(2025, 10, 1, tzinfo=UTC)
MONDAYS = ((2024, 9, 2), (2024, 12, 2), (2025, 3, 3), (2025, 6, 2), (2025, 9, 1))
NEED_CUTS = [datetime(year, month, day, tzinfo=UTC) for year, month, day in MONDAYS]
NAMES = {"pseudonym", "as_of", "asset"}


def lake(planted: Planted) -> Lake:
    return lake_of(live(Making(seed=4, people=1_500, organisations=240, until=UNTIL, planted=planted)))


@pytest.fixture(scope="module")
def planted() -> Lake:
    return lake(Planted())


@pytest.fixture(scope="module")
def placebo() -> Lake:
    return lake(NOTHING)


def on_grid(view: str, cuts: list[datetime]) -> list[datetime]:
    """Take the Monday before where a view is read on Mondays."""
    if catalogue_spec(view).grid is not Grid.WEEK:
        return cuts
    return [cut - timedelta(days=cut.weekday()) for cut in cuts]


def auc(found: Lake, view: str, label: str) -> float:
    """Return how well a logistic regression on the view's numbers ranks a later month."""
    frames = [found.training(view, cuts, UNTIL) for cuts in (on_grid(view, CUTS), on_grid(view, [TEST]))]
    numbers = [name for name, kind in frames[0].schema.items() if kind.is_numeric() and name not in NAMES]
    train, test = (frame.select(pl.col(numbers).cast(pl.Float64).fill_nan(None).fill_null(-1)) for frame in frames)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    model.fit(train.to_numpy(), frames[0][label].to_numpy())
    return float(roc_auc_score(frames[1][label].to_numpy(), model.predict_proba(test.to_numpy())[:, 1]))


@pytest.mark.parametrize(
    ("view", "label", "bounds"),
    [
        ("churn_contracts_training", "churned", (0.72, 0.62)),
        ("service_machines_training", "repaired", (0.75, 0.66)),
    ],
)
def test_a_plant_is_found_and_a_placebo_is_not(
    planted: Lake, placebo: Lake, view: str, label: str, bounds: tuple[float, float]
) -> None:
    least, most = bounds
    assert auc(planted, view, label) > least
    assert auc(placebo, view, label) < most


@pytest.mark.parametrize(
    ("view", "label", "trigger"),
    [
        ("next_need_upgrades_training", "upgraded", "team_growth"),
        ("next_need_services_training", "took_service", "project_end"),
    ],
)
def test_a_trigger_holds_where_a_need_was_planted_and_nowhere_else(
    planted: Lake, placebo: Lake, view: str, label: str, trigger: str
) -> None:
    def holding(found: Lake) -> set[str]:
        frame = found.training(view, NEED_CUTS, UNTIL)
        told = measured(frame, DEFAULT_TRIGGERS, label=label, horizon_days=60, frequency="orders_365d")
        return {one["trigger"] for one in told if one["verdict"] == Verdict.HOLDS}

    assert trigger in holding(planted)
    assert not holding(placebo)


def test_departures_are_as_many_without_a_sign(planted: Lake, placebo: Lake) -> None:
    shown, hidden = planted.truth.churn, placebo.truth.churn
    assert shown["left_at"].sort().equals(hidden["left_at"].sort())
    assert set(hidden["cause"]) == {"sudden"}
    assert placebo.truth.lives.episodes.is_empty()


def test_a_share_of_departures_shows() -> None:
    churn = live(Making(seed=4, people=1_500, organisations=90, until=UNTIL, planted=Planted(churn=0.5))).churn
    assert 0.35 < (churn["cause"] != "sudden").mean() < 0.6


def test_cases_follow_what_came_up(planted: Lake, placebo: Lake) -> None:
    cases = planted.truth.tickets.drop_nulls("trigger")
    assert set(cases["trigger"]) == {"error_burst", "use_peak", "limit", "return"}
    assert (cases.filter(trigger="error_burst")["category"] == "function_error").all()
    assert placebo.truth.tickets["trigger"].null_count() == placebo.truth.tickets.height


def test_cases_go_wrong_in_the_planted_place_of_the_desk_and_by_chance_in_none(planted: Lake, placebo: Lake) -> None:
    found, nothing = (
        places(_closed(each.truth.tickets.filter(pl.col("at") >= UNTIL - timedelta(days=364))), None, seed=4)
        for each in (planted, placebo)
    )
    assert PLACE in [one["levels"] for one in found]
    assert nothing == []


def _closed(cases: pl.DataFrame) -> pl.DataFrame:
    """Name what a study reads of cases."""
    hours = (pl.col("resolved_at") - pl.col("at")).dt.total_hours()
    return cases.select(pseudonym_of(pl.col("entity")), hours.alias("hours"), "at", "escalated", *PLACE)


def test_purchases_follow_what_came_up(planted: Lake, placebo: Lake) -> None:
    needs, none = planted.truth.needs, placebo.truth.needs
    assert needs.group_by("trigger").agg(pl.col("bought_at").count())["bought_at"].min() > 10
    assert needs.select("entity", "trigger", "at").equals(none.select("entity", "trigger", "at"))
    assert none["bought_at"].null_count() == none.height
    services = planted.tables["order_lines"].filter(product_category="services")
    assert set(services["product_code"]) == {"MAINT-1", "CAP-1"}


def test_the_desk_has_a_week_and_holidays_and_without_seasons_neither(planted: Lake, placebo: Lake) -> None:
    def by_weekday(found: Lake) -> np.ndarray:
        usual = found.truth.tickets.filter(pl.col("trigger").is_null())
        return np.bincount(usual["at"].dt.weekday().to_numpy(), minlength=8)[1:]

    assert by_weekday(planted)[0] > 2 * by_weekday(planted)[6]
    assert by_weekday(placebo).max() < 1.5 * by_weekday(placebo).min()


def test_a_view_of_the_lake_names_whom_the_truth_names(planted: Lake) -> None:
    rows = planted.scoring("service_scoring", datetime(2025, 12, 1, tzinfo=UTC))
    known = planted.truth.people.select(pseudonym_of(pl.col("entity")))["pseudonym"]
    assert rows["pseudonym"].is_unique().all()
    assert rows["pseudonym"].is_in(known.implode()).all()


def test_more_or_less_than_all_cannot_be_planted() -> None:
    with pytest.raises(ValueError, match="churn is a share"):
        Planted(churn=1.2)


@pytest.mark.parametrize("share", [1.0, 0.0])
def test_an_offer_brings_back_those_for_whom_it_is_an_answer(share: float) -> None:
    planted = Planted(winback=share, answers=share)
    truth = live(Making(seed=9, people=4_000, organisations=60, until=UNTIL, planted=planted))
    sent = win_back_of(9, truth, UNTIL)
    alone = sent.filter(~pl.col("treated"))
    assert 0.4 < sent["treated"].mean() < 0.6
    assert 0.01 < alone["returned"].mean() < 0.08
    right = sent.filter(pl.col("uplift") > 0.1)
    assert set(sent["reason"]) >= {"price_sensitive", "service_frustrated", "feature_seeking", "drifting", "lured_away"}
    assert right.height == 0 if share == 0 else right["returned"].mean() > 4 * alone["returned"].mean()
    contacts, best = answers_of(9, truth, UNTIL)
    hits = contacts.join(best, on=["entity", "channel"], how="semi")["answered"].mean()
    misses = contacts.join(best, on=["entity", "channel"], how="anti")["answered"].mean()
    assert (hits / misses > 2) == (share > 0)


@pytest.mark.parametrize("share", [1.0, 0.0])
def test_planted_causes_annoy_and_personal_data_stand_where_the_truth_says(share: float) -> None:
    truth = live(Making(seed=6, people=300, organisations=30, until=UNTIL, planted=Planted(causes=share)))
    voices = voices_of(6, truth, 3_000, until=UNTIL)
    texts = voices.messages
    annoyed = pl.col("tone") < 0
    where = (pl.col("topic") == "delivery") & (pl.col("product") == "desks") & (pl.col("team") == "logistics")
    late = pl.col("at") >= UNTIL - timedelta(days=730 - BREAK_DAY)
    others = texts.filter(~pl.col("planted")).select(annoyed.mean()).item()
    here = texts.filter(where & late).select(annoyed.mean()).item()
    assert 0.2 < others < 0.3
    assert (here > others + 0.2) == (share > 0)
    spans = voices.spans.join(texts, on="message").join(truth.people, on="entity", suffix="_of")
    said = pl.col("text").str.slice(pl.col("start"), pl.col("end") - pl.col("start"))
    meant = pl.when(pl.col("kind") == "name").then(pl.format("{} {}", "given_name", "family_name"))
    meant = meant.when(pl.col("kind") == "phone").then("phone").otherwise("email")
    assert spans.select((said == meant).all()).item()
    assert set(texts["language"]) == {"nb", "sv", "de", "en"}
    assert set(texts["special"].drop_nulls()) == {"health", "union", "religion"}
    assert not texts["text"].str.contains(r"[.!?][A-ZÅÄÖÆØÜ]").any()
