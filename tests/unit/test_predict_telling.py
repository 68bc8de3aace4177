"""Reports, cards, drift and reviews speak nb, nn, sv, en and de: nothing lacks a text, no page has English headings."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from predict.declaration import Words
from predict.errors import FrameRefused
from predict.feature import LANGUAGES, Feature
from predict.registry import DECLARED
from predict.telling.said import said
from predict.telling.teller import CATALOGUE, Teller, plain, teller_of
from tests.unit.telling_builders import pages

PREDICT = Path(__file__).parent.parent.parent / "predict"
TOLD = re.compile(r"<(h1|h2|th|figcaption)[^>]*>(.*?)</\1>")
RECALL = {"figure": 0.1, "low": 0.0, "high": 0.2, "of": 40}
ALIKE = {"PSI", "precision"}  # Swedish has the same word
CATALOGUES: dict[str, Words] = {"all": CATALOGUE, **{name: one.wording for name, one in DECLARED.items()}}


def places(text: str) -> set[tuple[str, str]]:
    return {(name, spec or "") for _, name, spec, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("name", CATALOGUES)
def test_no_language_lacks_a_text_a_place_or_a_column(name: str) -> None:
    words = CATALOGUES[name]
    assert set(words) == set(LANGUAGES)
    for key, english in words["en"].items():
        for language in LANGUAGES:
            text = words[language][key]
            assert text.strip(), (key, language)
            if key != "label":
                assert places(text) == places(english), (key, language)
            assert text.count("|") == english.count("|"), (key, language)
    assert all(words[language].keys() == words["en"].keys() for language in LANGUAGES)


def test_every_sentence_that_is_said_has_words() -> None:
    known = {key for words in CATALOGUES.values() for key in words["en"]}
    for path in sorted(PREDICT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"say", "said", "head"} and isinstance(node.args[0].value, str):
                assert node.args[0].value in known, f"{path.name}:{node.lineno}"


def headings(page: str) -> set[str]:
    return {re.sub(r"<[^>]+>", "", text) for _, text in TOLD.findall(page)}


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
@pytest.mark.parametrize("name", DECLARED)
def test_a_page_in_a_language_holds_no_english_heading(name: str, language: str) -> None:
    for kind, page in pages(name, language).items():
        english = pages(name, "en")[kind]
        if kind.endswith(".html"):
            assert f'<html lang="{language}">' in page
            alike = headings(page) & headings(english)
        else:
            alike = {line for line in page.splitlines() if line.startswith(("#", ">"))} & set(english.splitlines())
            heads = {line for line in english.splitlines() if line.startswith("|") and "---" not in line}
            alike |= {line for line in page.splitlines() if line in heads and not any(map(str.isdigit, line))}
        assert alike <= ALIKE, (kind, alike)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", DECLARED)
def test_every_picture_is_there_with_its_axes_and_no_place_is_left_over(name: str, language: str) -> None:
    told, teller = pages(name, language), teller_of(DECLARED[name], language)
    for curve in ("calibrated", "precise", "lifted"):
        for said_of in (curve, f"{curve}.across", f"{curve}.up"):
            assert teller.say(said_of) in told["report.html"]
    assert teller.say("fall.caption") in told["report.html"]
    assert teller.say("drift.picture") in told["drift.html"]
    assert teller.say("review.picture") in told["review.html"]
    for page in told.values():
        assert "{" not in re.sub(r"<style>.*?</style>", "", page)
        assert "says&#x27;" not in page
        assert "says'" not in page


def test_figures_are_written_as_the_language_does() -> None:
    share = {"figure": 0.62, "low": 0.48, "high": 0.74, "of": 50}
    written = {one: plain(one).format_field(share, "span") for one in LANGUAGES}
    assert written["en"] == "62% (48 to 74 %, of 50)"
    assert written["nb"] == "62\N{NO-BREAK SPACE}% (48 til 74 %, av 50)"
    assert [plain(one).format_field(1234.5, ",.1f") for one in ("en", "de", "sv")] == [
        "1,234.5", "1.234,5", "1\N{NO-BREAK SPACE}234,5"
    ]  # fmt: skip


def test_a_sentence_may_hold_another_and_text_stays_as_it_is() -> None:
    sentence = said("remark.not_better", word=said("recency"))
    assert "Zeit seit dem letzten Mal" in plain("de").tell(sentence)
    assert plain("de").spoken({"remarks": [sentence, "as it was"]})["remarks"][1] == "as it was"


def test_what_no_module_and_no_catalogue_knows_keeps_its_name() -> None:
    assert plain("nb").named("level", "gold_plus") == "gold plus"
    with pytest.raises(FrameRefused, match="is not one of nb, nn, sv, en, de"):
        Teller("fr")


def test_a_segment_of_the_views_own_is_named_as_the_view_names_it() -> None:
    told = said("remark.uneven", segment="last_part", level="pump", recall=RECALL, all=0.5)
    features = (Feature(name="last_part", labels={"nb": "Siste del", "en": "Last part"}), Feature(name="stage"))
    assert "«Siste del» er pump" in plain("nb").beside(features).tell(told)
    assert "last part" in plain("en").tell(told)
    stage = said("remark.uneven", segment="life_cycle_stage", level="new", recall=RECALL, all=0.5)
    ours = Feature(name="life_cycle_stage", labels={"nb": "Fasen"})
    assert "fase i kundeforholdet er ny" in plain("nb").beside((ours,)).tell(stage)
