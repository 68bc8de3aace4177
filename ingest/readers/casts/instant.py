"""Instants and dates: by the contract's patterns, in its time zone, never by a guess.

A local time that the clock skipped in spring does not exist and is refused; one that it showed twice in autumn is the
first of the two (PEP 495, fold=0). An instant outside 1900 to 2100 is a typing error or a two-digit year: refused.
"""

from datetime import UTC, date, datetime
from typing import Final

import polars as pl

from ingest.contract.model import Format
from ingest.readers.casts.check import Cast, Check, source_of, unreadable

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
_ISO_DATE: Final = "%Y-%m-%d"
_ISO_LOCAL: Final = "%Y-%m-%dT%H:%M:%S%.f"
_ISO_MINUTES: Final = "%Y-%m-%dT%H:%M"
_EPOCHS: Final = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
_A_DAY: Final = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_CLOCK: Final = ("%H", "%I", "%T", "%R", "%X", "%s")
_ZONED: Final = ("%z", "%:z", "%#z", "%+")


def instant_cast(column: str, dtype: pl.DataType, output: str, *, form: Format, dates: tuple[str, ...]) -> Cast:
    """Cast to microseconds UTC; `dates` are the patterns of this column."""
    value = instant_of(column, dtype, form=form, dates=dates).alias(output)
    outside = ~pl.col(output).is_between(EARLIEST, LATEST)
    return Cast(
        value,
        (
            unreadable(column, output, "is not an instant that exists", _remedy(form, dates)),
            Check(column, "is before 1900 or after 2100", "check the year and its digits", outside),
        ),
    )


def _remedy(form: Format, dates: tuple[str, ...]) -> str:
    """Say what the contract expects."""
    return f"the contract declares {' or '.join(dates)} in {form.timezone}: correct it or the row"


def instant_of(column: str, dtype: pl.DataType, *, form: Format, dates: tuple[str, ...]) -> pl.Expr:
    """Return a source column as instants, null where it is none."""
    source = source_of(column)
    if isinstance(dtype, pl.Datetime):
        value = source.cast(pl.Datetime("us", dtype.time_zone))
        return value.dt.convert_time_zone("UTC") if dtype.time_zone else _localised(value, form)
    if dtype == pl.Date:
        return _localised(source.cast(pl.Datetime("us")), form)
    epoch = next((unit for name, unit in _EPOCHS.items() if name in dates), None)
    if dtype.is_numeric():
        return _from_epoch(source, epoch)
    tries = [_parsed(source, pattern, form) for pattern in dates if pattern not in _EPOCHS]
    if epoch is not None:
        tries.append(_from_epoch(source, epoch))
    return pl.coalesce(tries)


def bounded(source: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Clip dates and times of binary files to 1800 and 2200, which the checks then refuse.

    The engine panics on instants that no calendar holds, and one such cell would stop all the other rows.
    """
    days = ((date(1800, 1, 1) - date(1970, 1, 1)).days, (date(2200, 1, 1) - date(1970, 1, 1)).days)
    unit = 1 if dtype == pl.Date else _A_DAY[dtype.time_unit] if isinstance(dtype, pl.Datetime) else 0
    if not unit:
        return source
    return source.to_physical().clip(days[0] * unit, days[1] * unit).cast(dtype)


def _from_epoch(source: pl.Expr, unit: int | None) -> pl.Expr:
    """Read a count since 1970, `unit` being microseconds in one; without a declared unit it is no instant."""
    if unit is None:
        return pl.lit(None, dtype=pl.Datetime("us", "UTC"))
    count = (source.cast(pl.Float64, strict=False) * unit).cast(pl.Int64, strict=False)
    return bounded(count, pl.Datetime("us")).dt.replace_time_zone("UTC")


def _localised(value: pl.Expr, form: Format) -> pl.Expr:
    """Give naive times the contract's zone and turn them into UTC."""
    if form.timezone == "UTC":
        return value.dt.replace_time_zone("UTC")
    local = value.dt.replace_time_zone(form.timezone, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC")


def _parsed(source: pl.Expr, pattern: str, form: Format) -> pl.Expr:
    """Parse text by one pattern."""
    if pattern == "iso":
        return _iso(source, form)
    if any(mark in pattern for mark in _ZONED):
        zoned = source.str.to_datetime(pattern, strict=False, time_unit="us", time_zone="UTC")
        return zoned.dt.convert_time_zone("UTC")
    return _localised(_naive(source, pattern), form)


def _naive(source: pl.Expr, pattern: str) -> pl.Expr:
    """Parse a pattern without a zone; a bare date is its midnight."""
    if any(mark in pattern for mark in _CLOCK):
        return source.str.to_datetime(pattern, strict=False, time_unit="us")
    return source.str.to_date(pattern, strict=False).cast(pl.Datetime("us"))


def _iso(source: pl.Expr, form: Format) -> pl.Expr:
    """Parse ISO 8601: with a zone, without one, to the minute, or a date alone."""
    text = source.str.replace(" ", "T", literal=True)
    return pl.coalesce(
        text.str.to_datetime("%+", strict=False, time_unit="us", time_zone="UTC"),
        *(_localised(_naive(text, pattern), form) for pattern in (_ISO_LOCAL, _ISO_MINUTES, _ISO_DATE)),
    )


def date_cast(column: str, dtype: pl.DataType, output: str, *, form: Format, dates: tuple[str, ...]) -> Cast:
    """Cast to a date; an instant with a zone gives the day in the contract's zone."""
    value = date_of(column, dtype, form=form, dates=dates).alias(output)
    outside = ~pl.col(output).is_between(date(1850, 1, 1), LATEST.date())
    return Cast(
        value,
        (
            unreadable(column, output, "is not a date that exists", _remedy(form, dates)),
            Check(column, "is before 1850 or after 2100", "check the year and its digits", outside),
        ),
    )


def date_of(column: str, dtype: pl.DataType, *, form: Format, dates: tuple[str, ...]) -> pl.Expr:
    """Return a source column as dates, null where it is none."""
    source = source_of(column)
    if dtype == pl.Date:
        return source
    if isinstance(dtype, pl.Datetime):
        return (source.dt.convert_time_zone(form.timezone) if dtype.time_zone else source).dt.date()
    if dtype != pl.String:
        return instant_of(column, dtype, form=form, dates=dates).dt.date()
    patterns = [_ISO_DATE if pattern == "iso" else pattern for pattern in dates if pattern not in _EPOCHS]
    tries = [_naive(source, pattern).dt.date() for pattern in patterns]
    if "iso" in dates:
        tries.append(_naive(source.str.replace(" ", "T", literal=True), _ISO_LOCAL).dt.date())
    return pl.coalesce(tries) if tries else pl.lit(None, dtype=pl.Date)
