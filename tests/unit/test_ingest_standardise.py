"""Form v1 of identity attributes: what must be equal is equal, what must differ differs."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.canonical.identity import ATTRIBUTE_NAMES
from ingest.standardise.column import standardised, standardised_one
from ingest.standardise.version import STANDARDISER_VERSION


@pytest.mark.parametrize(
    ("attribute", "country", "spellings"),
    [
        ("given_name", "", ["Åse", "AASE", "A\u030ase", " ase ", "Aase"]),
        ("given_name", "", ["Øystein", "Oeystein", "Oystein", "O\u0308ystein", "Öystein"]),
        ("family_name", "", ["Müller", "Mueller", "MULLER", "Mu\u0308ller"]),
        ("family_name", "", ["von Trapp", "Trapp", "TRAPP"]),
        ("full_name", "", ["Jean-Luc O’Brien", "jean luc obrien", "Jean  Luc O'Brien"]),
        ("family_name", "", ["Groß", "Gross", "GROSS"]),
        ("email", "", ["Kari@Example.NO", " kari@example.no ", "mailto:kari@example.no"]),
        ("phone", "NO", ["912 34 567", "+47 91234567", "0047 912 34 567"]),
        ("organisation_number", "NO", ["974760673", "974 760 673", "NO 974760673 MVA"]),
        ("organisation_number", "SE", ["556036-0793", "5560360793"]),
        ("national_id", "NO", ["15108695088", "151086 95088"]),
        ("national_id", "SE", ["880320-0016", "8803200016", "19880320-0016"]),
        ("organisation_name", "", ["Møller & Sønn AS", "MOELLER & SOENN", "Möller Sonn A/S"]),
        ("street", "", ["Storgata 12 B", "Storgt. 12b", "STORGATEN 12B"]),
        ("postcode", "", ["0150", "NO-0150", "N 0150", "01 50"]),
        ("domain", "", ["https://www.Example.no/a?b", "example.no", "www.example.no."]),
        ("country", "", ["no", " NO "]),
        ("birth_date", "", ["1980-02-01"]),
    ],
)
def test_spellings_of_one_thing_are_one(attribute: str, country: str, spellings: list[str]) -> None:
    forms = standardised(pl.Series(spellings), attribute, country=country)
    assert forms.null_count() == 0
    assert forms.n_unique() == 1


@pytest.mark.parametrize(
    ("attribute", "country", "value"),
    [
        ("email", "", "kari at example.no"),
        ("email", "", "a@b"),
        ("email", "", "x y@z.no"),
        ("phone", "NO", "123"),
        ("phone", "", "912 34 567"),
        ("national_id", "NO", "15108695089"),
        ("national_id", "GB", "AB123456C"),
        ("national_id", "DK", "211062-5630"),
        ("organisation_number", "NO", "974760674"),
        ("organisation_number", "XX", "974760673"),
        ("country", "", "Norway"),
        ("given_name", "", " - "),
        ("birth_date", "", "1980-02-31"),
        ("domain", "", "localhost"),
    ],
)
def test_what_has_no_form_is_null(attribute: str, country: str, value: str) -> None:
    assert standardised_one(value, attribute, country=country) is None


def test_a_plus_sign_keeps_two_customers_apart() -> None:
    assert standardised_one("kari+a@x.no", "email") != standardised_one("kari@x.no", "email")


def test_a_particle_alone_is_a_name() -> None:
    assert standardised_one("De", "family_name") == "de"


@pytest.mark.parametrize("attribute", ATTRIBUTE_NAMES)
def test_every_attribute_keeps_rows_nulls_and_name(attribute: str) -> None:
    values = pl.Series("x", [None, "", "a"], dtype=pl.String)
    forms = standardised(values, attribute, country="NO")
    assert (forms.len(), forms.name, forms.dtype) == (3, "x", pl.String)
    assert forms[0] is None


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=20), st.sampled_from(["given_name", "organisation_name", "street", "email", "postcode"]))
def test_standardising_twice_changes_nothing_that_compares(value: str, attribute: str) -> None:
    once = standardised_one(value, attribute)
    if once is not None and attribute in {"email", "postcode"}:
        assert standardised_one(once, attribute) == once
    if once is not None:
        assert once.strip() == once
        assert once


GOLDEN_V1 = {
    "Åse-Marie von Ødegård": "ase marie odegard",
    "Jürgen Groß": "jurgen gross",
    "Þór Ólafsson": "thor olafsson",
    "Ludvig æøå ÆØÅ": "ludvig aoa aoa",
}


@pytest.mark.parametrize(("name", "form"), GOLDEN_V1.items())
def test_form_v1_never_changes(name: str, form: str) -> None:
    assert STANDARDISER_VERSION == 2, "version 2 changed nothing that version 1 had read"
    assert standardised_one(name, "full_name") == form
