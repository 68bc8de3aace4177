"""The column of telephone numbers against the library's judgement of each: they never disagree."""

import copy
import random
import re

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc

from ingest.standardise import phone as phone_module
from ingest.standardise.column import standardised
from ingest.standardise.number import standardised_phone
from ingest.standardise.numbering import home_plan, plan_of
from ingest.standardise.phone import standardised_phones

SERVED = {"NO": 47, "SE": 46, "DK": 45, "FI": 358, "DE": 49, "GB": 44}
OTHERS = ["", "XX", "no", "SJ", "AX", "GG", "JE", "US", "IT", "FR", "BR", "001"]
KINDS = ["general_desc", "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip", "uan", "pager"]
ENOUGH = 64  # copies of a value, so that no group of a calling code is too small for the column's own path
SEPARATORS = ["", " ", "-", ".", "/", ") ", " (", "\u00a0", "\u2011", "\u2009", "\t", "x", "~", "*", ",", " + "]
BEFORE = ["", " ", "(", "Tel.: ", "tel:", "Tél ", "x", "#", "“", "\u200e", ";"]
AFTER = [
    "",
    " ",
    ")",
    ".",
    "\n",
    ";",
    "_",
    "\u200b",
    "#",
    " ext 12",
    " x3",
    ";ext=9",
    ",,12",
    " (kontor)",
    "/ x2",
    "- 503#",
]
DIGITS = ["0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"]


def disagreements(values: list[str], country: str) -> list[tuple[str, str | None, str | None]]:
    column = pl.Series(values * ENOUGH, dtype=pl.String)
    forms = standardised_phones(column, country).to_list()
    assert forms == forms[: len(values)] * ENOUGH
    judged = [(value, standardised_phone(value, country), form) for value, form in zip(values, forms, strict=False)]
    return [(value, expected, form) for value, expected, form in judged if expected != form]


def descriptions(code: int) -> list[PhoneNumberDesc]:
    """What the library knows of the numbers behind a calling code, whichever region they are of."""
    names = COUNTRY_CODE_TO_REGION_CODE[code]
    regions = [PhoneMetadata.metadata_for_region_or_calling_code(code, name) for name in names]
    kinds = [getattr(region, kind) for region in regions for kind in KINDS]
    return [kind for kind in kinds if kind is not None and kind.national_number_pattern]


@st.composite
def national_numbers(draw: st.DrawFn, code: int) -> str:
    """A number of some kind behind the code, often with a digit changed, added or lost."""
    pattern = draw(st.sampled_from(descriptions(code))).national_number_pattern.replace(r"\d", "[0-9]")
    number = draw(st.from_regex(re.compile(pattern), fullmatch=True))
    where, digit = draw(st.integers(0, len(number))), draw(st.sampled_from("0123456789"))
    changes = [number, number, number[:where] + digit + number[where + 1 :], number[:where] + digit + number[where:]]
    return draw(st.sampled_from([*changes, number[:where] + number[where + 1 :], number[:where]]))


@st.composite
def spaced(draw: st.DrawFn, number: str) -> str:
    """The number with something between its digits, before and after it, now and then in another script."""
    script = draw(st.sampled_from([DIGITS[0], *DIGITS]))
    gap = draw(st.sampled_from(["", *SEPARATORS]))
    places = draw(st.sets(st.integers(1, max(len(number) - 1, 1)), max_size=4))
    signs = [script[int(sign)] if sign.isdecimal() else sign for sign in number]
    text = "".join(gap + sign if place in places else sign for place, sign in enumerate(signs))
    return draw(st.sampled_from(["", *BEFORE])) + text + draw(st.sampled_from(["", *AFTER]))


@st.composite
def written(draw: st.DrawFn, code: int) -> str:
    """A number behind the code in one of the ways people write it, right or wrong."""
    number = draw(national_numbers(code))
    prefixes = ["", "0", f"+{code}", f"00{code}", f"+{code}0", f"+{code}(0)", f"00{code}0", f"{code}", f"{code}0"]
    odd = ["000", "+00", "++", "＋", "+", "011", "990", f"99533{code}", "180020", f"+{code}{code}", f"00{code}00{code}"]
    return draw(spaced(draw(st.sampled_from([*prefixes, *prefixes, *odd])) + number))


@st.composite
def columns(draw: st.DrawFn) -> tuple[list[str], str]:
    country = draw(st.sampled_from([*SERVED, *SERVED, *OTHERS]))
    home = SERVED.get(country, 47)
    anywhere = st.sampled_from(sorted(COUNTRY_CODE_TO_REGION_CODE))
    codes = st.one_of(st.just(home), st.just(home), st.sampled_from(list(SERVED.values())), anywhere)
    return draw(st.lists(codes.flatmap(written), min_size=1, max_size=6)), country


@settings(max_examples=25, deadline=None)
@given(columns())
@example((["79123456", "+4779123456", "4779123456", "02000"], "NO"))  # Svalbard's, and five digits
@example((["07624123456", "+441481123456", "+447911123456", "18002001234"], "GB"))  # Man, Guernsey, text relay
@example((["+35818123456", "018 123456", "99533 47 91234567"], "FI"))  # Åland, and a carrier's international prefix
@example((["004712", "0047", "00", "000", "+47", "+4", "12", "1-2", "4747474747", "47 47 47 47"], "NO"))
@example(([";phone-context=+47 91234567", "91234567;phone-context=+47", "91234567;isub=1"], "NO"))
@example(([f"912{sign}34567" for sign in ",;x~*#/+_"] + ["++4791234567", "+47+91234567", "912\\34567"], "NO"))
@example((["712345", "01481 712345", "020 7946 0018"], "GG"))  # Guernsey completes its own short numbers
def test_the_column_says_what_the_library_says(given_column: tuple[list[str], str]) -> None:
    assert not disagreements(*given_column)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.text("0123456789+ ()-./;x,#*\u00a0\uff0b\u0661abæ\n=:" + "04679" * 4, max_size=24), min_size=1),
    st.sampled_from([*SERVED, ""]),
)
def test_junk_is_judged_as_the_library_judges_it(values: list[str], country: str) -> None:
    assert not disagreements(values, country)


@pytest.mark.parametrize("country", SERVED)
def test_every_length_is_judged_as_the_library_judges_it(country: str) -> None:
    seeded = random.Random(country)  # noqa: S311 - a seeded sample
    numbers = ["".join(seeded.choices("0123456789", k=length)) for length in range(20) for _ in range(6)]
    code = SERVED[country]
    forms = [prefix + number for number in numbers for prefix in ("", "0", f"{code}", f"00{code}", f"+{code}")]
    assert not disagreements(forms, country)


@pytest.mark.parametrize("blanks", range(239, 244))
def test_the_longest_text_is_the_librarys(blanks: int) -> None:
    assert not disagreements([f"91{' ' * blanks}234567", f"{' ' * blanks}91234567", f"91234567{' ' * blanks}"], "NO")


def test_a_sweep_of_every_calling_code_agrees() -> None:
    seeded = random.Random(20250101)  # noqa: S311 - a seeded sample
    values = [
        f"+{code}{_near(description.example_number, seeded)}"
        for code in COUNTRY_CODE_TO_REGION_CODE
        for description in descriptions(code)
        if description.example_number
    ]
    assert len(values) > 1_000
    assert not disagreements(values, "NO")


def _near(number: str, seeded: random.Random) -> str:
    where = seeded.randrange(len(number))
    return number[:where] + seeded.choice("0123456789") + number[where + 1 :]


def _refusing(_value: str, _country: str) -> str | None:
    raise AssertionError("an ordinary number reached the library")


@pytest.mark.parametrize(
    ("country", "spellings"),
    [
        (
            "NO",
            [
                "91234567",
                "912 34 567",
                "+47 912 34 567",
                "004791234567",
                "(+47) 912-34-567",
                "Tlf: 91\u00a023\u00a045\u00a067",
            ],
        ),
        ("SE", ["070-123 45 67", "+46 (0)70 123 45 67", "+46701234567", "0046 70 123 45 67"]),
        ("DK", ["32 12 34 56", "+45 32123456", "4532123456"]),
        ("FI", ["041 2345678", "+358 41 2345678", "00358 41 2345678", "99533 358 412345678"]),
        ("DE", ["030 123456", "+49 (30) 123456", "0049/30/123456", "49 30 123456"]),
        ("GB", ["020 7946 0018", "+44 20 7946 0018", "+44 (0)20 7946 0018", "００４４ 20 7946 0018"]),
        ("", ["+33 1 23 45 67 89", "+33 (0)1 23 45 67 89", "0033123456789", "0123456789"]),
    ],
)  # fmt: skip - a table
def test_an_ordinary_number_never_waits_for_the_library(
    country: str, spellings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {standardised_phone(value, country) for value in spellings}
    monkeypatch.setattr(phone_module, "standardised_phone", _refusing)
    assert set(standardised_phones(pl.Series(spellings * ENOUGH), country)) == expected
    assert len(expected - {None}) == 1


def test_the_plans_of_the_countries_served_are_all_plain() -> None:
    assert [country for country, code in SERVED.items() if plan_of(code) is None] == []


ANY_DIGITS = ("NO", "general_desc", "national_number_pattern", r"\d{1,20}")
TRUNK_NINE = ("NO", None, "national_prefix_for_parsing", "9")
RELEASES: dict[str, tuple[list[tuple[str, str | None, str, object]], str, str | None]] = {
    "another pattern of a kind": ([("NO", "mobile", "national_number_pattern", r"4\d{7}")], "91234567", None),
    "shorter numbers of a kind": ([("NO", "mobile", "possible_length", (7,))], "91234567", None),
    "any length of a kind": ([("NO", "mobile", "possible_length", ())], "91234567", "+4791234567"),
    "a narrower plan": ([("NO", "general_desc", "national_number_pattern", r"4\d{7}")], "91234567", None),
    "a look-ahead": ([("NO", "mobile", "national_number_pattern", r"(?!9)\d{8}")], "91234567", None),
    "a trunk prefix": ([TRUNK_NINE], "991234567", "+4791234567"),
    "a carrier code": ([("NO", None, "national_prefix_for_parsing", r"9(\d)")], "9591234567", "+4791234567"),
    "a rewriting rule": (
        [
            ("NO", None, "national_prefix_for_parsing", r"9(\d{7})"),
            ("NO", None, "national_prefix_transform_rule", r"4\1"),
        ],
        "91234567",
        "+4741234567",
    ),
    "lengths that forbid the trunk prefix": ([TRUNK_NINE, ANY_DIGITS], "91234567", "+4791234567"),
    "a local length that forbids it": (
        [
            TRUNK_NINE,
            ANY_DIGITS,
            ("NO", "general_desc", "possible_length", (7, 8)),
            ("NO", "general_desc", "possible_length_local_only", (7,)),
        ],
        "91234567",
        "+4791234567",
    ),
    "another international prefix": ([("NO", None, "international_prefix", "912")], "91246912345678", "+46912345678"),
    "no leading digits": ([("NO", None, "leading_digits", None)], "79123456", "+4779123456"),
    "two regions that claim one number": (
        [("SJ", None, "leading_digits", "[79]"), ("SJ", "mobile", "national_number_pattern", r"4\d{7}")],
        "91234567",
        "+4791234567",
    ),
}


@pytest.mark.parametrize(("changes", "witness", "form"), RELEASES.values(), ids=RELEASES.keys())
def test_a_new_release_of_the_library_changes_both_paths_alike(
    changes: list[tuple[str, str | None, str, object]], witness: str, form: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = {name: copy.deepcopy(PhoneMetadata.metadata_for_region(name, None)) for name in ("NO", "SJ")}
    for name, kind, field, value in changes:
        part = released[name] if kind is None else getattr(released[name], kind)
        part._mutable = True
        setattr(part, field, value)
    monkeypatch.setattr(PhoneMetadata, "_region_metadata", PhoneMetadata._region_metadata | released)
    plan_of.cache_clear()
    home_plan.cache_clear()
    try:
        assert standardised_phone(witness, "NO") == form
        assert not disagreements([witness, "41234567", "4591234567", "79123456", "+4791234567", "004741234567"], "NO")
    finally:
        plan_of.cache_clear()
        home_plan.cache_clear()


@pytest.mark.parametrize("size", [1, ENOUGH])
def test_nulls_blanks_rows_and_name_are_kept(size: int) -> None:
    values = pl.Series("mobile", [None, "", " ", "91234567", None, "ukjent", "+4791234567"] * size, dtype=pl.String)
    forms = standardised(values, "phone", country="NO")
    expected = [None, None, None, "+4791234567", None, None, "+4791234567"]
    assert (forms.name, forms.dtype, forms.to_list()) == ("mobile", pl.String, expected * size)


@pytest.mark.parametrize("kind", [pl.String, pl.Null])
@pytest.mark.parametrize("rows", [0, 1, ENOUGH])
def test_a_column_without_values_stays_one(kind: type[pl.DataType], rows: int) -> None:
    forms = standardised(pl.Series("mobile", [None] * rows, dtype=kind), "phone", country="NO")
    assert (forms.name, forms.dtype, forms.null_count()) == ("mobile", pl.String, rows)
