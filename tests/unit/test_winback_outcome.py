"""The report of a campaign in nb, nn, sv, en and de: every heading, name and sentence, and the same figures in each."""

import re
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from predict.errors import MessageRefused
from predict.feature import LANGUAGES
from predict.module import Report
from predict.telling.teller import teller_of
from predict.winback.declaration import WINBACK
from predict.winback.kpi import Window
from predict.winback.module import CAMPAIGN
from predict.winback.outcome import outcome
from predict.winback.playbook import DEFAULT, playbook_of
from predict.wire import Message

BEGAN = datetime(2026, 1, 5, tzinfo=UTC)
AT = BEGAN + timedelta(days=120)
BAND = {"kpi": "win_back_rate", "low": 0.1, "high": 0.2, "source": "own trial"}
ALIKE = {"n", "band", "Band", "formula", "kunder", "arm", "rate", "channel", "card"}  # words that two languages share


def campaign(*, won: int = 60, unasked: int = 5) -> pl.DataFrame:
    """Two hundred customers in each arm, of whom so many came back after 30 days."""
    rows = 400
    contact = pl.int_range(rows) < rows // 2
    number = pl.int_range(rows) % (rows // 2)
    back = number < pl.when(contact).then(won).otherwise(unasked)
    frame = pl.DataFrame({"pseudonym": [n.to_bytes(16, "big") for n in range(rows)]})
    utc = pl.Datetime("us", "UTC")
    return frame.with_columns(
        arm=pl.when(contact).then(pl.lit("contact")).otherwise(pl.lit("hold_out")),
        left_at=pl.lit(BEGAN - timedelta(days=200)).cast(utc),
        started_at=pl.lit(BEGAN).cast(utc),
        written=contact,
        responded=contact & (number < won // 2),
        returned_at=pl.when(back).then(pl.lit(BEGAN + timedelta(days=30))).cast(utc),
        left_again_at=pl.lit(None, dtype=utc),
        cost_minor=pl.when(contact).then(500).otherwise(0).cast(pl.Int64),
        value_minor=pl.lit(100_000, dtype=pl.Int64),
    )


def told(language: str, **returned: int) -> Report:
    rows = campaign(**returned)
    sent = rows.filter("written").select("pseudonym", channel=pl.lit("email"), at="started_at")
    playbook = playbook_of({**DEFAULT, "bands": [BAND]})
    return outcome(rows, sent, playbook, Window(at=AT), teller_of(WINBACK, language))


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_no_heading_name_or_sentence_stays_english(language: str) -> None:
    mine, english = told(language), told("en")
    assert f'<html lang="{language}">' in mine.html
    cells = [
        {re.sub(r"<[^>]+>", "", one) for one in re.findall(r"<(?:h1|h2|th|td|p)[^>]*>(.*?)</", each.html)}
        for each in (mine, english)
    ]
    shared = {one for one in cells[0] & cells[1] if re.search("[a-z]{3}", one)} - ALIKE
    assert not shared, shared
    assert mine.values["figures"] == english.values["figures"], "figures and their names in JSON do not change"
    assert mine.values["summary"] in mine.markdown
    assert "{" not in mine.markdown


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_verdict_has_its_own_sentence(language: str) -> None:
    said = {
        re.sub(r"[0-9]", "", told(language, won=won, unasked=unasked).values["summary"])
        for won, unasked in ((60, 5), (5, 60), (20, 20))
    }
    assert len(said) == 3


def test_every_figure_has_a_name_and_a_formula_in_words() -> None:
    words = WINBACK.wording["en"]
    for one in told("en").values["figures"]:
        assert {f"kpi.{one['name']}", f"formula.{one['name']}"} <= set(words)


def test_a_language_that_is_none_of_ours_is_refused() -> None:
    asked = Message({"returns_days": 90, "at": AT.isoformat(), "started_at": BEGAN.isoformat(), "language": "fi"})
    with pytest.raises(MessageRefused, match="language"):
        CAMPAIGN["outcome"](asked)
