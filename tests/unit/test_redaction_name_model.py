"""The model of names: what it may hold, and that it weighs a word by its neighbours."""

import json
from importlib.resources import files

import pytest

from privacy.redaction.gazetteer import listed
from privacy.redaction.language import UNKNOWN, language_of
from privacy.redaction.letters import LONGEST_RUN, likeness_of
from privacy.redaction.name_model import name_model
from privacy.redaction.redactor import find_spans, redact
from privacy.redaction.word_traits import traits_of

SAID = ("-d=", "+d=", "-2d=", "+2d=")


def test_the_model_holds_no_word_of_a_text_but_common_ones_in_lower_case() -> None:
    told = json.loads(files("privacy.redaction").joinpath("name_model.json").read_text("utf-8"))
    said = {name.partition("=")[2] for name in told["weights"] if name.startswith(SAID)}
    words = {word for word in said if word.isalpha()}
    assert words >= {"med", "och"}
    assert all(word.islower() and traits_of(word).known != "--" for word in words - {"NL", "PH"})


def test_the_ending_is_the_longest_piece_of_another_word() -> None:
    endings = [name.partition("=")[2] for name in name_model().rows if name.startswith(("-e=", "+e="))]
    assert max(map(len, endings)) <= 3


def test_a_name_in_no_list_is_found_by_the_words_around_it() -> None:
    unlisted = "Qvistgaardur"
    assert unlisted.lower() not in listed("family_names.txt") | listed("given_names.txt")
    assert [span.kind for span in find_spans(f"Jeg snakket med {unlisted} i går")] == ["NAME"]


@pytest.mark.parametrize(
    "text",
    [
        "Die Qualität des Materials entspricht nicht der Beschreibung",
        "Appen fungerer ikke på Windows etter siste oppdatering",
        "Der Akku hält nur eine halbe Stunde",
    ],
)
def test_nouns_and_brands_stay(text: str) -> None:
    assert find_spans(text) == []


def test_a_word_of_art_9_is_left_for_the_list_to_see() -> None:
    assert redact(["Mein Vater ist an Krebs gestorben"], own=None).frame["withheld"].to_list() == [True]


def test_a_name_over_particles_is_one_placeholder() -> None:
    assert redact(["Ludwig van Beethoven ringte"], own=None).frame["text_redacted"][0] == "[NAME_1] ringte"


def test_the_model_of_letters_holds_no_run_of_more_than_four_letters() -> None:
    told = json.loads(files("privacy.redaction").joinpath("letter_model.json").read_text("utf-8"))
    assert max(map(len, told["weights"])) == LONGEST_RUN


@pytest.mark.parametrize(
    ("word", "kind"),
    [("regjeringspartia", "word"), ("karianne", "given"), ("carlsten", "family"), ("norddal", "place")],
)
def test_letters_tell_words_in_no_list_apart(word: str, kind: str) -> None:
    likeness = likeness_of(word)
    assert max(likeness) == getattr(likeness, kind)


def test_a_place_of_several_words_is_nobody() -> None:
    assert find_spans("Vi var på Jan Mayen i fjor") == []


@pytest.mark.parametrize(
    ("words", "language"),
    [("Jeg er ikke fornøyd", "no"), ("Jag är inte nöjd", "sv"), ("Ich bin nicht froh", "de"), ("Retur", UNKNOWN)],
)
def test_a_text_is_in_the_language_of_its_marking_words(words: str, language: str) -> None:
    assert language_of(words.split()) == language
