"""Frames hear what is meant by other words than the lists, in every inflection and order, and nothing else."""

from itertools import product
from typing import Final

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from predict.satisfaction.critical import critical_of
from predict.satisfaction.frames import NOT, RIVAL, near, shipped_frames
from predict.satisfaction.groups import LANGUAGES, Group, grouped, patterns_of
from predict.satisfaction.themes import Themes, told_themes
from predict.satisfaction.threats import CRITICAL
from predict.text.lexicon import LONGEST
from predict.text.words import fold, words_of

THEMES: Final = Themes.shipped()
FRAMES, DENIALS, GROUPS = shipped_frames()


def asked(text: str, language: str) -> pl.DataFrame:
    return pl.DataFrame({"pseudonym": [b"c"], "message": [b"m"], "text": [text], "language": [language]})


def kinds_of(text: str, language: str, themes: Themes = THEMES) -> list[str]:
    return sorted(set(critical_of(asked(text, language), themes)["kinds"].explode().drop_nulls()))


MEANT: Final = (
    ("leaving", "nb", "Strømavtalen vår ønsker vi herved avsluttet."),
    ("leaving", "nn", "Medlemskapen vert ikkje forlenga, det har me vedteke."),
    ("leaving", "sv", "Elavtalet kommer jag att avsluta så fort jag hinner."),
    ("leaving", "en", "We have been spoken to by a different supplier and are moving there."),
    ("leaving", "de", "Den Stromvertrag kündige ich zum 1. Juli auf."),
    ("safety", "nb", "Kontakten begynte plutselig å gnistre."),
    ("safety", "sv", "Min son skar upp handen på kanten."),
    ("safety", "en", "I can see the invoices of other customers."),
    ("safety", "de", "Der Akku ist ganz dick und zischt."),
    ("legal", "nb", "My solicitor tar kontakt med dere."),  # words of one language in another
    ("legal", "sv", "Vi kommer att kräva full ersättning för skadorna."),
    ("legal", "en", "Pay me back within ten days, otherwise I take the next step."),
    ("legal", "de", "Das melde ich der Behörde."),
)
NOT_MEANT: Final = (
    ("nb", "Vi avslutter møtet nå. Avtalen sender jeg i morgen."),  # two sentences
    ("nb", "Vi skal ikke avslutte avtalen."),
    ("sv", "Vi har inga planer på att avsluta avtalet."),
    ("en", "Please stop the newsletter but keep my subscription."),
    ("en", "My wife works as a lawyer and loves it."),
    ("de", "Wir bleiben gerne bei Ihnen und wechseln nicht zur Konkurrenz."),
)


@pytest.fixture(scope="module")
def told() -> dict[str, list[str]]:
    """Ask about all texts at once."""
    texts = pl.concat([asked(text, language) for *_, language, text in (*MEANT, *NOT_MEANT)])
    found = critical_of(texts.with_columns(message=pl.col("text").cast(pl.Binary)), THEMES)
    return {row["message"].decode(): row["kinds"] for row in found.iter_rows(named=True)}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, _, text in MEANT])
def test_what_is_meant_is_heard_by_other_words_than_the_lists(told: dict[str, list[str]], kind: str, text: str) -> None:
    assert told[text] == [kind]


@pytest.mark.parametrize("text", [text for _, text in NOT_MEANT])
def test_what_is_denied_kept_or_said_of_another_thing_tells_nothing(told: dict[str, list[str]], text: str) -> None:
    assert text not in told


def test_a_dot_behind_a_number_ends_no_sentence_and_any_other_does() -> None:
    assert kinds_of("Abschließen bis zum 3. des Monats: Der Vertrag wird zum 1. Juli beendet.", "de") == ["leaving"]
    assert kinds_of("Das Spiel ist beendet. Der Vertrag kam an.", "de") == []


def test_a_competitor_of_the_companys_own_is_somewhere_to_go() -> None:
    text = "Da går vi heller over til Fjellro Data."
    assert kinds_of(text, "nb") == []
    assert kinds_of(text, "nb", Themes(THEMES.lines, ("Fjellro Data",))) == ["leaving"]


def test_the_study_and_the_alerts_say_the_same_of_every_text() -> None:
    texts = pl.concat(
        [
            asked(text, "en")
            for text in ("We walk away.", "I can see someone else's invoice.", "My lawyer calls.", "Hi.")
        ]
    )
    told = told_themes(texts, THEMES).select(f"critical_{kind}" for kind in CRITICAL)
    assert told.rows() == [(True, False, False), (False, True, False), (False, False, True), (False, False, False)]
    assert critical_of(texts, THEMES)["kinds"].to_list() == [["leaving"], ["safety"], ["legal"]]


def test_every_group_of_the_file_is_used_and_every_pattern_can_be_met() -> None:
    known = {each.name for each in GROUPS}
    used = {name for each in FRAMES for name in (*each.needs, *each.without)} | {each.group for each in DENIALS}
    assert used - {NOT, RIVAL} == known
    assert {each.kind for each in (*FRAMES, *DENIALS)} <= set(CRITICAL)
    patterns = patterns_of(GROUPS)
    assert patterns["size"].max() <= LONGEST  # type: ignore[operator]  # a number, for there are patterns
    assert not patterns["form"].str.contains(r"\*|^\s*$").any()


WORDS: Final = ("ab", "abc", "cab", "bca", "c")
FORMS: Final = tuple(
    f"{before}{word}{after}" for before, word, after in product(("", "*"), ("ab", "c", "bc"), ("", "*"))
)


def obvious(words: list[str], pattern: str) -> list[int]:
    """Look at every place, one by one."""
    form, starts, ends = fold(pattern.strip("*")), pattern.endswith("*"), pattern.startswith("*")
    size = form.count(" ") + 1
    runs = [(place, " ".join(words[place : place + size])) for place in range(len(words) - size + 1)]
    if starts and ends:
        return [place for place, run in runs if form in run]
    if starts or ends:
        return [place for place, run in runs if (run.startswith(form) if starts else run.endswith(form))]
    return [place for place, run in runs if run == form]


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6), st.sampled_from((*FORMS, "ab c", "ab abc", "c ab*")))
@example(["ab", "abc", "c"], "ab abc")
def test_patterns_are_found_where_the_obvious_search_finds_them(words: list[str], pattern: str) -> None:
    group = Group("one", (pattern,) + ("",) * (len(LANGUAGES) - 1))
    found = grouped(words_of(asked(" ".join(words), "nb")), patterns_of([group]))
    assert found["place"].to_list() == obvious(words, pattern)


def standing_at(places: list[int]) -> pl.DataFrame:
    """Stand somewhere in the one sentence of a text."""
    there = pl.Series("place", places, dtype=pl.UInt32)
    return pl.DataFrame(there).with_columns(row=pl.lit(0), sentence=pl.lit(0))


@given(
    here=st.lists(st.integers(0, 60), max_size=8, unique=True),
    there=st.lists(st.integers(0, 60), max_size=8, unique=True),
    span=st.integers(1, 14),
)
def test_near_misses_no_pair_within_the_span(here: list[int], there: list[int], span: int) -> None:
    met, more = standing_at(here), standing_at(there).rename({"place": "other"})
    pairs = near(met, more, span=span).select("place", "other").rows()
    assert len(pairs) == len(set(pairs))
    assert set(pairs) >= {pair for pair in product(here, there) if abs(pair[0] - pair[1]) <= span}


def test_a_message_without_a_dot_costs_no_more_than_its_length() -> None:
    words, span = 3_000, 7
    every = standing_at(list(range(words)))
    pairs = near(every, every.rename({"place": "other"}), span=span)
    assert pairs.height <= 3 * (span + 1) * words
