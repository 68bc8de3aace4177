"""Sentiment learns from classes, tells other languages by their words, and comes back from JSON as it went."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from predict.errors import ArtefactRefused
from predict.satisfaction.packing import as_mapping, sentiment_of, shipped
from predict.satisfaction.sentiment import CLASSES, SHARE, Sentiment, judged, learn
from predict.satisfaction.trajectory import trajectories
from predict.text.feeling import EMOTIONS
from tests.redaction_sets import CORPORA
from tests.sentiment_sets import norec, short_texts

SHARES = [SHARE + name for name in CLASSES]


def told(*texts: str, language: str = "en") -> pl.DataFrame:
    return judged(shipped(), pl.DataFrame({"text": list(texts), "language": [language] * len(texts)}))


@pytest.fixture(scope="module")
def taught() -> Sentiment:
    rng = np.random.default_rng(7)
    classes = rng.integers(0, 3, 900)
    words = np.array([["zarp", "krull"], ["mib", "sota"], ["velk", "tronn"]])
    texts = [f"{words[each][number % 2]} order {number}" for number, each in enumerate(classes)]
    return learn(pl.DataFrame({"text": texts, "language": ["en"] * 900}), classes.astype(np.float64))


def test_words_in_no_list_are_learned_from_the_companys_own_scores(taught: Sentiment) -> None:
    asked = pl.DataFrame({"text": ["Zarp!", "so mib", "tronn, velk"], "language": ["en"] * 3})
    assert judged(taught, asked)["level"].sign().to_list() == [-1, 0, 1]


def test_a_language_that_was_not_taught_is_told_by_its_words_of_feeling_alone(taught: Sentiment) -> None:
    asked = pl.DataFrame({"text": ["zarp", "velk"], "language": ["de", "de"]})
    assert judged(taught, asked)["lean"].n_unique() == 1


def test_a_model_comes_back_from_json_with_shares_within_a_hundredth(taught: Sentiment) -> None:
    asked = pl.DataFrame({"text": ["zarp sota 12", "velk", "no such"], "language": ["en"] * 3})
    back = sentiment_of(json.loads(json.dumps(as_mapping(taught))))
    gap = judged(taught, asked).select(SHARES).to_numpy() - judged(back, asked).select(SHARES).to_numpy()
    assert np.abs(gap).max() < 0.01


def test_a_model_that_started_from_another_base_is_refused(taught: Sentiment) -> None:
    stored = as_mapping(taught)
    with pytest.raises(ArtefactRefused, match="base"):
        sentiment_of(stored | {"base": "0" * 64})
    with pytest.raises(ArtefactRefused, match="damaged"):
        sentiment_of(stored | {"rarity": "no"})
    with pytest.raises(ArtefactRefused, match="length"):
        sentiment_of(stored | {"rarity": stored["runs"][0][:0] + "eNoDAAAAAAE="})


def test_what_one_person_wrote_weighs_nothing(taught: Sentiment) -> None:
    held = replace(taught, base=None)
    alone = pl.DataFrame({"text": ["order 17"], "language": ["en"]})
    other = pl.DataFrame({"text": ["order 940311"], "language": ["en"]})
    assert judged(held, alone).equals(judged(held, other))


@pytest.mark.parametrize("name", ["short_texts", "unseen_short_texts"])
def test_short_texts_in_languages_without_a_taught_text_are_told_apart(name: str) -> None:
    asked = short_texts(name).filter(pl.col("class") != 1)
    said = judged(shipped(), asked).with_columns(asked["language"], asked["class"])
    for language in ("sv", "en", "de"):
        part = said.filter(pl.col("language") == language)
        assert balanced_accuracy_score(part["class"] == 2, part["lean"] > 0) >= (0.85 if language == "sv" else 0.8)


@pytest.mark.skipif(not (CORPORA / "norec_sentence").is_dir(), reason="needs NoReC: see VARDE_CORPORA")
def test_the_shipped_model_reaches_its_figures_on_what_did_not_teach_it() -> None:
    dev = norec("dev")
    said, truth = judged(shipped(), dev), dev["class"].to_numpy()
    sided = truth != 1
    assert f1_score(truth, said.select(SHARES).to_numpy().argmax(axis=1), average="macro") >= 0.60
    assert f1_score(truth[sided] == 2, said["lean"].to_numpy()[sided] > 0, average="macro") >= 0.72


def test_a_level_has_the_sign_of_its_lean_and_very_needs_a_strong_one() -> None:
    said = told(
        "Absolutely terrible, disgusting service, I am furious!", "It arrived.", "Fantastic, I love it, perfect!"
    )
    assert said["level"].to_list() == [-2, 0, 2]
    assert said["strength"][0] > said["strength"][1]


@pytest.mark.parametrize(
    ("language", "text", "emotion"),
    [
        ("nb", "Jeg er rasende over dette", "anger"),
        ("sv", "Jag är mycket besviken", "disappointment"),
        ("de", "Das ist verwirrend und unklar", "confusion"),
        ("en", "So boring and dull", "boredom"),
        ("nn", "Eg er glad for hjelpa", "joy"),
        ("en", "Amazing, I am thrilled", "enthusiasm"),
    ],
)
def test_an_emotion_is_told_by_words_of_the_own_language(language: str, text: str, emotion: str) -> None:
    said = told(text, language=language)
    assert said[emotion][0] == max(said[name][0] for name in EMOTIONS)
    assert said[emotion][0] > 0


def test_frustration_in_polite_words_is_seen_and_politeness_alone_is_not() -> None:
    said = told(
        "With all due respect, this is the third time I write and I am still waiting.",
        "Could you please send the invoice? Thanks in advance.",
        "Once again, thank you so much, could you please pass my thanks on?",
    )
    assert said["polite_frustration"].to_list() == [True, False, False]


def test_threads_get_worse_better_or_stay() -> None:
    leans = {"a": [0.6, 0.5, -0.4, -0.7], "b": [-0.8, 0.9], "c": [0.1, 0.2, 0.1], "d": [0.5]}
    rows = [(name, at, lean) for name, each in leans.items() for at, lean in enumerate(each)]
    threads = trajectories(pl.DataFrame(rows[::-1], schema=["thread", "at", "lean"], orient="row"))
    assert threads["direction"].to_list() == ["worse", "better", "steady", None]
    assert threads["first"].to_list() == [0.6, -0.8, 0.1, 0.5]


def test_no_text_and_no_word_give_a_judgement_all_the_same() -> None:
    said = judged(shipped(), pl.DataFrame({"text": [None, "", "!!!"], "language": [None, "xx", "nb"]}))
    assert said.height == 3
    assert said.select(pl.all_horizontal(pl.all().is_not_null()).all()).item()
