"""The module learns from scores and texts, hears with what it learned, and tells nobody's words."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from predict.feature import features_of
from predict.module import Brief
from predict.registry import load
from predict.satisfaction.declaration import SATISFACTION
from predict.satisfaction.study import studied
from predict.satisfaction.themes import Themes

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
CUTS = [FIRST + timedelta(days=30 * step) for step in range(8)]
PRAISE, BLAME, PLAIN = "the zarp was nixed", "my krull went pobbed", "a mib for the order"
PEOPLE = 90


def customers(seed: int = 7) -> pl.DataFrame:
    """Customers at eight instants: who asks often is dissatisfied more often, and their CSAT says so."""
    rng = np.random.default_rng(seed)
    rows = []
    for cut in CUTS:
        tickets = rng.poisson(2, PEOPLE)
        low = rng.random(PEOPLE) < 0.1 + 0.15 * tickets.clip(0, 5)
        rows += [
            (number.to_bytes(16), cut, int(asked), bool(bad), (1.5, 3.0, 4.8)[number % 3])
            for number, (asked, bad) in enumerate(zip(tickets, low, strict=True))
        ]
    schema = ["pseudonym", "as_of", "tickets_90d", "dissatisfied", "csat_mean_180d"]
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("as_of").cast(pl.Datetime("us", "UTC")))


def texts(each: int = 12) -> pl.DataFrame:
    """Words that are in no list, used by customers whose scores say what they mean."""
    said = {0: BLAME, 1: PLAIN, 2: PRAISE}
    rows = [
        (number.to_bytes(16), (1000 * number + turn).to_bytes(16), f"{said[number % 3]} today", "en", 7 * (turn % 20))
        for number in range(PEOPLE)
        for turn in range(each)
    ]
    rows += [(b"\0" * 16, b"\xff" * 16, None, "en", 0)]
    schema = ["pseudonym", "message", "message_text", "message_language", "message_age_days"]
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        as_of=pl.lit(CUTS[-1]).cast(pl.Datetime("us", "UTC"))
    )


def brief(**told: object) -> Brief:
    names = ("tickets_90d", "csat_mean_180d")
    return Brief(horizon_days=90, features=tuple(features_of(names, [])), history_months=8, **told)  # type: ignore[arg-type]  # what is told


@pytest.fixture(scope="module")
def trained() -> bytes:
    return load("satisfaction").train(customers(), brief(texts=texts()))


def test_own_scores_teach_words_that_are_in_no_list(trained: bytes) -> None:
    module = load("satisfaction")
    learned = module.report(trained).values["figures"]["texts"]["learned"]
    assert learned["own"]
    assert learned["macro_f1"] > learned["macro_f1_shipped"]
    frame = texts().head(3).with_columns(message_text=pl.Series([PRAISE, BLAME, PLAIN]))
    told = module.hear(trained, frame)  # type: ignore[attr-defined]  # it listens
    assert told.sort("message")["level"].sign().to_list() == [1, -1, 0]


def test_a_report_holds_figures_and_no_text_and_no_model(trained: bytes) -> None:
    told = load("satisfaction").report(trained)
    assert told.values["figures"]["texts"]["withheld"] == 1
    assert "What to look at first" in told.html
    assert "macro-F1 by customers that were not taught" in told.markdown
    for words in (BLAME, PRAISE, PLAIN):
        assert words not in json.dumps(told.values) + told.markdown + told.html
    assert "rarity" not in json.dumps(told.values)
    assert BLAME.encode() not in trained


def test_topics_keep_their_numbers_from_model_to_model(trained: bytes) -> None:
    module = load("satisfaction")
    again = module.train(customers().drop("csat_mean_180d"), brief(texts=texts(), earlier=trained, seed=8))
    numbers = [
        {each["number"] for each in json.loads(one)["profile"]["ear"]["topics"]} for one in map(body, (trained, again))
    ]
    assert len(numbers[0] & numbers[1]) >= 0.8 * len(numbers[0]) > 0


def body(artefact: bytes) -> str:
    told = json.loads(artefact)
    return json.dumps(told.get("body", told))


def test_readiness_counts_texts_as_advice(trained: bytes) -> None:
    module = load("satisfaction")
    few = module.readiness(customers(), brief(texts=texts(2)))
    none = module.readiness(customers(), brief())
    for verdict, have in ((few, 2 * PEOPLE), (none, 0)):
        finding = next(each for each in verdict.findings if each.name == "texts")
        assert (finding.light, finding.have, finding.need) == ("amber", have, 1000)
    assert few.grade == none.grade


def test_without_texts_it_is_a_module_like_others_and_hears_by_the_shipped_lists() -> None:
    module = load("satisfaction")
    artefact = module.train(customers(), brief())
    assert "texts" not in module.report(artefact).values["figures"]
    told = module.hear(artefact, texts().head(1).with_columns(message_text=pl.lit("Terrible and rude")))  # type: ignore[attr-defined]  # it listens
    assert told["level"][0] < 0


def test_few_scores_leave_the_shipped_model_and_lines_of_few_customers_are_not_told() -> None:
    frame = texts(2).head(8)
    ear, told = studied(frame, customers(), Themes.shipped(), earlier=(), seed=7)
    assert ear.sentiment.base is None
    assert told["learned"] == {"labelled": 8, "own": False}
    assert told["languages"] == []
    assert told["categories"] == []
    assert told["critical"]["leaving"] == {"texts": 0, "customers": 0}
    alone = frame.with_columns(message_text=pl.lit("We will cancel our contract"))
    assert studied(alone, customers(), Themes.shipped(), earlier=(), seed=7)[1]["critical"]["leaving"]["texts"] is None
    assert SATISFACTION.texts == "satisfaction_messages"


def test_a_companys_own_themes_outlive_a_new_training() -> None:
    module = load("satisfaction")
    themes = {"competitors": ["Fjellro Data"], "themes": []}
    few = texts(1)
    first = module.train(customers(), brief(texts=few, themes=themes))
    then = module.train(customers(), brief(texts=few, earlier=first))
    asked = few.head(2).with_columns(message_text=pl.Series(["Fjellro Data is cheaper", "It works"]))
    told = module.hear(then, asked).sort("message")  # type: ignore[attr-defined]  # it listens
    assert told["competitor"].to_list() == ["Fjellro Data", None]
    none = module.train(customers(), brief(texts=few, earlier=then, themes={"competitors": [], "themes": []}))
    assert module.hear(none, asked)["competitor"].to_list() == [None, None]  # type: ignore[attr-defined]  # it listens
