"""Farewells, automatic replies and copies: what goes in five languages, and what a customer wrote and stays."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ingest.pipeline.copies import WITHIN_SECONDS, Copies, copy_refs
from ingest.text import clean
from privacy.blind_index import REFERENCE_BYTES, BlindIndex
from privacy.keys import Key, KeyKind
from privacy.terms import KeyId

FIRST = datetime(2025, 5, 2, 8, tzinfo=UTC)
LONG = "Bestillingen min er ikke kommet frem ennå"


def one(text: str) -> str | None:
    return clean([text]).text[0]


@pytest.mark.parametrize(
    "leave",
    [
        "Med vennlig hilsen\nKari Nordmann\nFirma AS\nTlf 912 34 567",
        "Venleg helsing\nOla",
        "Mvh Kari",
        "Vänliga hälsningar,\nErik Ek",
        "Kind regards,\nJane Doe\nHead of Sales",
        "Mit freundlichen Grüßen\nHans Müller",
        "LG\nAnna",
    ],
)
def test_a_farewell_goes_with_the_lines_below_it(leave: str) -> None:
    assert one(f"Det virker ikke.\n\n{leave}") == "Det virker ikke."


@pytest.mark.parametrize(
    "text",
    [
        "It broke.\n\nKind regards,\nJane\nPS: I want my money back",
        "It broke.\nRegards\nJane\nCan you call me back tomorrow please?",
        "Takk for hjelpen.\nHilsener er fint å få på kort og i posten",
        "Mvh Kari",
        "Hei, jeg har et problem:\nLG TV virker ikke",
        "To ting:\nVG skrev om dere",
    ],
)
def test_what_is_said_after_a_farewell_stays(text: str) -> None:
    assert one(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Autosvar: Jeg er ute av kontoret til mandag.",
        "Automatic reply: your order",
        "I am out of the office until Monday. I will reply when I return.",
        "Eg er på ferie. Svarar deg når eg er tilbake.",
        "Jag är på semester. Vid brådskande ärenden kontakta support.",
        "Ich bin derzeit nicht im Büro. In dringenden Fällen wenden Sie sich an die Zentrale.",
        "Takk for din henvendelse. Dette er en automatisk bekreftelse.",
        "Undelivered Mail Returned to Sender",
        "Mail delivery failed: returning message to sender",
        "Delivery Status Notification (Failure)",
        "Returned mail: see transcript for details",
        "Re: Autosvar",
        "Automatisk svar\nJeg er tilbake mandag.",
        "[Automatic reply] your order",
        "I'm on annual leave until 3 June. For urgent matters please contact Jane.",
        "I am away. If urgent, please call my mobile.",
        "Jeg er på ferie. Hvis det haster, kontakt Kari.",
        "Ich bin im Urlaub und melde mich nach meiner Rückkehr.",
    ],
)
def test_an_automatic_reply_is_emptied(text: str) -> None:
    cleaned = clean([text, LONG])
    assert cleaned.text.to_list() == [None, LONG]
    assert cleaned.counts["auto_reply"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "I am away next week, can you come on Monday?",
        "Jeg er på ferie, men varmepumpen virker ikke. Ring kona mi.",
        "Takk for din raske respons! Alt virker nå, og jeg er tilbake på jobb.",
        "Ikke levert! Hvor er pakken min?",
        "Vielen Dank für Ihre Nachricht, aber das Gerät ist noch immer kaputt.",
        "Tack för ditt mejl. Jag väntar fortfarande på pengarna.",
        "Autosvar fra dere hver gang, og ingen hjelper meg.",
        "Automatic reply after automatic reply, and nobody helps me.",
        "Returned mail again: my contract never arrived.",
        "Undelivered mail is what I got instead of an invoice.",
        "Jeg er på ferie og ingen svarer når jeg ringer.",
        "Jeg er bortreist til fredag. Det haster, ring naboen min.",
        "I am on holiday. You said you will get back to me, and nobody has.",
        "I am on vacation and the house is flooded. It is urgent, please call my neighbour.",
        "Jag är på semester och det är akut, ring grannen.",
        "Ich bin im Urlaub und es ist dringend, Sie erreichen meine Frau.",
        "Ich bin im Urlaub. Ihr Kollege sagte, er werde sich melden.",
        "Jeg er på ferie. Er dere tilbake på mandag?",
        "Jeg er på ferie og er tilbake på mandag. Lever pakken da.",
        "I am on holiday, please deliver it when I am back.",
        "Bitte liefern Sie nach meiner Rückkehr, ich bin im Urlaub.",
    ],
)
def test_what_a_customer_wrote_stays(text: str) -> None:
    assert one(text) == text


INDEX = BlindIndex(Key(KeyId(bytes(16)), KeyKind.INDEX, bytes(range(32))), "copy", REFERENCE_BYTES)
NONE_BEFORE = pl.DataFrame(schema={"copy_ref": pl.Int64, "event_time": pl.Datetime("us", "UTC")})


def none_known(_refs: pl.Series) -> pl.DataFrame:
    return NONE_BEFORE


def rows(
    *sent: tuple[bytes | None, str, int], direction: str = "in", threads: tuple[int | None, ...] = ()
) -> pl.DataFrame:
    columns = {"person": pl.Binary, "text": pl.String, "event_time": pl.Datetime("us", "UTC"), "direction": pl.String}
    told = [(who, text, FIRST + timedelta(seconds=after), direction) for who, text, after in sent]
    frame = pl.DataFrame(told, schema=columns, orient="row")
    frame = frame.with_columns(thread_ref=pl.Series(threads, dtype=pl.Int64)) if threads else frame
    return frame.with_columns(copy_ref=copy_refs(frame, INDEX))


def test_a_message_in_another_mailbox_is_a_copy_also_in_a_later_chunk() -> None:
    copies = Copies(none_known)
    assert copies.first_ones(rows((b"a", LONG, 0), (b"a", LONG, 30), (b"b", LONG, 30))).to_list() == [True, False, True]
    assert copies.first_ones(rows((b"a", LONG, 60), (b"c", LONG, 60))).to_list() == [False, True]


@pytest.mark.parametrize("after", [-WITHIN_SECONDS, -30, 0, WITHIN_SECONDS])
def test_what_an_earlier_chunk_or_delivery_brought_stays_also_where_the_copy_is_older(after: int) -> None:
    """Two mail servers' clocks differ: whichever came in first is the message."""
    there, copy = rows((b"a", LONG, 0)), rows((b"a", LONG, after))
    within = Copies(none_known)
    assert within.first_ones(there).to_list() == [True]
    assert within.first_ones(copy).to_list() == [False]
    assert Copies(lambda _: there.select("copy_ref", "event_time")).first_ones(copy).to_list() == [False]


def test_the_same_words_in_another_thread_are_another_message() -> None:
    said = rows((b"a", LONG, 0), (b"a", LONG, 5), (b"a", LONG, 9), (b"a", LONG, 10), threads=(1, 2, 1, None))
    assert Copies(none_known).first_ones(said).to_list() == [True, True, False, True]


@pytest.mark.parametrize("chunk", [3, 12])
@pytest.mark.parametrize("pause", [20, 100, WITHIN_SECONDS])
def test_every_copy_is_one_of_a_message_that_stays(pause: int, chunk: int) -> None:
    """Each is within two minutes of the one before; a chain of them is no single message."""
    copies, sent = Copies(none_known), [pause * number for number in range(12)]
    told = [(b"a", LONG, after) for after in sent]
    firsts = [one for at in range(0, 12, chunk) for one in copies.first_ones(rows(*told[at : at + chunk]))]
    stay = [after for after, first in zip(sent, firsts, strict=True) if first]
    assert stay[0] == 0
    assert len(stay) < len(sent)
    assert all(min(abs(after - each) for each in stay) <= WITHIN_SECONDS for after in sent)


def test_what_repeats_a_copy_alone_is_a_message_of_its_own() -> None:
    """The second is a copy of the first; a message from before shifts the two minutes, so that it meets the fourth."""
    copies = Copies(none_known)
    assert copies.first_ones(rows((b"a", LONG, 0), (b"a", LONG, 100))).to_list() == [True, False]
    assert copies.first_ones(rows((b"a", LONG, -60), (b"a", LONG, 180))).to_list() == [False, True]


def test_said_again_later_or_in_few_words_or_by_nobody_known_is_no_copy() -> None:
    copies = Copies(none_known)
    assert copies.first_ones(rows((b"a", LONG, 0), (b"a", LONG, WITHIN_SECONDS + 1))).to_list() == [True, True]
    assert copies.first_ones(rows((b"a", "Takk!", 0), (b"a", "Takk!", 1))).to_list() == [True, True]
    assert copies.first_ones(rows((None, LONG, 0), (None, LONG, 1))).to_list() == [True, True]
    assert copies.first_ones(rows((b"a", LONG, 0), direction="out")).to_list() == [True]
