"""Numbers and money: exact where they are text, by the contract's decimal sign and never by a guess."""

import re
from collections.abc import Mapping
from typing import Final

import polars as pl

from ingest.contract.model import ColumnMapping, Contract, Currency, Format
from ingest.readers.casts.check import Cast, Check, source_of, unreadable

_DIGITS: Final = {
    "BIF": 0,
    "CLP": 0,
    "DJF": 0,
    "GNF": 0,
    "ISK": 0,
    "JPY": 0,
    "KMF": 0,
    "KRW": 0,
    "PYG": 0,
    "RWF": 0,
    "UGX": 0,
    "VND": 0,
    "VUV": 0,
    "XAF": 0,
    "XOF": 0,
    "XPF": 0,
    "BHD": 3,
    "IQD": 3,
    "JOD": 3,
    "KWD": 3,
    "LYD": 3,
    "OMR": 3,
    "TND": 3,
}  # fmt: skip - a table
"""Minor digits of currencies that have not two (ISO 4217 list one)."""

_BLANKS: Final = r"[ \x{a0}\x{2009}\x{202f}]"
_EXPONENT: Final = r"(?:[eE][+-]?\d{1,3})?"
"""Measurements may have one; money may not."""
_MINUS: Final = "\u2212"  # the minus sign that Nordic locales print
_FLOAT_LIMIT: Final = 1e12
"""Beyond this many major units a float no longer holds every minor unit next to it."""
_WHOLE_LIMIT: Final = 10**15
"""Major units beyond which minor units could pass 64 bits."""
_FLOAT_DIGITS: Final = 6
"""Digits after the minor unit to which a float is read: 15 digits are sure, the rest is binary error."""
_NOT_WHOLE: Final = "is not a whole number"


def minor_digits(currency: str) -> int:
    """Return how many digits a currency has after the decimal sign."""
    return _DIGITS.get(currency, 2)


def number_pattern(form: Format, exponent: str = "") -> str:
    """Return the pattern of a number as a contract writes it; groups must be whole where they are used at all.

    Lengths are bounded so that no later multiplication can overflow and take the other rows with it.
    """
    fraction = rf"(?:{re.escape(form.decimal)}\d{{1,18}})?"
    grouped = rf"\d{{1,3}}(?:{_separator(form)}\d{{3}}){{1,5}}|" if form.thousands else ""
    return rf"^[+-]?(?:{grouped}\d{{1,18}}){fraction}{exponent}$"


def _separator(form: Format) -> str:
    """Return the pattern of the sign between groups; a blank stands for any kind of space."""
    return _BLANKS if form.thousands == " " else re.escape(form.thousands)


def plain_number(source: pl.Expr, form: Format, exponent: str = "") -> pl.Expr:
    """Rewrite a number as `-1234.56`; null where it is not written as the contract says."""
    signed = source.str.replace(_MINUS, "-", literal=True)
    plain = signed.str.replace_all(_separator(form), "") if form.thousands else signed
    if form.decimal != ".":
        plain = plain.str.replace(form.decimal, ".", literal=True)
    return pl.when(signed.str.contains(number_pattern(form, exponent))).then(plain)


def _remedy(form: Format) -> str:
    """Say how the contract expects numbers."""
    groups = f", groups by {form.thousands!r}" if form.thousands else ", no sign between groups"
    return f"the contract declares decimal {form.decimal!r}{groups}: correct it or the row"


def number_cast(mapping: ColumnMapping, dtype: pl.DataType, target: pl.DataType, form: Format) -> Cast:
    """Cast to a float or a 32-bit integer; a fraction is no integer."""
    source = source_of(mapping.column)
    if dtype.is_integer() and target == pl.Int32:
        value = source.cast(pl.Int32, strict=False).alias(mapping.to)
        return Cast(value, (unreadable(mapping.column, mapping.to, _NOT_WHOLE, _remedy(form)),))
    plain = plain_number(source, form, _EXPONENT) if dtype == pl.String else source
    rule = _NOT_WHOLE if target == pl.Int32 else "is not a number"
    real = plain.cast(pl.Float64, strict=False)
    value = _whole(real) if target == pl.Int32 else pl.when(real.is_finite()).then(real)
    return Cast(value.alias(mapping.to), (unreadable(mapping.column, mapping.to, rule, _remedy(form)),))


def _whole(real: pl.Expr) -> pl.Expr:
    """Return a real number as a 32-bit integer; null where it has a fraction or is too large."""
    whole = real.cast(pl.Int32, strict=False)
    return pl.when(whole.cast(pl.Float64) == real).then(whole)


def negative_check(mapping: ColumnMapping, minimum: int | None) -> tuple[Check, ...]:
    """Refuse numbers below the canonical minimum unless the contract allows them."""
    if minimum is None or mapping.negative:
        return ()
    remedy = "write `negative: allowed` in the contract if returns are booked that way"
    return (Check(mapping.column, "is negative", remedy, pl.col(mapping.to) < minimum),)


def money_cast(mapping: ColumnMapping, contract: Contract, dtypes: Mapping[str, pl.DataType]) -> Cast:
    """Cast to whole minor units, half to even (IEEE 754 roundTiesToEven, as bookkeeping does over many rows).

    Under `times` the price is multiplied first and the line rounded once: rounding each piece adds up to another sum.
    """
    currency = contract.currency or Currency(allowed=("XXX",))
    amount = _Amount(mapping, contract.format, dtypes)
    scales = sorted({minor_digits(code) for code in currency.allowed})
    value = amount.minor(scales[0])
    if currency.column is not None and len(scales) > 1:
        code = currency_code(currency.column, dtypes[currency.column])
        for digits in scales[1:]:
            codes = [allowed for allowed in currency.allowed if minor_digits(allowed) == digits]
            value = pl.when(code.is_in(codes)).then(amount.minor(digits)).otherwise(value)
    check = unreadable(mapping.column, mapping.to, "is not an amount", _remedy(contract.format))
    return Cast(value.alias(mapping.to), (*amount.checks, check))


class _Amount:
    """A column of amounts, or of prices and what they are multiplied with."""

    def __init__(self, mapping: ColumnMapping, form: Format, dtypes: Mapping[str, pl.DataType]) -> None:
        """Rewrite text as plain numbers."""
        self._dtype = dtypes[mapping.column]
        source = source_of(mapping.column)
        self._plain = plain_number(source, form) if self._dtype == pl.String else source
        self._times: pl.Expr | None = None
        self.checks: tuple[Check, ...] = ()
        if mapping.times is not None:
            pieces = source_of(mapping.times)
            plain = plain_number(pieces, form) if dtypes[mapping.times] == pl.String else pieces
            self._times = _whole(plain.cast(pl.Float64, strict=False))
            bad = pieces.is_not_null() & self._times.is_null()
            alone = pieces.is_null() & source.is_not_null()
            self.checks = (
                Check(mapping.times, _NOT_WHOLE, _remedy(form), bad),
                Check(mapping.times, "is empty", f"deliver it wherever {mapping.column} is filled", alone),
            )

    def minor(self, digits: int) -> pl.Expr:
        """Return whole minor units of a currency with so many digits."""
        if self._times is None:
            return _minor(self._plain, self._dtype, digits)
        product = _exact(self._plain, self._dtype, digits) * self._times.cast(pl.Int64)
        return _rounded(product, digits)


def _minor(plain: pl.Expr, dtype: pl.DataType, digits: int) -> pl.Expr:
    """Return whole minor units of plain numbers."""
    scale = int(10**digits)
    if dtype.is_integer():
        whole = plain.cast(pl.Int64, strict=False)
        return pl.when(whole.abs() < _WHOLE_LIMIT).then(whole * scale)
    if dtype.is_float():
        # 0.285 * 100 is 28.499999999999996: the first rounding undoes the binary error, the second decides.
        scaled = (plain * scale).round(_FLOAT_DIGITS).round(0, mode="half_to_even")
        return pl.when(plain.abs() < _FLOAT_LIMIT).then(scaled).cast(pl.Int64, strict=False)
    return _rounded(_exact(plain, dtype, digits), digits)


def _exact(plain: pl.Expr, dtype: pl.DataType, digits: int) -> pl.Expr:
    """Return major units as decimals that a factor of 32 bits cannot overflow.

    A float is read to a millionth of a minor unit, which undoes its binary error before anything is multiplied.
    """
    if dtype.is_float():
        read = pl.when(plain.abs() < _FLOAT_LIMIT).then(plain).round(_FLOAT_DIGITS + digits)
        return read.cast(pl.Decimal(38, _FLOAT_DIGITS + digits), strict=False)
    return _within(plain.cast(pl.Decimal(38, 12), strict=False))


def _rounded(exact: pl.Expr, digits: int) -> pl.Expr:
    """Return whole minor units of exact major units; null where 64 bits may not hold them."""
    scaled = _within(exact) * int(10**digits)
    return scaled.round(0, mode="half_to_even").cast(pl.Int64, strict=False)


def _within(exact: pl.Expr) -> pl.Expr:
    """Keep what is small enough to go on."""
    return pl.when(exact.is_between(-_WHOLE_LIMIT, _WHOLE_LIMIT)).then(exact)


def currency_code(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return a currency column in capitals."""
    source = source_of(column)
    return source.str.to_uppercase() if dtype == pl.String else source.cast(pl.String)


def currency_cast(currency: Currency, dtypes: dict[str, pl.DataType], amounts: list[str]) -> Cast:
    """Give each row its currency; one that the contract does not list is refused, never converted.

    `amounts` are the money columns: a currency may be missing only where each of them is.
    """
    if currency.column is None:
        return Cast(pl.lit(currency.allowed[0]).alias("currency"))
    code = currency_code(currency.column, dtypes[currency.column])
    known = pl.col("currency").is_in(currency.allowed)
    bad = ~known.fill_null(pl.all_horizontal(pl.col(amount).is_null() for amount in amounts))
    remedy = "the contract allows " + ", ".join(currency.allowed)
    return Cast(code.alias("currency"), (Check(currency.column, "is not a declared currency", remedy, bad),))
