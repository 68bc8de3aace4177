"""Reading texts: words with signs, phrases, negation, hashed runs beside an obvious twin, and languages."""

import re
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predict.text.feeling import told_by_words, weighed
from predict.text.grams import WIDTH, Grams, counts_of
from predict.text.language import with_language
from predict.text.lexicon import lexicon, markers
from predict.text.words import fold, words_of


def frame(*texts: str | None, language: str | None = "en") -> pl.DataFrame:
    return pl.DataFrame(
        {"text": texts, "language": [language] * len(texts)}, schema=dict.fromkeys(("text", "language"), pl.String)
    )


def felt(text: str, language: str = "en") -> float:
    return float(weighed(frame(text, language=language))[0]["felt"].sum())


def test_placeholders_are_one_word_and_letters_of_neighbours_are_one() -> None:
    assert words_of(frame("[name 1] är bra!!"))["word"].to_list() == ["[]", "ær", "bra", "!"]
    assert words_of(frame(None, "x", ""))["row"].to_list() == [1]


@pytest.mark.parametrize(
    ("language", "praised", "turned"),
    [
        ("en", "this is lovely", "this is not lovely"),
        ("nb", "dette er flott", "dette er aldri flott"),
        ("sv", "jag gillar den", "jag gillar inte den"),
        ("de", "das gefällt mir", "das gefällt mir leider nicht"),
    ],
)
def test_a_negation_turns_praise_into_weaker_blame(language: str, praised: str, turned: str) -> None:
    assert felt(praised, language) > 0 > felt(turned, language)
    assert abs(felt(turned, language)) < felt(praised, language)


def test_a_pause_ends_what_a_negation_reaches() -> None:
    assert felt("not now, great work") > 0
    assert felt("no problem") > 0
    assert felt("it does not work") < -1


def test_neighbours_strengthen_and_weaken_and_what_follows_but_weighs_more() -> None:
    assert felt("very good") > felt("good") > felt("slightly good")
    assert felt("good but slow") < felt("slow but good")


def test_a_form_of_greeting_tells_of_nothing() -> None:
    assert felt("Dear team, good morning. Best regards, Ann") == 0
    assert felt("Guten Tag, mit freundlichen Grüßen", "de") == 0


def test_the_same_letters_mean_something_else_next_door() -> None:
    assert felt("en rolig kveld", "nb") == 0
    assert felt("en rolig kväll", "sv") > 0


def test_every_entry_is_found_by_its_own_phrase_and_no_language_lacks_one() -> None:
    for phrases in (lexicon().phrases, *markers().values()):
        for language, phrase in list(phrases.whole)[::7]:
            assert phrases.find(language, phrase) >= 0
        assert {language for language, _ in phrases.whole} == {"nb", "sv", "en", "de"}
    assert all(-3 <= strength <= 3 for strength in lexicon().strength)


def test_what_a_text_says_does_not_depend_on_its_neighbours() -> None:
    texts = ["not", "good but slow", "", "very", "bad!", "a", "never again, not", "great"]
    together = told_by_words(frame(*texts))
    alone = pl.concat([told_by_words(frame(each)) for each in texts])
    assert together.equals(alone)


def slow_runs(text: str) -> tuple[set[str], list[str], list[str]]:
    """Name the runs of a text the obvious way: distinct runs of characters with the word's edges, and words."""
    plain = re.sub(r"\d+", "0", fold(text))
    words = re.findall(r"[!?]|[^\W_]+", plain)
    line = " " + " ".join(words) + " " if words else "  "
    characters = [
        line[at : at + size]
        for size in range(2, 6)
        for at in range(len(line) - size + 1)
        if " " not in line[at + 1 : at + size - 1] and line[at : at + size] != "  "
    ]
    return set(characters), words + [f"{one} {two}" for one, two in pairwise(words)], characters


@given(st.lists(st.text(alphabet="abøÄ 1!.", max_size=14), min_size=1, max_size=4))
def test_runs_agree_with_the_obvious_way(texts: list[str]) -> None:
    counts = counts_of(frame(*texts))
    for row, text in enumerate(texts):
        distinct, words, characters = slow_runs(text)
        mine = counts[row]
        assert mine[:, :WIDTH].sum() == len(characters)
        assert mine[:, WIDTH:].sum() == len(words)
        assert mine[:, :WIDTH].nnz <= len(distinct)
        assert mine[:, WIDTH:].nnz <= len(set(words))


def test_the_same_run_has_the_same_number_wherever_it_stands() -> None:
    counts = counts_of(frame("alpha beta", "x alpha beta y", "12 alpha", "99 alpha"))
    shared = counts[0].minimum(counts[1])
    assert shared.nnz == counts[0].nnz
    assert (counts[2] != counts[3]).nnz == 0


def test_runs_of_few_texts_weigh_nothing_and_blocks_have_length_one() -> None:
    counts = counts_of(frame("same words", "same words", "same words", "other"))
    weights = Grams.fit(counts).weigh(counts)
    for block in (weights[:3, :WIDTH], weights[:3, WIDTH:]):
        assert np.allclose(np.sqrt(block.multiply(block).sum(axis=1)), 1)
    assert weights[3].nnz == 0 or abs(weights[3].sum()) == 0


def test_languages_are_read_where_nobody_names_them() -> None:
    texts = frame(
        "Jeg har ikke fått svar på henvendelsen min ennå.",
        "Jag har fortfarande inte fått svar på mitt ärende.",
        "I have not received an answer to my request.",
        "Ich habe noch keine Antwort auf meine Anfrage erhalten.",
        "ok",
        language=None,
    )
    assert with_language(texts)["language"].to_list() == ["nb", "sv", "en", "de", None]
    said = with_language(texts.with_columns(language=pl.Series(["no", "nn-NO", "DE", "sv", "xx"])))
    assert said["language"].to_list() == ["nb", "nn", "de", "sv", None]
