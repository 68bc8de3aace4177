"""Phrases whose words stand apart are heard in the order that each language allows, and not across a pause."""

import polars as pl
import pytest

from predict.satisfaction.critical import critical_of
from predict.satisfaction.themes import Themes

THEMES = Themes.shipped()


def kinds_of(text: str, language: str) -> list[str]:
    frame = pl.DataFrame({"pseudonym": [b"c"], "message": [b"m"], "text": [text], "language": [language]})
    found = critical_of(frame, THEMES)["kinds"].to_list()
    return found[0] if found else []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nb", "Kontrakten vår sier vi med dette opp."),
        ("nn", "Straumavtalen seier eg herved opp."),
        ("sv", "Abonnemanget säger vi tyvärr upp."),
        ("de", "Wir werden den Anbieter noch im Mai wechseln."),
        ("de", "Kündigen werden wir den Vertrag."),
    ],
)
def test_a_phrase_is_heard_though_its_words_stand_apart(language: str, text: str) -> None:
    assert kinds_of(text, language) == ["leaving"]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nb", "Han sier det er fint, opp med humøret."),  # a pause lies between
        ("nb", "Kan du si meg opp til hvor mye?"),  # an infinitive keeps its particle
        ("nb", "Kontrakten vår sier vi ikke opp."),
        ("de", "Den Vertrag werden wir nicht kündigen."),
        ("en", "Taking action is legal here."),  # English order is fixed
    ],
)
def test_words_that_only_stand_near_each_other_tell_nothing(language: str, text: str) -> None:
    assert kinds_of(text, language) == []
