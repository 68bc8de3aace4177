"""How we write and what our phrases do: formulas by hand, what was planted is found, and nothing where nothing was."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from predict.disclosure import OTHER
from predict.errors import FrameRefused
from predict.text.readability import counted, ease, verdict, vienna
from predict.voice.words import LANGUAGES
from predict.writing.exchange import ABOUT, AFTER, BEFORE, mails, readable
from predict.writing.jargon import PRIOR, jargon, log_odds
from predict.writing.page import headlines, section
from predict.writing.phrases import phrases
from predict.writing.study import studied
from predict.writing.style import ALL, measured, styles
from predict.writing.words import WORDS
from tests.exchanges import exchanges

CASES = 1200
BETTER = {"nb": "følger saken selv", "sv": "följer ärendet själv"}
WORSE = {"nb": "vilkårene du har", "sv": "villkoren som du"}


def frame(*texts: str, language: str = "nb") -> pl.DataFrame:
    return pl.DataFrame({"text": texts, "language": [language] * len(texts)})


@pytest.fixture(scope="module")
def ours() -> pl.DataFrame:
    return mails(readable(exchanges(3, CASES, planted=1.0)))


def test_lix_counts_sentences_long_words_and_no_abbreviation_as_an_end() -> None:
    told = counted(frame("Vi har sett på saken, f.eks. kvitteringen. Hei [NAME_1]!\nHilsen oss"))
    row = told.row(0, named=True)
    assert (row["sentences"], row["words"], row["long_words"], row["long_sentences"]) == (3, 11, 1, 0)
    assert ease({name: told[name].to_numpy() for name in told.columns}, "sv")[0] == pytest.approx(11 / 3 + 100 / 11)


def test_flesch_amstad_and_vienna_are_as_published() -> None:
    english = counted(frame("The cat sat on the mat. It is a table made of wood.", language="en"))
    counts = {name: english[name].to_numpy() for name in english.columns}
    assert english.row(0, named=True)["syllables"] == 14
    assert ease(counts, "en")[0] == pytest.approx(206.835 - 1.015 * 6.5 - 84.6 * 14 / 13)
    german = counted(frame("Die Bearbeitung dauert. Wir helfen.", language="de"))
    told = {name: german[name].to_numpy() for name in german.columns}
    assert german.row(0, named=True)["syllables"] == 10
    assert ease(told, "de")[0] == pytest.approx(180 - 2.5 - 58.5 * 10 / 5)
    # one word of five is long and of many syllables, two have one
    assert vienna(told)[0] == pytest.approx(0.1935 * 20 + 0.1672 * 2.5 + 0.1297 * 20 - 0.0327 * 40 - 0.875)


@pytest.mark.parametrize(
    ("language", "figure", "said"),
    [("nb", 39, "easy"), ("nb", 40, "middling"), ("sv", 50, "hard"), ("en", 60, "easy"), ("de", 49, "hard")],
)
def test_what_is_hard_is_said_so(language: str, figure: float, said: str) -> None:
    assert verdict(figure, language) == said


@pytest.mark.parametrize(
    ("language", "passive", "active"),
    [
        (
            "nb",
            ["Saken blir behandlet i morgen", "Skjemaet må sendes inn", "Pengene ble ikke utbetalt"],
            "Vi behandler den",
        ),
        (
            "sv",
            ["Ärendet har blivit registrerat", "Blanketten måste skickas in", "Varan blev levererad"],
            "Vi skickar den",
        ),
        ("en", ["The case was closed", "It has been sent", "They are not informed"], "We sent it and are happy"),
        (
            "de",
            ["Der Fall wurde geschlossen", "Es wird bestätigt", "Das Geld wird morgen ausgezahlt"],
            "Wir werden helfen",
        ),
    ],
)
def test_passive_is_seen_and_the_active_is_left_alone(language: str, passive: list[str], active: str) -> None:
    told = measured(frame(*passive, active, language=language))
    assert told["passives"].to_list() == [1.0] * len(passive) + [0.0]


def test_a_mail_lies_between_what_came_before_and_what_came_after() -> None:
    said = [
        ("a", "t", "in", "This is terrible and rude", 90.0),
        ("a", "t", "out", "We look at it", 80.0),
        ("a", "t", "out", "Done", 70.0),
        ("a", "t", "in", "Excellent, thank you", 60.0),
        ("b", None, "out", "Good news", 50.0),
        ("b", None, "in", "Great", 40.0),
    ]
    schema = ["pseudonym", "thread", "direction", "text", "age_hours"]
    told = mails(readable(pl.DataFrame(said, schema=schema, orient="row"))).sort("age_hours", descending=True)
    first, last, alone = told.select(BEFORE, AFTER, ABOUT).rows()
    assert first[0] < 0
    assert first[1] is None, "our own next mail stands between"
    assert last[0] == first[0]
    assert last[1] > 0
    assert alone == (None, None, None)
    with pytest.raises(FrameRefused, match="thread"):
        readable(pl.DataFrame(said, schema=schema, orient="row").drop("thread"))


def test_of_two_messages_of_one_quarter_of_an_hour_nobody_knows_which_came_first() -> None:
    """The view tells quarters: a pair that could be the other way round is left out, on either side."""
    said = [
        ("a", "t", "in", "This is terrible and rude", 90.0),
        ("a", "t", "out", "We look at it", 80.0),
        ("a", "t", "in", "Excellent, thank you", 70.0),
        ("b", "u", "in", "This is terrible and rude", 90.0),
        ("b", "u", "out", "We look at it", 80.0),
        ("b", "u", "in", "Excellent, thank you", 80.0),
        ("c", "v", "in", "This is terrible and rude", 90.0),
        ("c", "v", "out", "We look at it", 90.0),
        ("c", "v", "in", "Excellent, thank you", 70.0),
        ("d", "w", "in", "This is terrible and rude", 90.0),
        ("d", "w", "out", "We look at it", 80.0),
        ("d", "w", "in", "Excellent, thank you", 70.0),
        ("d", "w", "out", "You are welcome", 70.0),
    ]
    schema = ["pseudonym", "thread", "direction", "text", "age_hours"]
    told = mails(readable(pl.DataFrame(said, schema=schema, orient="row"))).filter(pl.col("text") == "We look at it")
    assert told.drop_nulls(AFTER)["thread"].to_list() == ["t"]


def test_studies_four_weeks_apart_tell_the_same_twelve_weeks_of_how_we_write() -> None:
    """Else the difference of two studies would be a few mails of few of us; phrases are of half a year, and rounded."""
    mine = exchanges(3, 400, planted=0.0)
    week = 7 * 24.0
    fresh = exchanges(4, 30, planted=0.0).with_columns(pl.col("age_hours") - 3 * week)
    later = pl.concat([mine.with_columns(pl.col("age_hours") + 4 * week), fresh])
    then, now = (studied(each, hours_ago=ago, seed=7) for each, ago in ((mine, 0.0), (later, 4 * week)))
    assert {name: then[name] for name in ("mails", "customers", "styles", "jargon")} == {
        name: now[name] for name in ("mails", "customers", "styles", "jargon")
    }
    assert then["mails"] == 400
    assert now["phrases"]["answered"] % 10 == 0


def test_what_one_team_alone_writes_is_never_told(ours: pl.DataFrame) -> None:
    """However many customers there are, it could be one busy colleague."""
    theirs = readable(exchanges(3, CASES, planted=1.0)).filter(pl.col("direction") == "in")
    for team in (None, "technical", OTHER):
        one = ours.with_columns(team=pl.lit(team, dtype=pl.String))
        assert jargon(one, theirs) == []
        assert phrases(one, seed=7)["asked"] == 0


def test_the_team_that_writes_like_an_office_is_told_and_few_customers_are_not(ours: pl.DataFrame) -> None:
    told = {(one["language"], one["team"]): one for one in styles(ours)}
    assert set(told) == {
        (language, team)
        for language in ("nb", "sv")
        for team in (ALL, "billing", "first_line", "second_line", "technical")
    }
    for language in ("nb", "sv"):
        office, others = told[language, "billing"], told[language, "technical"]
        assert office["ease"]["low"] > others["ease"]["high"]
        assert office["passive"]["low"] > others["passive"]["high"]
        assert (office["official"]["figure"], others["official"]["figure"]) == (1.0, 0.0)
    few = ours.filter(pl.col("pseudonym").is_in(ours["pseudonym"].unique().sort().head(9).implode()))
    assert styles(few) == []
    assert styles(ours.with_columns(language=pl.lit(None, dtype=pl.String))) == []
    some = ours.filter((pl.col("team") != "billing") | pl.col("pseudonym").is_in(few["pseudonym"].implode()))
    teams = {one["team"] for one in styles(some) if one["language"] == "nb"}
    assert "billing" not in teams
    assert len(teams) == 3, "nor may it be had by subtraction"


@pytest.mark.parametrize("nameless", [OTHER, None])
def test_who_stands_under_no_team_is_not_had_by_subtraction_however_many_customers_there_are(
    ours: pl.DataFrame, nameless: str | None
) -> None:
    """A team of two people that the view does not name has hundreds of customers, too."""
    one = pl.when(pl.col("team") != "billing").then("team").otherwise(pl.lit(nameless))
    for language in ("nb", "sv"):
        told = {each["team"] for each in styles(ours.with_columns(team=one)) if each["language"] == language}
        assert OTHER not in told
        assert len(told - {ALL}) == 2


def test_words_that_customers_do_not_use_are_told_with_plainer_ones(ours: pl.DataFrame) -> None:
    theirs = readable(exchanges(3, CASES, planted=1.0)).filter(pl.col("direction") == "in")
    told = jargon(ours, theirs)
    listed = {one["word"]: one["plainer"] for one in told if one["plainer"]}
    assert listed == {}, "one team alone writes them, and that could be one of us"
    widely = ours.with_columns(team=pl.when(pl.col("age_hours") > 725).then(pl.lit("technical")).otherwise("team"))
    told = jargon(widely, theirs)
    listed = {one["word"]: one["plainer"] for one in told if one["plainer"]}
    assert listed["vedrørende"] == "om"
    assert listed["beträffande"] == "om"
    assert {"registrert", "behandlet"} & {one["word"] for one in told if one["plainer"] is None}
    assert all(one["customers"] >= 10 for one in told)


def test_log_odds_are_those_of_monroe_and_others() -> None:
    mine, yours = np.array([30.0, 10.0]), np.array([5.0, 15.0])
    prior = PRIOR * np.array([35, 25]) / 60
    first = np.log((30 + prior[0]) / (40 + PRIOR - 30 - prior[0])) - np.log(
        (5 + prior[0]) / (20 + PRIOR - 5 - prior[0])
    )
    gap, z = log_odds(mine, yours)
    assert gap[0] == pytest.approx(first)
    assert z[0] == pytest.approx(first / np.sqrt(1 / (30 + prior[0]) + 1 / (5 + prior[0])))


def test_planted_phrases_are_found_with_their_sign(ours: pl.DataFrame) -> None:
    told = phrases(ours, seed=7)
    assert told["found"]
    for one in told["found"]:
        planted = BETTER if one["gap"]["figure"] > 0 else WORSE
        assert planted[one["language"]] in one["phrase"]
        assert one["gap"]["low"] * one["gap"]["high"] > 0
        assert one["customers"] >= 10


def test_where_nothing_is_planted_no_phrase_is_blamed() -> None:
    told = phrases(mails(readable(exchanges(5, CASES, planted=0.0))), seed=7)
    assert told["asked"] > 20
    assert told["found"] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_section_is_written_in_every_language(language: str, told: dict[str, Any]) -> None:
    assert set(WORDS[language]) == set(WORDS["en"])
    page = "".join(section(told, language))
    assert WORDS[language]["title"] in page
    assert "billing" in page
    assert headlines(told, language)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return studied(exchanges(3, 800, planted=1.0), hours_ago=0, seed=7)


def test_nothing_is_told_of_nobody() -> None:
    alone = exchanges(3, 10, planted=0.0).filter(pl.col("direction") == "in")
    told = studied(alone, hours_ago=0, seed=7)
    assert (told["mails"], told["styles"], told["jargon"], told["phrases"]["found"]) == (0, [], [], [])
    assert headlines(told, "en") == []
