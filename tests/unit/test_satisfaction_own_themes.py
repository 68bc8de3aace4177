"""A company's own themes: validated entry by entry, beside ours, and kept by the models that follow."""

from typing import Any

import polars as pl
import pytest

from hub.errors import ChildFailed
from hub.predictions.company_file import themes_from
from predict.satisfaction.own_themes import beside, own_themes
from predict.satisfaction.themes import Themes, told_themes

GOOD = """\
competitors: [Fjellro Data, Nordvik]
themes:
- name: parking
  kind: category
  priority: high
  words: {nb: "parkering*, bot i hagen", en: parking}
- {name: price, kind: category, priority: high, words: {nb: "månedsleie*"}}
"""


def told(*texts: str, language: str = "nb") -> pl.DataFrame:
    themes = beside(Themes.shipped(), own_themes(themes_from(GOOD)))
    return told_themes(pl.DataFrame({"text": texts, "language": [language] * len(texts)}), themes)


def test_own_themes_stand_beside_ours_and_add_words_to_them() -> None:
    found = told("Parkeringen var full", "Månedsleien steg", "Prisen steg", "Nordvik gjør dette bedre")
    assert found["category"].to_list() == ["parking", "price", "price", "other"]
    assert found["priority"].to_list() == ["high", "high", "high", "low_medium"]
    assert found["competitor"].to_list() == [None, None, None, "Nordvik"]
    assert found["mentions_competitor"].to_list() == [False, False, False, True]


@pytest.mark.parametrize(
    ("language", "dear", "fair", "neither"),
    [
        ("nb", "Det er ikke verdt pengene, alt for dyrt", "God pris for det vi får", "Hva koster det?"),
        ("sv", "Det är inte värt pengarna", "Ett bra pris", "Vad kostar det?"),
        ("en", "Not worth the money", "It is value for money", "What does it cost?"),
        ("de", "Das ist zu teuer", "Sehr preiswert", "Was kostet es?"),
    ],
)
def test_how_the_price_is_seen(language: str, dear: str, fair: str, neither: str) -> None:
    assert told(dear, fair, neither, language=language)["price_seen"].to_list() == ["dear", "fair", None]


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        (("kind: category", "kind: colour"), "line 3, parking.*no known kind"),
        (("priority: high\n", "priority: urgent\n"), "line 3, parking.*no known priority"),
        (("name: parking", "name: Parking!"), "line 3.*no name"),
        (("en: parking}", 'en: "p*"}'), "line 3, parking.*cannot be looked for"),
        (("en: parking}", "fi: parking}"), "line 3, parking.*no words by language"),
        (("  priority: high\n  words", "  words"), "line 3, parking.*needs exactly"),
        (("{name: price,", "{name: parking,"), "line 7, parking.*stands there twice"),
        (("Nordvik", "12"), "competitors.*cannot be looked for"),
        (("themes:", "topics:"), "topics.*no part of the file"),
        (("kind: category\n  priority: high\n", "kind: mention\n"), "line 3, parking.*no mention that is looked for"),
    ],
)
def test_what_makes_no_sense_is_named_by_line_entry_and_rule(spoilt: tuple[str, str], says: str) -> None:
    written = GOOD.replace(*spoilt)
    assert written != GOOD
    with pytest.raises(ChildFailed, match=says):
        themes_from(written)


def test_an_empty_file_has_no_themes() -> None:
    assert own_themes(themes_from("competitors: []\n")) == Themes(())
    kept: dict[str, Any] = beside(Themes.shipped(), Themes(())).as_mapping()
    assert kept == Themes.shipped().as_mapping()
