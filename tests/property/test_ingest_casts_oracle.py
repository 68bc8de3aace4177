"""Money and instants against the standard library: exact decimals, and zoneinfo's own clock."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.contract.load import contract_of_yaml
from ingest.contract.model import Contract
from ingest.readers.chunk import RawChunk
from ingest.readers.typed import Typist

ZONE = ZoneInfo("Europe/Oslo")
CONTRACT = """
contract: payments
version: 1
source: erp
owner: erp
table: payments
format: {kind: csv, decimal: ",", thousands: " ", timezone: Europe/Oslo, dates: ["%d.%m.%Y %H:%M", iso]}
currency: {column: curr, allowed: [NOK, JPY, KWD]}
person: {column: who}
columns:
  at: {to: event_time}
  total: {to: amount_minor, negative: allowed}
"""


def contract(*changes: tuple[str, str]) -> Contract:
    text = CONTRACT
    for old, new in changes:
        text = text.replace(old, new)
    return contract_of_yaml(text)


def typed(rows: list[dict[str, object]], under: Contract) -> tuple[pl.DataFrame, pl.DataFrame]:
    given_rows = [{"who": "w", "at": "2024-01-01", "total": None, "curr": "NOK"} | row for row in rows]
    frame = pl.DataFrame(given_rows, infer_schema_length=None).with_row_index("_line", offset=1)
    chunk = Typist(under).typed(RawChunk(frame.with_columns(pl.col("_line").cast(pl.Int64))))
    assert chunk.frame.height + chunk.rejected.height == len(rows)
    return chunk.frame, chunk.rejected


AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=5, allow_nan=False)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(AMOUNTS, st.sampled_from(["NOK", "JPY", "KWD"])), min_size=1, max_size=20))
@example([(Decimal("19.99"), "NOK"), (Decimal("0.285"), "NOK"), (Decimal("-1.005"), "NOK"), (Decimal("2.5"), "JPY")])
def test_text_money_is_exact_and_rounds_half_to_even(rows: list[tuple[Decimal, str]]) -> None:
    texts = [{"total": f"{amount:,f}".replace(",", " ").replace(".", ","), "curr": code} for amount, code in rows]
    frame, rejected = typed(texts, contract())
    assert rejected.is_empty()
    digits = {"NOK": 2, "JPY": 0, "KWD": 3}
    expected = [
        int((amount * 10 ** digits[code]).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)) for amount, code in rows
    ]
    assert frame["amount_minor"].to_list() == expected


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=30))
@example([1999, 2850, 1005])
def test_float_money_gives_back_every_whole_minor_unit(minor: list[int]) -> None:
    frame, rejected = typed([{"total": amount / 100} for amount in minor], contract())
    assert rejected.is_empty()
    assert frame["amount_minor"].to_list() == minor


LINES = (("total: {to: amount_minor", "total: {to: amount_minor, times: pieces"),)
PIECES = st.integers(-(2**31) + 1, 2**31 - 1)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(AMOUNTS, PIECES, st.sampled_from(["NOK", "JPY", "KWD"])), min_size=1, max_size=20))
@example([(Decimal("0.285"), 1, "NOK"), (Decimal("0.035"), 10, "NOK"), (Decimal("1.005"), -1, "NOK")])
@example([(Decimal("0.125"), 3, "NOK"), (Decimal(10**12), 999, "KWD"), (Decimal(10**12), 2**31 - 1, "KWD")])
def test_a_price_times_pieces_is_exact_and_rounded_once(rows: list[tuple[Decimal, int, str]]) -> None:
    texts = [
        {"total": f"{price:f}".replace(".", ","), "pieces": str(pieces), "curr": code} for price, pieces, code in rows
    ]
    frame, rejected = typed(texts, contract(*LINES))
    digits = {"NOK": 2, "JPY": 0, "KWD": 3}
    expected = [
        int((price * pieces * 10 ** digits[code]).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
        for price, pieces, code in rows
        if abs(price * pieces) <= 10**15
    ]
    assert frame["amount_minor"].to_list() == expected
    assert rejected.height == len(rows) - len(expected)
    assert set(rejected["rule"]) <= {"is not an amount"}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(-(10**5), 10**5)), min_size=1, max_size=30))
@example([(285, 10), (2855, 100), (1005, 1000)])
def test_a_float_price_times_pieces_is_the_decimal_it_was_written_as(rows: list[tuple[int, int]]) -> None:
    given_rows = [{"total": price / 1000, "pieces": pieces} for price, pieces in rows]
    frame, rejected = typed(given_rows, contract(*LINES))
    assert rejected.is_empty()
    expected = [
        int((Decimal(price) / 10 * pieces).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)) for price, pieces in rows
    ]
    assert frame["amount_minor"].to_list() == expected


@pytest.mark.parametrize(
    ("price", "pieces", "column", "rule"),
    [
        ("9,50", "1,5", "pieces", "is not a whole number"),
        ("9,50", "two", "pieces", "is not a whole number"),
        ("9,50", "4294967296", "pieces", "is not a whole number"),
        ("9,50", None, "pieces", "is empty"),
        ("nine", "2", "total", "is not an amount"),
    ],
)
def test_a_line_that_cannot_be_multiplied_names_what_is_wrong(
    price: str, pieces: str | None, column: str, rule: str
) -> None:
    frame, rejected = typed([{"total": price, "pieces": pieces}], contract(*LINES))
    assert frame.is_empty()
    assert rejected.select("column", "rule").rows() == [(column, rule)]


def test_a_line_without_a_price_has_no_amount() -> None:
    rows = [{"total": None, "pieces": "3"}, {"total": None, "pieces": None}, {"total": "1", "pieces": "2"}]
    frame, rejected = typed(rows, contract(*LINES))
    assert rejected.is_empty()
    assert frame["amount_minor"].to_list() == [None, None, 200]


def test_a_returned_line_is_refused_unless_the_contract_allows_it() -> None:
    strict = contract(*LINES, (", negative: allowed", ""))
    frame, rejected = typed([{"total": "2", "pieces": "-1"}, {"total": "2", "pieces": "1"}], strict)
    assert frame["amount_minor"].to_list() == [200]
    assert rejected["rule"].to_list() == ["is negative"]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="0123456789 ,.-+eE\u2212\u00a0", min_size=1, max_size=9))
@example("1E24")
@example("9" * 18)
@example("9 999 999 999 999 999 999 999")
def test_money_is_never_guessed(text: str) -> None:
    plain = text.strip().replace("\u2212", "-", 1)
    whole, comma, fraction = plain.lstrip("+-").partition(",")
    groups = whole.replace("\u00a0", " ").split(" ")
    sound = (
        len(plain) - len(plain.lstrip("+-")) <= 1
        and all(group.isascii() and group.isdigit() for group in groups)
        and (len(groups) == 1 or (len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])))
        and (not comma or (fraction.isascii() and fraction.isdigit()))
    )
    frame, rejected = typed([{"total": text}], contract())
    if not plain:
        assert frame["amount_minor"].to_list() == [None]
    elif sound and len("".join(groups)) <= 15:
        value = Decimal(plain.replace(" ", "").replace("\u00a0", "").replace(",", "."))
        rounded = (value * 100).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
        assert frame["amount_minor"].to_list() == [int(rounded)]
    else:
        assert rejected["column"].to_list() == ["total"]


@settings(max_examples=30, deadline=None)
@given(st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2037, 12, 31)))  # noqa: DTZ001 - local times
@example(datetime(2024, 3, 31, 2, 30))  # noqa: DTZ001 - skipped by the clock
@example(datetime(2024, 10, 27, 2, 30))  # noqa: DTZ001 - shown twice
def test_local_times_follow_the_zone_and_skipped_ones_are_refused(local: datetime) -> None:
    local = local.replace(second=0, microsecond=0, fold=0)
    instant = local.replace(tzinfo=ZONE).astimezone(UTC)
    exists = instant.astimezone(ZONE).replace(tzinfo=None) == local
    for pattern in ("%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"):
        frame, rejected = typed([{"at": local.strftime(pattern)}], contract())
        assert frame["event_time"].to_list() == ([instant] if exists else [])
        assert rejected["rule"].to_list() == ([] if exists else ["is not an instant that exists"])


@settings(max_examples=25, deadline=None)
@given(st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2037, 12, 31)), st.integers(-14, 14))  # noqa: DTZ001 - given a zone below
def test_a_stated_offset_wins_over_the_zone_of_the_contract(local: datetime, hours: int) -> None:
    instant = (local - timedelta(hours=hours)).replace(tzinfo=UTC)
    sign = "-" if hours < 0 else "+"
    frame, _ = typed([{"at": f"{local.isoformat()}{sign}{abs(hours):02d}:00"}], contract())
    assert frame["event_time"].to_list() == [instant]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 4_000_000_000))
def test_epochs_are_read_where_they_are_declared(seconds: int) -> None:
    under = contract(('["%d.%m.%Y %H:%M", iso]', "epoch_s"))
    instant = datetime.fromtimestamp(seconds, UTC)
    for value in (seconds, str(seconds), float(seconds)):
        frame, _ = typed([{"at": value}], under)
        assert frame["event_time"].to_list() == [instant]
    _, rejected = typed([{"at": seconds}], contract())
    assert rejected.height == 1


PARTS = st.text(alphabet="ab:12", min_size=1, max_size=4)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(PARTS, PARTS), min_size=2, max_size=12, unique=True))
@example([("a", "bc"), ("ab", "c")])
def test_different_keys_stay_different(keys: list[tuple[str, str]]) -> None:
    under = contract(("person:", "key: [k1, k2]\nperson:"))
    frame, rejected = typed([{"k1": one, "k2": two} for one, two in keys], under)
    assert rejected.is_empty()
    assert frame["_event_key"].n_unique() == len(keys)


@settings(max_examples=30, deadline=None)
@given(
    st.one_of(
        st.floats(), st.integers(-(2**63), 2**63 - 1), st.decimals(min_value=-(10**32), max_value=10**32, places=5)
    )
)
@example(float("inf"))
@example(1e308)
@example(Decimal(10) ** 25)
def test_no_number_can_stop_the_other_rows(value: float | Decimal) -> None:
    dtype = pl.Decimal(38, 5) if isinstance(value, Decimal) else None
    series = pl.Series([value, 1], dtype=dtype, strict=False)
    frame = pl.DataFrame({"_line": [1, 2], "who": ["w"] * 2, "at": ["2024-01-01"] * 2, "curr": ["NOK"] * 2})
    chunk = Typist(contract()).typed(RawChunk(frame.with_columns(total=series)))
    assert chunk.read == chunk.frame.height + chunk.rejected.height
    assert chunk.frame.filter(pl.col("_line") == 2)["amount_minor"].to_list() == [100]
