"""National ids and organisation numbers with valid check digits, from ranges kept for test data where one exists.

- Norway, fødselsnummer: two weighted modulo-11 digits; the month is raised by 40, the range of the Norwegian welfare
  administration's synthetic people. (The tax administration's own, month + 80, are refused by python-stdnum.)
- Sweden, personnummer: Luhn over ten digits; serials 980-999 are kept for test numbers by the tax agency.
- Norway, organisation number: modulo 11; the series 31x is that of the tax administration's synthetic companies.
- Sweden, organisation number: Luhn; Germany, VAT number: ISO 7064 Mod 11,10; United Kingdom, VAT number: modulo 97.
  These have no published test series, so a number may belong to some company.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import Ints

_FIRST: Final = np.array([3, 7, 6, 1, 8, 9, 4, 5, 2])
_SECOND: Final = np.array([5, 4, 3, 2, 7, 6, 5, 4, 3, 2])
_ORGANISATION: Final = np.array([3, 2, 7, 6, 5, 4, 3, 2])
_GB: Final = np.array([8, 7, 6, 5, 4, 3, 2])
_LUHN_DOUBLED: Final = np.array([2, 1, 2, 1, 2, 1, 2, 1, 2])
_ATTEMPTS: Final = 12  # one draw in six has no check digit (10); 12 rounds leave about one in 10^9


def national_ids(births: pl.Series, country: str, rng: np.random.Generator) -> pl.Series:
    """Return one id per date of birth, unique within the call; null where the country has none or its range is used up.

    Norway: `DDMMYYNNNCC`, Sweden: `YYYYMMDDNNNC`.
    """
    makers: Mapping[str, Callable[[pl.Series, np.random.Generator], pl.Series]] = {
        "NO": _fodselsnummer,
        "SE": _personnummer,
    }
    if country not in makers:
        return pl.Series("national_id", [None] * len(births), dtype=pl.String)
    ids = makers[country](births, rng)
    for _ in range(_ATTEMPTS):
        usable = ids.is_not_null() & ids.is_first_distinct()
        if usable.all():
            break
        ids = ids.zip_with(usable, makers[country](births, rng))
    return ids.set(~ids.is_first_distinct(), None).alias("national_id")


def organisation_numbers(count: int, country: str, rng: np.random.Generator) -> pl.Series:
    """Return `count` distinct numbers of organisations in one of NO, SE, DE, GB."""
    makers: Mapping[str, Callable[[int, np.random.Generator], pl.Series]] = {
        "NO": _norwegian,
        "SE": _swedish,
        "DE": _german,
        "GB": _british,
    }
    found = pl.Series("organisation_number", [], dtype=pl.String)
    while len(found) < count:
        found = pl.concat([found, makers[country](2 * count + 8, rng)]).drop_nulls().unique(maintain_order=True)
    return found.head(count)


def _fodselsnummer(births: pl.Series, rng: np.random.Generator) -> pl.Series:
    """Compose day, month + 40, year, serial (below 500 for births before 2000) and the two check digits."""
    day, month, year = (
        part.cast(pl.Int64).to_numpy() for part in (births.dt.day(), births.dt.month(), births.dt.year())
    )
    serial = rng.integers(0, 500, len(births)) + np.where(year >= 2000, 500, 0)  # noqa: PLR2004 - the law's century rule
    nine = _digits(day * 10**7 + (month + 40) * 10**5 + (year % 100) * 1000 + serial, 9)
    first = (11 - nine @ _FIRST % 11) % 11
    ten = np.column_stack([nine, first])
    second = (11 - ten @ _SECOND % 11) % 11
    return _joined(np.column_stack([ten, second]), valid=(first < 10) & (second < 10))  # noqa: PLR2004 - 10 is no digit


def _personnummer(births: pl.Series, rng: np.random.Generator) -> pl.Series:
    """Compose the date, a serial of the test range and the Luhn digit over the last nine; the century goes in front."""
    serial = rng.integers(980, 1000, len(births))
    date = births.dt.strftime("%y%m%d").cast(pl.Int64).to_numpy()
    nine = _digits(date * 1000 + serial, 9)
    century = (births.dt.year() // 100).cast(pl.String)
    return century + _joined(np.column_stack([nine, _luhn(nine)]))


def _norwegian(count: int, rng: np.random.Generator) -> pl.Series:
    eight = _digits(rng.integers(31_000_000, 32_000_000, count), 8)
    last = (11 - eight @ _ORGANISATION % 11) % 11
    return _joined(np.column_stack([eight, last]), valid=last < 10)  # noqa: PLR2004 - 10 is no digit


def _swedish(count: int, rng: np.random.Generator) -> pl.Series:
    nine = _digits(rng.integers(559_900_000, 560_000_000, count), 9)
    return _joined(np.column_stack([nine, _luhn(nine)]))


def _german(count: int, rng: np.random.Generator) -> pl.Series:
    """ISO 7064 Mod 11,10 over eight digits, the first not 0."""
    eight = _digits(rng.integers(10_000_000, 100_000_000, count), 8)
    check = np.full(count, 5)
    for column in eight.T:  # eight digits, not rows
        check = (np.where(check == 0, 10, check) * 2 % 11 + column) % 10
    last = (1 - np.where(check == 0, 10, check) * 2 % 11) % 10
    return "DE" + _joined(np.column_stack([eight, last]))


def _british(count: int, rng: np.random.Generator) -> pl.Series:
    """Take 97 minus the weighted sum modulo 97, in two digits (the older of the two rules)."""
    seven = _digits(rng.integers(1_000_000, 10_000_000, count), 7)
    last = 97 - seven @ _GB % 97
    return "GB" + _joined(np.column_stack([seven, last // 10, last % 10]))


def _luhn(nine: Ints) -> Ints:
    doubled = nine * _LUHN_DOUBLED
    return np.asarray(-(doubled // 10 + doubled % 10).sum(axis=1) % 10, dtype=np.int64)


def _digits(numbers: Ints, width: int) -> Ints:
    """Spread each number over `width` columns of single digits."""
    return np.asarray(numbers[:, None] // 10 ** np.arange(width - 1, -1, -1) % 10, dtype=np.int64)


def _joined(digits: Ints, valid: np.typing.NDArray[np.bool_] | None = None) -> pl.Series:
    """Write the digits as text of fixed width; null where they are not valid."""
    width = digits.shape[1]
    numbers = digits @ 10 ** np.arange(width - 1, -1, -1)
    texts = pl.Series(numbers).cast(pl.String).str.zfill(width)
    return texts if valid is None else texts.set(pl.Series(~valid), None)
