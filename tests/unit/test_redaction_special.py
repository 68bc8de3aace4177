import pytest

from privacy.redaction.redactor import redact
from tests.redaction_sets import special_sentences

SPEAKING = {
    "nb": [
        "Jeg har vært sykemeldt i tre måneder",
        "Min mann har kreft",
        "Jeg er gravid og trenger retur",
        "Vi er muslimer og spiser halal",
        "Jeg er kristen",
        "Jeg stemte på Høyre",
        "Fagforeningen min sier nei",
        "Jeg er tillitsvalgt",
        "Jeg er homofil",
        "Samboeren er lesbisk",
        "Jeg har samisk bakgrunn",
        "Som innvandrer føler jeg",
        "Jeg ble dømt for tyveri",
        "Han sitter i fengsel",
        "Jeg fikk en diagnose i fjor",
    ],
    "sv": [
        "Jag är sjukskriven",
        "Min fru har cancer",
        "Jag lider av ångest",
        "Vi är muslimer",
        "Jag är judisk",
        "Jag röstade på Moderaterna",
        "Facket hjälper mig",
        "Mitt fackförbund säger",
        "Jag är homosexuell",
        "Hon är transperson",
        "Som invandrare",
        "Jag är kurd och kurdisk",
        "Han dömdes för stöld",
        "Jag sitter i fängelse",
        "Läkaren sa nej",
    ],
    "da": [
        "Jeg er sygemeldt",
        "Min kone har kræft",
        "Jeg er gravid",
        "Vi er muslimer",
        "Jeg er medlem af en fagforening",
        "Jeg er homoseksuel",
        "Han sidder i fængsel",
        "Jeg er kommunist",
        "Min etniske baggrund",
        "Min tillidsrepræsentant siger",
    ],
    "en": [
        "I was diagnosed last year",
        "My wife has cancer",
        "I am pregnant",
        "I suffer from depression",
        "We are Muslim",
        "I am a Christian",
        "I voted for Labour",
        "My trade union says",
        "As a union member",
        "I am gay",
        "She is transgender",
        "My ethnic origin",
        "As a refugee",
        "I was convicted of theft",
        "He is in prison",
    ],
    "de": [
        "Ich bin krankgeschrieben",
        "Meine Frau hat Krebs",
        "Ich bin schwanger",
        "Ich habe eine Behinderung",
        "Wir sind Muslime",
        "Ich bin katholisch",
        "Ich wähle die SPD",
        "Meine Gewerkschaft sagt",
        "Der Betriebsrat",
        "Ich bin schwul",
        "Sie ist lesbisch",
        "Mit Migrationshintergrund",
        "Als Flüchtling",
        "Ich bin vorbestraft",
        "Er ist im Gefängnis",
    ],
}
SILENT = [
    "Pakken kom for sent",
    "Dette var sykt bra",
    "Appen krasjer hele tiden",
    "Kundeservice var hyggelig",
    "PC-en har virus",
    "Partiet med varer",
    "Klassen av 2024",
    "Fakturan är fel",
    "Leveransen var sen",
    "Jag vill säga upp abonnemanget",
    "Priset är för högt",
    "Skruen er skjev og skeivt",
    "The delivery was late",
    "Great party, great service",
    "The app is sick",
    "Please cancel my order",
    "I cannot log in",
    "The union of two tables",
    "Die Lieferung war spät",
    "Das Produkt ist defekt",
    "Ich möchte kündigen",
    "Die Rechnung stimmt nicht",
    "Das Update bricht ab",
    "Hei Christian Hansen",
    "Kirkeveien 4, 0368 Oslo",
    "Mvh Kristen Olsen",
]


def withheld(texts: list[str]) -> list[bool]:
    return redact(texts, own=None).frame["withheld"].to_list()


@pytest.mark.parametrize("language", sorted(SPEAKING))
def test_texts_that_speak_of_special_categories_are_withheld(language: str) -> None:
    texts = SPEAKING[language]
    assert sum(withheld(texts)) / len(texts) >= 0.9


def test_ordinary_customer_texts_are_kept() -> None:
    assert sum(withheld(SILENT)) / len(SILENT) <= 0.1


def test_a_withheld_text_is_null_and_says_only_that() -> None:
    frame = redact(["Jeg er gravid, mvh Kari"], own=None).frame
    assert frame.row(0) == (None, True)
    assert frame.columns == ["text_redacted", "withheld"]


@pytest.mark.parametrize("part", ["development", "held_out"])
def test_special_categories_are_found_in_an_own_set_of_five_languages(part: str) -> None:
    """Recall is to be .90 at least over all; the held-out half was never looked at while the list was written."""
    rows = [row for row in special_sentences() if row.part == part]
    found = withheld([row.text for row in rows])
    speaking = [row.category != "none" for row in rows]
    both = sum(hit and is_one for hit, is_one in zip(found, speaking, strict=True))
    assert both / sum(speaking) >= 0.93
    assert both / sum(found) >= 0.93


def test_a_word_of_the_list_is_no_name_by_itself() -> None:
    assert withheld(["Wegen meiner Hautfarbe wurde ich verfolgt", "Jag är Jehovas vittne"]) == [True, True]
