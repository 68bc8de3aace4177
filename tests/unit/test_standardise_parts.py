"""Parts of names, dates and places, by hand-made cases of six countries, and by property."""

from datetime import date

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingest.standardise.day import standardised_days
from ingest.standardise.name import SHORTENED
from ingest.standardise.personal import family_of, given_of, in_reading_order, plain_name, standardised_sex
from ingest.standardise.place import district, mailbox


def one(expression: pl.Expr, value: str | None) -> str | None:
    answer = pl.DataFrame({"value": [value]}, schema={"value": pl.String}).select(expression).item()
    return None if answer is None else str(answer)


VALUE = pl.col("value")


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Dr. Åse Bjørnsen", "ase bjornsen"),
        ("Hr Ola  Nordmann", "ola nordmann"),
        ("Fröken Märta Sjöström", "marta sjostrom"),
        ("Frau Prof. Dr. Jana Weiß", "jana weiss"),
        ("Sir George Lodge", "george lodge"),
        ("Mrs Dean", "dean"),
        ("1st Baronet", None),
        ("Rev.", None),
        ("von der Leyen", "leyen"),
        ("Lord", "lord"),
        ("Ingrid", "ingrid"),
        ("Drude", "drude"),
        ("", None),
        (None, None),
    ],
)
def test_names_lose_titles_and_nothing_else(written: str | None, plain: str | None) -> None:
    assert one(plain_name(VALUE), written) == plain


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ("Kari Anne Hansen", ("kari", "hansen")),
        ("Hansen, Kari Anne", ("kari", "hansen")),
        ("Cher", ("cher", None)),
        (None, (None, None)),
    ],
)
def test_a_whole_name_is_split_in_reading_order(whole: str | None, parts: tuple[str | None, str | None]) -> None:
    full = plain_name(in_reading_order(VALUE))
    assert (one(given_of(full), whole), one(family_of(full), whole)) == parts


@pytest.mark.parametrize(
    ("written", "sex"), [("Kvinne", "f"), ("female", "f"), ("weiblich", "f"), ("MANN", "m"), ("m", "m"), ("x", None)]
)
def test_a_sex_is_read_by_its_first_letter(written: str, sex: str | None) -> None:
    assert one(standardised_sex(VALUE), written) == sex


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("1980-04-03", "19800403"),
        ("19800403", "19800403"),
        ("1980-04-03T00:00:00", "19800403"),
        ("03.04.1980", "19800403"),
        ("3/4/1980", "19800403"),
        ("1856-86-18", "18568618"),
        ("April 1980", None),
        ("", None),
    ],
)
def test_dates_become_eight_digits(written: str, day: str | None) -> None:
    assert standardised_days(pl.Series([written])).item() == day


def test_a_column_tells_whether_the_month_comes_first() -> None:
    assert standardised_days(pl.Series(["04/03/1980", "12/31/1990"])).to_list() == ["19800403", "19901231"]
    assert standardised_days(pl.Series(["04/03/1980", "31/12/1990"])).to_list() == ["19800304", "19901231"]


@given(st.dates(min_value=date(1800, 1, 1)), st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y"]))
def test_every_date_is_read_as_itself_however_it_is_written(day: date, form: str) -> None:
    assert standardised_days(pl.Series([day.strftime(form), date(1990, 12, 31).strftime(form)]))[0] == day.strftime(
        "%Y%m%d"
    )


@given(st.text(max_size=20))
def test_a_plain_name_is_its_own_plain_name(name: str) -> None:
    plain = one(plain_name(VALUE), name)
    # Digraphs are shortened in one pass, so that Queen keeps an e; the rest of a longer run would be shortened again.
    assume(plain is None or not any(digraph in plain for digraph in SHORTENED))
    assert one(plain_name(VALUE), plain) == plain


@pytest.mark.parametrize(("written", "plain"), [("Queen", "quen"), ("Mueller", "muller"), ("Müller", "muller")])
def test_digraphs_are_shortened_once(written: str, plain: str) -> None:
    assert one(plain_name(VALUE), written) == plain


@pytest.mark.parametrize(
    ("postcode", "zone"),
    [
        ("0150", "01"),
        ("11122", "11"),
        ("2100", "21"),
        ("00100", "00"),
        ("10115", "10"),
        ("SW1A2AA", "SW1A"),
        ("E47RN", "E4"),
    ],
)
def test_a_postcode_has_a_district(postcode: str, zone: str) -> None:
    assert one(district(VALUE), postcode) == zone


@pytest.mark.parametrize(
    ("address", "box"), [("ola.n@example.no", "ola.n"), ("ola.n+shop@example.no", "ola.n"), (None, None)]
)
def test_a_mailbox_is_what_stands_before_plus_and_at(address: str | None, box: str | None) -> None:
    assert one(mailbox(VALUE), address) == box
