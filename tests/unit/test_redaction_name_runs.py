"""Runs of capitalised words, what stands in quotation marks, and what is known of several words together."""

import pytest

from privacy.redaction.language import language_of
from privacy.redaction.name_runs import Run, quoted_in, runs_of
from privacy.redaction.place_phrases import firm_words, within_places
from privacy.redaction.word_traits import traits_of


def test_a_run_goes_over_particles_and_ends_at_any_other_word() -> None:
    found = runs_of(["så", "Ludwig", "van", "Beethoven", "på", "Thon", "Hotel", "i"])
    assert found == dict.fromkeys((1, 2, 3), Run(1, 4, quoted=False)) | dict.fromkeys((5, 6), Run(5, 7, quoted=False))


def test_a_particle_behind_the_last_capital_is_not_of_the_run() -> None:
    assert runs_of(["Kari", "de", "gode"]) == {0: Run(0, 1, quoted=False)}


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("« Mein Kampf » er", "01100"),
        ('" Mein Kampf " er', "01100"),
        ("” Ring P1 ” har", "01100"),
        ("« Mein Kampf er", "0000"),
        ("Kari » er", "000"),
    ],
)
def test_what_stands_between_quotation_marks_is_quoted(text: str, inside: str) -> None:
    marked = [said == "1" for said in inside]
    found = quoted_in(text.split())
    assert [each and word.isalnum() for each, word in zip(found, text.split(), strict=True)] == marked


def test_a_region_of_several_words_is_nobody_and_a_firm_is_known() -> None:
    words = ["kunder", "i", "Møre", "og", "Romsdal", "på", "Espresso", "House"]
    assert within_places(words, [2, 4]) == {2, 3, 4}
    assert firm_words(words) == {6, 7}


def test_a_compound_in_lower_case_says_what_follows_it() -> None:
    assert traits_of("sushirestauranten").thing == "restauranten"
    assert traits_of("Sushirestauranten").thing == "-"


def test_a_common_name_is_told_from_a_rare_one_also_in_the_genitive() -> None:
    assert "g" in traits_of("Karis").usual
    assert traits_of("Qvistgaardur").usual == "-"


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("Eg er ikkje nøgd", "nn"),
        ("Jeg er ikke fornøyd", "no"),
        ("Det er sent", "no"),
        ("Jag är inte nöjd", "sv"),
    ],
)
def test_nynorsk_is_told_from_bokmal_by_words_of_its_own(words: str, language: str) -> None:
    assert language_of(words.split()) == language
