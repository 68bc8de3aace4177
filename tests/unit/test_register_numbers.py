"""Numbers of organisations: every way of writing one is one, and what form v1 read reads as it did."""

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.fi import alv
from stdnum.no import orgnr

from ingest.standardise.number import standardised_organisation_number
from ingest.standardise.register import plain_register_numbers, standardised_register_number

COUNTRIES = ("NO", "SE", "DK", "FI", "DE", "GB", "")
SPELLINGS = {
    ("SE", "SE:5560125790"): (
        *("5560125790", "556012-5790", "556012 5790", "165560125790", "16556012-5790", "16 556012-5790"),
        *("SE556012579001", "SE 556012-5790 01", "se556012579001", "SE-556012579001", "556012579001"),
        *("Org.nr 556012-5790", "Org.nr. 556012-5790", "Organisationsnummer: 556012-5790", "VAT no. SE556012579001"),
        *("Momsreg.nr SE556012579001", "5560125790.0"),
    ),
    ("NO", "NO:923609016"): (
        *("923609016", "923 609 016", "923\u00a0609\u00a0016", "923.609.016", "NO 923 609 016 MVA", "NO923609016MVA"),
        *("923609016 mva", "NO923609016", "Org.nr. 923 609 016", "Orgnr: NO 923 609 016 MVA", "923609016.0"),
        "Organisasjonsnummer 923609016",
    ),
    ("DK", "DK:13585628"): ("13585628", "DK13585628", "DK 13 58 56 28", "CVR 13585628", "CVR-nr. 13 58 56 28"),
    ("FI", "FI:01120389"): (
        *("0112038-9", "01120389", "112038-9", "FI01120389", "FI-0112038-9", "Y-tunnus: 0112038-9"),
        *("FO-nummer 0112038-9", "ALV FI01120389"),
    ),
    ("DE", "DE:136695976"): (
        "136695976",
        "DE136695976",
        "DE 136 695 976",
        "USt-IdNr. DE136695976",
        "USt-ID: DE136695976",
    ),
    ("GB", "GB:980780684"): (
        *("980780684", "GB980780684", "GB 980 7806 84", "XI980780684", "VAT no. GB980780684", "VAT Reg No 980 7806 84"),
    ),
}  # fmt: skip - a table


@pytest.mark.parametrize(
    ("country", "form", "value"),
    [(country, form, value) for (country, form), values in SPELLINGS.items() for value in values],
)
def test_spellings_of_one_number_are_one(country: str, form: str, value: str) -> None:
    assert standardised_register_number(value, country) == form
    assert plain_register_numbers(pl.Series([value]), country)[0] == form.split(":")[1]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("SE556012579001", "SE:5560125790"),
        ("NO923609016MVA", "NO:923609016"),
        ("923609016MVA", "NO:923609016"),
        ("DK13585628", "DK:13585628"),
        ("FI01120389", "FI:01120389"),
        ("DE136695976", "DE:136695976"),
        ("GB980780684", "GB:980780684"),
    ],
)
def test_a_number_in_full_says_of_which_country_it_is(value: str, form: str) -> None:
    own = form.split(":", maxsplit=1)[0]
    assert {standardised_register_number(value, country) for country in COUNTRIES if country != own} == {form}


@pytest.mark.parametrize(
    ("value", "country"),
    [
        ("SE556012579101", "SE"),  # a wrong check digit
        ("165560125791", "SE"),
        ("SE556012579002", "SE"),  # no number for value added tax ends in 02
        ("195560125790", "SE"),  # a century before what is no date of birth
        ("NO 923 609 017 MVA", "NO"),
        ("No 923609016", "GB"),  # "No" is a word for number
        ("5560125790", "NO"),
        ("SE-nr. 13585628", "DK"),
        ("HRB 136695976", "DE"),  # another register
        ("", "NO"),
        ("MVA", "NO"),
        ("923609016 and 974760673", "NO"),
    ],
)
def test_what_is_in_doubt_is_no_number(value: str, country: str) -> None:
    assert standardised_register_number(value, country) is None


@pytest.mark.parametrize(
    ("value", "country", "plain"),
    [
        ("NO 923 609 017 MVA", "NO", "923609017"),
        ("SE556012579101", "SE", "5560125791"),
        ("Ukjent", "NO", "UKJENT"),
        (" - ", "NO", None),
    ],
)
def test_a_slip_is_one_sign_from_the_number(value: str, country: str, plain: str | None) -> None:
    assert plain_register_numbers(pl.Series([value]), country)[0] == plain


def test_a_sole_trader_is_known_by_the_persons_number() -> None:
    written = {standardised_register_number(value, "SE") for value in ("8803200016", "198803200016", "SE880320001601")}
    assert written == {"SE:8803200016"}


signs = st.text(alphabet="0123456789 .-/:NOSEDKFIGBXIMVAcr\u00a0", max_size=18)
digits = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "NO", "SE", "DK ", "FI", "DE", "GB", "XI", "16", "Org.nr. "]),
    st.text(alphabet="0123456789", min_size=6, max_size=12),
    st.sampled_from(["", "-", " "]),
    st.sampled_from(["", "01", "MVA", "7", ".0"]),
)


@given(st.one_of(signs, digits), st.sampled_from(COUNTRIES))
@example("556012579.0", "SE")
@example("GB980780684000", "GB")
def test_what_form_v1_read_form_v2_reads_alike(value: str, country: str) -> None:
    """So a row that was indexed by either is found by a look-up by either."""
    first = standardised_organisation_number(value, country)
    if first is not None:
        assert standardised_register_number(value, country) == first


@given(st.one_of(signs, digits), st.sampled_from(COUNTRIES))
def test_a_form_reads_as_itself(value: str, country: str) -> None:
    form = standardised_register_number(value, country)
    if form is not None:
        own, number = form.split(":")
        assert standardised_register_number(number, own) == form
        assert plain_register_numbers(pl.Series([number]), own)[0] == number


@given(st.integers(0, 10**9 - 1))
def test_every_swedish_number_reads_as_one_however_it_is_written(front: int) -> None:
    """An oracle: all that is written of a number, made from the number."""
    number = f"{front:09d}" + luhn.calc_check_digit(f"{front:09d}")
    written = [number, f"{number[:6]}-{number[6:]}", f"SE{number}01", f"SE {number[:6]}-{number[6:]} 01", f"16{number}"]
    assert {standardised_register_number(value, "SE") for value in written} == {f"SE:{number}"}


@given(st.integers(0, 10**7 - 1))
def test_a_finnish_number_may_lack_its_leading_nought(front: int) -> None:
    number = next(
        (f"0{front:07d}"[:7] + last for last in "0123456789" if alv.is_valid(f"0{front:07d}"[:7] + last)), None
    )
    if number is not None:
        assert standardised_register_number(number[1:], "FI") == standardised_register_number(f"FI{number}", "FI")


@given(st.integers(10**7, 10**8 - 1))
def test_a_norwegian_number_with_its_suffix_is_that_without(front: int) -> None:
    found = [f"{front}{last}" for last in "0123456789" if orgnr.is_valid(f"{front}{last}")]
    for number in found:
        assert standardised_register_number(f"NO {number[:3]} {number[3:6]} {number[6:]} MVA", "SE") == f"NO:{number}"
