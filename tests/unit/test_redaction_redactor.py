import polars as pl
import pytest

from privacy.redaction.placeholder import Kind
from privacy.redaction.redactor import REDACTOR_VERSION, find_spans, redact


def one(text: str, *own: str) -> str | None:
    return redact([text], own=[own]).frame["text_redacted"][0]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Hei Kari, ring 912 34 567!", "Hei [NAME_1], ring [PHONE_1]!"),
        ("Mvh\nOla Nordmann", "Mvh\n[NAME_1]"),
        ("takk for hjelpen\nmvh ola", "takk for hjelpen\nmvh [NAME_1]"),
        ("Sehr geehrter Herr Xylander,", "Sehr geehrter Herr [NAME_1],"),
        ("My name is Qwyzt and it broke", "My name is [NAME_1] and it broke"),
        ("Jag heter Åsa Lindqvist.", "Jag heter [NAME_1]."),
        ("Jeg heter kari nordmann, og", "Jeg heter [NAME_1], og"),
        ("Ich heiße Jürgen Weiß", "Ich heiße [NAME_1]"),
        ("kari hansen ringte", "[NAME_1] ringte"),
        ("Skriv til kari.n+x@firma.example.", "Skriv til [EMAIL_1]."),
        ("kari (at) firma.example", "[EMAIL_1]"),
        ("Bor i Storgata 5B, 0155 Oslo nå", "Bor i [ADDRESS_1], [ADDRESS_2] nå"),
        ("Karl Johans gate 12", "[ADDRESS_1]"),
        ("Kungsgatan 7, 111 43 Stockholm", "[ADDRESS_1], [ADDRESS_2]"),
        ("Hauptstraße 12a, 10115 Berlin", "[ADDRESS_1], [ADDRESS_2]"),
        ("I live at 10 Downing Street now", "I live at [ADDRESS_1] now"),
        ("Postboks 123, 5003 Bergen", "[ADDRESS_1], [ADDRESS_2]"),
        ("fnr 010190 12345", "fnr [ID_1]"),
        ("850101-1234", "[ID_1]"),
        ("131052-308T", "[ID_1]"),
        ("AB 12 34 56 C", "[ID_1]"),
        ("født 01.02.1990 i", "født [ID_1] i"),
        ("NO93 8601 1117 947", "[IBAN_1]"),
        ("4111-1111-1111-1111", "[CARD_1]"),
        ("https://x.example/reset?token=abc", "[URL_1]"),
        ("from 192.168.100.12 today", "from [ID_1] today"),
        ("+49 (0)30 1234567", "[PHONE_1]"),
        ("020 7946 0958", "[PHONE_1]"),
        ("08-123 45 67", "[PHONE_1]"),
        ("(202) 555-0123 ext 12", "[PHONE_1]"),
    ],
)
def test_personal_data_becomes_a_placeholder(text: str, redacted: str) -> None:
    assert one(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "Ordre 12345678 kom ikke",
        "Order no. 4512345678 is late",
        "Faktura nr 20240001234 er feil",
        "SKU-12345678 og GTIN 7038010009457",
        "Pris 12 345 678 kr, eller 1 234 567,50",
        "Den 12.03.2024 kl. 12.30-14.30, uke 12",
        "2024-03-01 10:00:00",
        "Perioden 2019-2023",
        "Versjon 10.0.19041.1234 på Windows 11",
        "Takk for rask levering 5 stjerner",
        "Jeg har 3 abonnementer og 250 brukere",
        "Hei alle sammen, takk for hjelpen",
        "Hello Support Team",
        "Dear Sir or Madam",
        "Mvh kundeservice",
        "Das Update bricht per API ab",
        "Vil dere fikse dette? Kan jeg få svar?",
        "https://firma.example/produkter/123",
        "5 stk @ 100 kr",
        "Org.nr 987 654 321",
        "Arbeitsplatz 5 ist kaputt, Speicherplatz 20 GB",
        "",
    ],
)
def test_what_is_not_personal_stays(text: str) -> None:
    assert one(text) == text


def test_one_person_has_one_number_in_a_text() -> None:
    assert one("Kari Nordmann ringte. Kari og Ola snakket, sier Nordmann.") == (
        "[NAME_1] ringte. [NAME_1] og [NAME_2] snakket, sier [NAME_1]."
    )


def test_numbers_start_above_placeholders_already_there() -> None:
    assert one("[NAME_3] og Kari Nordmann") == "[NAME_3] og [NAME_4]"


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("hansens hus", "Kari Hansen"),
        ("Hansenfamilien", "Hansen"),
        ("BJØRN og bjoern og Bjorn", "Bjørn"),
        ("Bjørn", "Bjoern"),
        ("haakon", "Håkon"),
        ("nr 9.1.2.3.4.5.6.7", "+47 912 34 567"),
        ("1.2.1990", "1990-02-01"),
        ("kari nordmann", "kari.nordmann@firma.example"),
        ("i Xyzgrenda 5", "Xyzgrenda 5"),
        ("ola", "Ola"),
    ],
)
def test_own_attributes_go_in_any_form(text: str, own: str) -> None:
    left = one(text, own)
    assert left is not None
    bare = left.replace("i [", "[").replace("nr [", "[").replace(" og ", " ").replace(" hus", "")
    assert all(word.startswith("[") and word.endswith("]") for word in bare.split())


def test_short_own_attributes_leave_other_words_alone() -> None:
    assert one("solar panel, ab", "Ola", "ab") == "solar panel, ab"


def test_columns_counts_and_version() -> None:
    result = redact(pl.Series(["Hei Kari", None, "Jeg har kreft og heter Kari"]), own=None)
    assert result.frame.schema == {"text_redacted": pl.String, "withheld": pl.Boolean}
    assert result.frame.rows() == [("Hei [NAME_1]", False), (None, False), (None, True)]
    assert result.counts == {Kind.NAME: 2}
    assert result.version == REDACTOR_VERSION == 5


def test_no_texts() -> None:
    assert redact([], own=None).frame.shape == (0, 2)


def test_own_must_match_the_texts() -> None:
    with pytest.raises(ValueError, match="one per text"):
        redact(["a", "b"], own=[["Kari"]])


def test_texts_do_not_see_each_other() -> None:
    texts = ["Jeg heter", "Kari (at)", "firma.example", "Storgata", "5"]
    apart = [redact([text], own=None).frame.row(0) for text in texts]
    assert redact(texts, own=None).frame.rows() == apart


def test_spans_of_one_text_can_be_shown() -> None:
    text = "Hei Kari, kari@firma.example"
    assert [(text[span.start : span.end], span.kind) for span in find_spans(text)] == [
        ("Kari", Kind.NAME),
        ("kari@firma.example", Kind.EMAIL),
    ]
    assert [span.kind for span in find_spans("xyzzyq", own=["Xyzzyq"])] == [Kind.NAME]
