"""The page of an export says everything in words that people read, in each language."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel

from hub.accesses import SHOWS
from hub.migrations.tables import MODULES
from hub.outbox.letters import letters
from hub.requests.cells import Words, shown
from hub.requests.dossier import _as_sent
from hub.requests.export import Form
from hub.requests.lake_rows import shown_columns
from hub.requests.opening import Sealed
from hub.requests.page import _frames, _lake
from hub.requests.periods import kept_in_words
from hub.requests.reflection import NOT_ABOUT, way_of, withheld_of
from hub.requests.words import has_word, word
from ingest.canonical.catalogue import LAKE_TABLES
from privacy.answer import Elsewhere
from privacy.purposes import LANGUAGES
from privacy.request import Arrival, Proof, RequestState, Right
from privacy.store.subject_token import SubjectScope
from privacy.terms import ActChannel, ConsentAct, ContactChannel, Role
from tests.builders import FixedClock
from tests.request_builders import Office, copied

ALL: Any = SQLModel.metadata.tables if MODULES else {}


@pytest.fixture
def small(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    with copied(tmp_path, clock) as found:
        yield found


@pytest.mark.parametrize("name", sorted(LAKE_TABLES))
def test_every_column_that_the_page_shows_has_a_name_for_people(name: str) -> None:
    """A column added to the lake fails here until `cells.yaml` names it: the page would show its machine name."""
    columns = [each.name for each in shown_columns(LAKE_TABLES[name])]
    assert not [each for each in shown(columns) if not has_word("columns", each.removesuffix("_minor"))]
    assert has_word("tables", name)


@pytest.mark.parametrize("name", sorted(ALL.keys() - NOT_ABOUT.keys()))
def test_every_column_of_the_house_has_a_name_for_people(name: str) -> None:
    table = ALL[name]
    told = [each.name for each in table.columns if each.name not in {*withheld_of(table), way_of(table)}]
    assert not [each for each in shown(told) if not has_word("columns", each)]
    assert has_word("tables", name)


def test_a_keyed_digest_that_is_called_a_number_is_held_back_as_one() -> None:
    assert {"number", "tokens"} <= withheld_of(ALL["match_form"]).keys()
    assert "number" not in withheld_of(ALL["match_decision"]), "there it counts what somebody said"


def test_every_word_of_a_closed_list_is_told_in_words() -> None:
    closed = {value for table in LAKE_TABLES.values() for column in table.all_columns for value in column.allowed}
    closed -= {"nps", "csat", "ces", "stars"}  # the names of the scales themselves
    acts = set(SHOWS)
    for kind in (
        ConsentAct,
        ActChannel,
        ContactChannel,
        Right,
        RequestState,
        Arrival,
        Proof,
        Role,
        SubjectScope,
        Elsewhere,
    ):
        closed |= set(kind)
    assert sorted(each for each in closed | acts if not has_word("values", each)) == []


def test_several_purposes_are_each_told_by_name() -> None:
    words = Words("de", {"churn": "Treue", "winback": "Rückkehr"})
    assert words.written("purposes", {"purposes": "churn winback *"}) == "Treue, Rückkehr, alle Zwecke"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_line_that_was_not_taken_in_is_told_without_words_for_who_mends_it(language: str) -> None:
    row = {"rule": "is negative", "remedy": "write `negative: allowed` in the contract", "line": 3}
    words = Words(language)
    assert shown(list(row)) == ["rule", "line"]
    assert words.written("rule", row) not in ("", "is negative")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("2026-11-10T00:00:00+00:00", "10.11.2026"),
        ("2026-11-09T23:00:00+00:00", "10.11.2026"),
        ("2026-11-10", "10.11.2026"),
        ("2026-11-10T00:00:00.000001+00:00", "10.11.2026 01:00"),
        ("2026-11-10T08:30:00+00:00", "10.11.2026 09:30"),
    ],
)
def test_no_time_is_invented_where_only_a_day_was_given(told: str, said: str) -> None:
    assert Words("nb", zone="Europe/Oslo").dated(told) == said


@pytest.mark.parametrize("language", LANGUAGES)
def test_periods_of_one_table_say_what_each_counts_for(small: Office, language: str) -> None:
    policy = small.hub.policy()
    told = list(kept_in_words(policy, LAKE_TABLES["messages"], language))
    text, rest = (next(each for each in told if word("periods", "years", language, n=n) in each) for n in (2, 3))
    heading = word("columns", "text_redacted", language)
    assert heading in text
    assert heading not in rest.partition(":")[0].split("(")[1].split(", ")
    every = [line for table in LAKE_TABLES.values() for line in kept_in_words(policy, table, language)]
    assert not [line for line in every if "1095" in line]
    assert language != "de" or any("Jahre, nachdem" in line for line in every)
    assert not [line for line in every if "Jahre nachdem" in line]


@pytest.mark.parametrize("language", LANGUAGES)
def test_marks_in_a_text_are_explained_where_there_are_some(language: str) -> None:
    explained, plain = (
        "".join(_lake({"messages": {"kept": [], "rows": [{"text_redacted": text}]}}, Words(language)))
        for text in ("Hei [EMAIL_1]", "Hei")
    )
    assert word("page", "marks", language) in explained
    assert word("page", "marks", language) not in plain


def test_a_column_that_says_nothing_in_any_row_is_left_out() -> None:
    (table,) = _frames("Brev", [{"to": "a", "text": {}}, {"to": "b", "text": []}], Words("nb"))
    assert "Tekst" not in table


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_is_told_by_its_text_and_not_by_the_values_in_it(language: str) -> None:
    kind, head = next((kind, each[language]) for kind, each in letters().items() if each[language].places)
    values = dict.fromkeys(head.places, "2026-11-10")
    cell = Sealed("outbox_letter", {"kind": kind, "language": language})
    told = _as_sent(cell, {"to": "kari@example.org", "values": values}, "Butikken")
    assert told["text"].startswith(head.subject.split("{")[0])
    assert "2026-11-10" in told["text"]
    assert shown(list(told)) == ["to", "text"]


def test_amounts_days_and_purposes_are_written_as_people_write_them() -> None:
    row = {"amount_minor": -1234567, "currency": "NOK", "event_time": "2025-03-01T08:30:00+00:00", "purpose": "p"}
    german, english = Words("de", {"p": "Hilfe"}), Words("en", {"p": "Help"})
    assert [german.written(name, row) for name in row if name != "currency"] == [
        "-12\u202f345,67 NOK",
        "01.03.2025 08:30",
        "Hilfe",
    ]
    assert english.written("amount_minor", row | {"currency": "JPY"}) == "-1,234,567 JPY"
    assert english.written("event_time", row) == "1 Mar 2025 08:30"
    oslo = Words("nb", zone="Europe/Oslo")
    assert [oslo.dated(each) for each in ("2025-07-01T22:30:00+00:00", "2025-07-01")] == [
        "02.07.2025 00:30",
        "01.07.2025",
    ]
    assert english.written("body", {"body": "2025-03-01T08:30 is what I wrote"}) == "2025-03-01T08:30 is what I wrote"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_random_id_and_no_word_of_the_house_is_on_the_page(small: Office, language: str) -> None:
    page = small.exported("shop:k1", Form.HTML, language).decode()
    body = page.partition("<main>")[2]
    assert re.findall(r"[0-9a-f]{32}", body) == []
    assert (
        re.findall(r">[a-z]+_[a-z_]+<", body.replace(">shop_people<", "")) == []
    )  # a contract has the name it was given
