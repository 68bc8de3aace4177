"""Approved answers: which fits, when a person must write, and which questions come again and again."""

import json
from io import BytesIO
from typing import Any

import polars as pl
import pytest

from hub.errors import ChildFailed
from hub.predictions.answering import shipped_library
from hub.predictions.company_file import library_from
from predict.__main__ import main
from predict.answers.choose import chosen, waiting
from predict.answers.door import topics_with
from predict.answers.library import Library, library_of
from predict.answers.questions import candidates
from predict.answers.words import WORDS
from predict.satisfaction.themes import Themes
from predict.wire import Message, arrow, read_message, write_message

LIBRARY = """\
version: 2
answers:
- {name: parcel, topic: delivery, language: en, tone: any, history: any, text: We look for your parcel.}
- {name: parcel_again, topic: delivery, language: en, tone: any, history: again, text: Late again; we pay the freight.}
- {name: parcel_angry, topic: delivery, language: en, tone: annoyed, history: first, text: Sorry; we look for it.}
- name: moved
  topic: delivery
  language: en
  tone: any
  history: any
  words: friday, moved
  channels: [email]
  text: We moved the delivery.
"""
ANGRY = "Terrible, the parcel is late and nobody cares"


def frame(*said: tuple[str, str, str, str | None, float]) -> pl.DataFrame:
    """Lay messages out: customer, thread, direction, text, hours ago."""
    rows = [(who.encode(), thread.encode(), *rest, "en", "technical", "email") for who, thread, *rest in said]
    schema = {"pseudonym": pl.Binary, "thread": pl.Binary, "direction": pl.String, "text": pl.String}
    schema |= {"age_hours": pl.Float64, "language": pl.String, "team": pl.String, "channel": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def library(text: str = LIBRARY) -> Library:
    return library_of(library_from(text), topics_with(None))


def suggested(*said: tuple[str, str, str, str | None, float]) -> dict[bytes, dict[str, Any]]:
    found = chosen(frame(*said), library(), Themes.shipped())
    return {one["thread"]: one for one in found.to_dicts()}


def test_a_threat_of_another_customer_in_the_thread_is_no_less_a_threat() -> None:
    found = suggested(
        ("a", "t1", "in", "We cancel our contract. The parcel is late.", 9.0),
        ("b", "t1", "in", "Where is the parcel?", 8.0),
    )
    assert (found[b"t1"]["take_over"], found[b"t1"]["answer"]) == ("leaving", None)


def test_only_threads_whose_last_message_is_the_customers_wait() -> None:
    said = [("a", "t1", "in", "Where?", 9.0), ("a", "t1", "out", "Here", 8.0), ("b", "t2", "in", "Where?", 7.0)]
    assert waiting(frame(*said))["thread"].to_list() == [b"t2"]


def test_of_one_quarter_of_an_hour_the_customer_is_taken_to_have_written_last() -> None:
    """The view tells quarters: a thread that may wait is shown, and what may be withheld is for a person."""
    said = [("a", "t1", "out", "We wrote", 5.0), ("a", "t1", "in", "And the parcel?", 5.0)]
    assert waiting(frame(*said))["direction"].to_list() == ["in"]
    (one,) = suggested(("a", "t", "in", None, 5.0), ("a", "t", "in", "When does the parcel arrive?", 5.0)).values()
    assert (one["take_over"], one["answer"]) == ("withheld", None)


def test_the_answer_that_says_most_of_the_case_is_suggested() -> None:
    found = suggested(
        ("a", "calm", "in", "When does the parcel arrive?", 5.0),
        ("b", "angry", "in", ANGRY, 5.0),
        ("c", "worded", "in", "Could the delivery be moved to Friday?", 5.0),
        ("d", "first", "in", ANGRY, 90.0),
        ("d", "first", "out", "It is on its way", 80.0),
        ("d", "second", "in", ANGRY, 5.0),
    )
    assert {thread: one["answer"] for thread, one in found.items()} == {
        b"calm": "parcel",
        b"angry": "parcel_angry",
        b"worded": "moved",
        b"second": "parcel_again",
    }
    assert found[b"second"]["time"] == 2
    assert found[b"angry"]["tone"] == "annoyed"
    assert found[b"calm"]["answer_text"] == "We look for your parcel."


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("The parcel is late, we will switch to another supplier", "leaving"),
        ("The parcel caught fire", "safety"),
        ("The parcel is late, my lawyer will write", "legal"),
        ("I wish there was a dark mode", "no_answer_fits"),
        (None, "withheld"),
    ],
)
def test_a_person_takes_over_what_no_template_may_answer(text: str | None, why: str) -> None:
    (one,) = suggested(("a", "t", "in", text, 5.0)).values()
    assert (one["take_over"], one["answer"], one["answer_text"]) == (why, None, None)


@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_thread_of_which_a_message_was_withheld_is_for_a_person(direction: str) -> None:
    found = suggested(
        ("a", "t", direction, None, 50.0),
        ("a", "t", "in", "When does the parcel arrive?", 5.0),
        ("a", "other", "in", "When does the parcel arrive?", 5.0),
    )
    assert (found[b"t"]["take_over"], found[b"t"]["answer"]) == ("withheld", None)
    assert found[b"other"]["answer"] == "parcel"


def test_what_a_thread_said_before_counts_and_what_is_long_over_does_not() -> None:
    found = suggested(
        ("a", "t", "in", "When does the parcel arrive?", 50.0),
        ("a", "t", "out", "Soon", 40.0),
        ("a", "t", "in", "Any news?", 5.0),
        ("b", "u", "in", "The parcel is late, my lawyer will write", 50.0),
        ("b", "u", "in", "When does the parcel arrive?", 5.0),
        ("c", "v", "in", "When does the parcel arrive?", 31 * 24.0),
    )
    assert found[b"t"]["answer"] == "parcel"
    assert found[b"u"]["take_over"] == "legal"
    assert b"v" not in found


def test_the_third_complaint_about_the_same_is_for_a_person() -> None:
    told = [("a", f"t{age:.0f}", "in", ANGRY, age) for age in (900.0, 50.0, 5.0)]
    found = suggested(*told)
    assert [found[thread]["take_over"] for thread in (b"t50", b"t5")] == [None, "third_time"]
    other = suggested(*told[:2], ("a", "t5", "in", "Terrible error, the app is down", 5.0))
    assert other[b"t5"]["time"] == 1, "another matter is another matter"


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        (
            ("topic: delivery, language: en, tone: any", "topic: weather, language: en, tone: any"),
            "line 3, parcel.*topic",
        ),
        (("tone: annoyed", "tone: furious"), "line 5, parcel_angry.*tone"),
        (("version: 2", "version: new"), "version.*no number"),
        (("name: parcel_again", "name: parcel"), "line 4, parcel.*two answers"),
        (("  channels: [email]", "  channels: email"), "line 6, moved.*channels"),
        (("words: friday, moved", 'words: "9, moved"'), "line 6, moved.*words"),
        (("We look for your parcel.", '""'), "line 3, parcel.*no text"),
        (("We look for your parcel.", "Call Kari Nordmann on 412 34 567."), "line 3, parcel.*looks like an address"),
        (("  language: en\n", ""), "line 6, moved.*needs"),
    ],
)
def test_a_library_is_refused_by_line_name_and_rule(spoilt: tuple[str, str], says: str) -> None:
    written = LIBRARY.replace(*spoilt)
    assert written != LIBRARY
    with pytest.raises(ChildFailed, match=says):
        library_from(written)


def test_the_shipped_library_makes_sense() -> None:
    assert len(library(shipped_library()).answers) >= 10


def asked_often(people: int) -> pl.DataFrame:
    said = (
        "How do I reset the password?",
        "Where is the invoice for this month?",
        "When do you open on Saturday?",
        "Can I export a report to a spreadsheet?",
    )
    rows = [
        (f"{number}", f"{number}-{turn}", "in", f"Hello. {said[turn]} Regards", float(turn))
        for number in range(people)
        for turn in range(len(said))
    ]
    return frame(*rows, ("0", "own", "in", "Does my poodle Bella need a seat?", 1.0))


def test_questions_of_many_become_candidates_in_key_phrases_and_of_few_do_not() -> None:
    found = candidates(asked_often(40), library(), Themes.shipped(), seed=7)
    words = " ".join(one["phrases"] for one in found)
    assert {"password", "invoice"} <= set(words.replace(",", "").split())
    assert "poodle" not in words
    assert all(one["customers"] >= 10 for one in found)
    assert all("?" not in one["phrases"] for one in found)
    again = candidates(asked_often(40), library(), Themes.shipped(), seed=7)
    assert [one["key"] for one in again] == [one["key"] for one in found]
    assert candidates(asked_often(9), library(), Themes.shipped(), seed=7) == []


@pytest.mark.parametrize("language", sorted(WORDS))
def test_a_page_shows_each_thread_beside_its_suggestion(language: str) -> None:
    assert set(WORDS[language]) == set(WORDS["en"])
    said = frame(("a", "t", "in", "<b>Where is the parcel?</b>", 5.0), ("b", "u", "in", None, 9.0))
    fields = {"language": language, "library": dict(library_from(LIBRARY)), "judged": {"parcel": {"edited": 4}}}
    request, answer = BytesIO(), BytesIO()
    write_message(request, Message(fields, {"replies": arrow(said)}, {"replies": "arrow"}))
    assert main(["study", "answers"], BytesIO(request.getvalue()), answer) == 0
    answer.seek(0)
    told = read_message(answer)
    page = told.part("html").decode()
    assert "&lt;b&gt;Where" in page
    assert "We look for your parcel." in page
    assert WORDS[language]["withheld"] in page
    assert json.loads(told.part("told"))["suggested"] == 1
    assert told.frame("suggestions").height == 2
