"""Products to come: ranked as a person would, filled up with what is popular, and a model only where it is better."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from predict.errors import FrameRefused, TooFewCustomers
from predict.feature import LANGUAGES
from predict.next_need.products import MANY, Columns, Way, because, judge, learn, popularity, ranked

COLUMNS = Columns()
CUTS = [datetime(2025, month, 1, tzinfo=UTC) for month in (1, 4, 7)]
HORIZON = timedelta(days=60)


def shop(*, habit: float, rhythm: float, customers: int = 150, seed: int = 3) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make pairs and what was bought later: by habit (times bought) and by rhythm (whether it is due)."""
    rng = np.random.default_rng(seed)
    pairs, bought = [], []
    for cut in CUTS:
        size = customers * 25
        often, since = rng.poisson(3, size) + 1, rng.integers(1, 200, size)
        odds = -2.0 + habit * (often - 4) - rhythm * (since - 100) / 50
        again = rng.random(size) < 1 / (1 + np.exp(-odds))
        frame = pl.DataFrame(
            {
                "pseudonym": [str(number // 25).encode() for number in range(size)],
                "product": [f"p{(number * 7) % 60:02}" for number in range(size)],
                "product_orders_730d": often,
                "product_orders_90d": (since < 90).astype(np.int64),
                "days_since_product": since,
                "bought_again": again,
            }
        ).with_columns(as_of=pl.lit(cut))
        pairs.append(frame)
        later = frame.filter("bought_again").select("pseudonym", "product", at=pl.lit(cut + timedelta(days=9)))
        bought.append(later)
    return pl.concat(pairs), pl.concat(bought)


def test_the_own_frequency_ranks_as_a_person_would() -> None:
    pairs, _ = shop(habit=0.3, rhythm=0, customers=8)
    cut = pairs.filter(pl.col("as_of") == CUTS[0])
    listed = ranked(cut, Way.OWN_FREQUENCY, columns=COLUMNS)
    for who, rows in cut.group_by("pseudonym"):
        expected = sorted(
            rows.to_dicts(),
            key=lambda one: (-one["product_orders_730d"], one["days_since_product"], one["product"]),
        )
        mine = listed.filter(pl.col("pseudonym") == who[0])["product"].to_list()
        assert mine == [one["product"] for one in expected[:MANY]]


def test_who_bought_little_gets_what_is_popular_and_nothing_twice() -> None:
    pairs, _ = shop(habit=0.3, rhythm=0, customers=20)
    cut = pairs.filter(pl.col("as_of") == CUTS[0])
    few = cut.filter(pl.int_range(pl.len()).over("pseudonym") < 3)
    listed = ranked(few, Way.OWN_FREQUENCY, columns=COLUMNS)
    sizes = listed.group_by("pseudonym").agg(pl.len(), pl.col("product").n_unique().alias("unlike"))
    assert (sizes["len"] == sizes["unlike"]).all()
    assert listed.filter("own").height == few.height
    filled = listed.filter(~pl.col("own"))
    assert filled.join(few, on=["pseudonym", "product"], how="semi").is_empty()
    best = sorted(popularity(few, COLUMNS)["popularity"], reverse=True)[: 2 * MANY][-1]
    shares = filled.join(popularity(few, COLUMNS), on=["as_of", "product"])["popularity"].to_list()
    assert min(shares) >= best
    same = ranked(few, Way.POPULARITY, columns=COLUMNS).group_by("pseudonym").agg("product")["product"]
    assert same.n_unique() == 1


@pytest.mark.parametrize(("rhythm", "way"), [(1.5, Way.MODEL), (0.0, Way.OWN_FREQUENCY)])
def test_the_model_is_used_only_where_it_sees_more_than_the_own_frequency(rhythm: float, way: Way) -> None:
    pairs, bought = shop(habit=0.4, rhythm=rhythm)
    model = learn(pairs, "bought_again", until=CUTS[2], columns=COLUMNS)
    found = judge(pairs, bought, model, columns=COLUMNS, window=(CUTS[2], HORIZON))
    assert found.way is way
    assert found.precision[Way.OWN_FREQUENCY].low > found.precision[Way.POPULARITY].high
    assert set(found.precision) == set(Way)


def test_the_model_learns_of_no_later_cut() -> None:
    pairs, _ = shop(habit=0.4, rhythm=1, customers=30)
    later = pl.col("as_of") >= CUTS[2]
    changed = pairs.with_columns(pl.when(later).then(~pl.col("bought_again")).otherwise("bought_again"))
    before, after = (learn(one, "bought_again", until=CUTS[2], columns=COLUMNS) for one in (pairs, changed))
    assert before == after


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_product_is_named_with_its_reason(language: str) -> None:
    pairs, _ = shop(habit=0.3, rhythm=0, customers=3)
    cut = pairs.filter(pl.col("as_of") == CUTS[0]).group_by("pseudonym").head(3)
    said = because(ranked(cut, Way.OWN_FREQUENCY, columns=COLUMNS), cut, language, columns=COLUMNS)
    assert said["because"].null_count() == 0
    own = said.filter("own").join(cut, on=["pseudonym", "as_of", "product"])
    assert all(str(one["product_orders_730d"]) in one["because"] for one in own.to_dicts())


def test_what_cannot_be_judged_says_why() -> None:
    pairs, bought = shop(habit=0.3, rhythm=0, customers=20)
    with pytest.raises(FrameRefused, match="product"):
        ranked(pairs.drop("product"), Way.POPULARITY, columns=COLUMNS)
    with pytest.raises(FrameRefused, match="model"):
        ranked(pairs, Way.MODEL, columns=COLUMNS)
    with pytest.raises(TooFewCustomers, match="purchases again"):
        learn(pairs, "bought_again", until=CUTS[0], columns=COLUMNS)
    model = learn(pairs, "bought_again", until=CUTS[2], columns=COLUMNS)
    with pytest.raises(TooFewCustomers, match="30"):
        judge(pairs, bought, model, columns=COLUMNS, window=(CUTS[2], HORIZON))
