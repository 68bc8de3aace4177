import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text import clean


def one(text: str) -> str:
    return str(clean([text]).text[0])


def test_unicode_spaces_and_line_ends_become_plain() -> None:
    assert one("Ka\u030are\u00a0 venn\u200b\r\n\r\n\r\n\r\nTakk  \x07") == "Kåre venn\n\nTakk"


@pytest.mark.parametrize(
    "header",
    [
        "On Mon, 4 Mar 2024 at 10:00, Support <support@firma.example> wrote:",
        "Den man. 4. mars 2024 kl. 10:00 skrev Support <support@firma.example>:",
        "Am 04.03.2024 um 10:00 schrieb Support:",
        "-----Original Message-----",
        "-----Opprinnelig melding-----",
        "----- Ursprungligt meddelande -----",
        "Fra: Support\nSendt: mandag 4. mars 2024\nTil: Kari",
        "Von: Support\nGesendet: Montag",
        "From: Support\nSent: Monday",
    ],
)
def test_a_quoted_reply_goes_with_its_header(header: str) -> None:
    assert one(f"Det virker ikke.\n\n{header}\n\nHar du prøvd igjen?\nMvh support") == "Det virker ikke."


def test_quoted_lines_go_and_answers_between_them_stay() -> None:
    assert one("> Virker det?\nNei.\n> Og nå?\nJa.") == "Nei.\nJa."


@pytest.mark.parametrize(
    "tail", ["-- \nKari\nFirma AS", "Sent from my iPhone", "Sendt fra min iPad", "Von meinem iPhone gesendet"]
)
def test_a_signature_goes(tail: str) -> None:
    assert one(f"Det virker ikke.\n\n{tail}") == "Det virker ikke."


@pytest.mark.parametrize(
    "text",
    [
        "From: Support\nSent: Monday\nAll of it is quoted.",
        "Sent from my iPhone",
        "> bare sitat",
        "I wrote this: it broke.",
        "Prisen -- som før -- er for høy.",
        "On Monday I wrote to you.\nNobody answered.",
        "Slutt\n--\n" + "Lang tekst som ikke er en signatur. " * 40,
    ],
)
def test_what_is_not_surely_quoted_stays(text: str) -> None:
    assert one(text) == text.strip()


def test_counts_say_how_many_texts_each_rule_changed() -> None:
    cleaned = clean(pl.Series(["a  b", "Hei\n\n-----Original Message-----\nx", "Hei\n-- \nKari", None, "ren"]))
    assert cleaned.counts == {"normalised": 2, "quoted_reply": 1, "notice": 0, "signature": 1, "auto_reply": 0}
    assert cleaned.text.to_list() == ["a b", "Hei", "Hei", None, "ren"]


def test_no_texts_are_no_texts() -> None:
    assert clean([]).text.to_list() == []


@given(st.lists(st.one_of(st.none(), st.text(max_size=80)), max_size=5))
def test_cleaning_keeps_the_rows_and_never_empties_what_has_content(texts: list[str | None]) -> None:
    cleaned = clean(texts).text.to_list()
    assert [text is None for text in cleaned] == [text is None for text in texts]
    assert all(
        after for before, after in zip(texts, cleaned, strict=True) if before and before.isascii() and before.isalnum()
    )


@pytest.mark.parametrize(
    "notice",
    [
        "This e-mail and any attachment is confidential and meant for the addressee.",
        "Denne e-posten kan inneholde konfidensiell informasjon.",
        "Denne e-posten kan vere fortrolig og er bare meint for mottakaren.",
        "Detta e-postmeddelande kan innehålla konfidentiell information.",
        "Diese E-Mail ist vertraulich und nur für den Empfänger bestimmt.",
    ],
)
def test_a_legal_notice_at_the_end_goes_and_is_counted(notice: str) -> None:
    cleaned = clean([f"Pakken kom aldri.\n\n{notice}\nMore of it.", notice])
    assert cleaned.text.to_list() == ["Pakken kom aldri.", notice]
    assert cleaned.counts["notice"] == 1


@pytest.mark.parametrize(
    "text",
    ["Hei\nDenne meldingen er viktig for meg", "Hi\nThis message never reached you", "Diese Nachricht kam nie an"],
)
def test_a_sentence_about_a_message_is_no_legal_notice(text: str) -> None:
    assert clean([text]).text.to_list() == [text]
