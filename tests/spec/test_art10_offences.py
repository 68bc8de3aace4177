"""Article 10: convictions and offences are nobody's business without a law that says so."""

import pytest

from privacy.redaction.redactor import redact


@pytest.mark.parametrize(
    "told",
    [
        "Jeg ble dømt for tyveri",
        "Jag sitter i fängelse",
        "I was convicted of theft",
        "Ich wurde verurteilt",
    ],
)
def test_art10_free_text_that_speaks_of_an_offence_is_withheld(told: str) -> None:
    """Free text in which a listed word speaks of an offence is kept out of the lake; a word list does not find all."""
    ordinary = "The delivery was late"
    assert redact([told, ordinary], own=None).frame.rows() == [(None, True), (ordinary, False)]
