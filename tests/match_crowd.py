"""Made-up customers in bulk for benchmarks of matching: a million records in seconds, drawn column by column.

Persons live in households of one to four, stand in one to three of three sources, and each record loses or changes some
of what its person has. Names are syllables, as common as names are (some very, most hardly); nobody is meant.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

_SYLLABLES: Final = ("ka", "ri", "lo", "men", "da", "sve", "tor", "bi", "nu", "gre", "hal", "ost", "vik", "el", "an")
_STREETS: Final = ("Storgata", "Kirkeveien", "Skolegata", "Parkveien", "Fjordgata", "Elveveien", "Bakkegata")
_SOURCES: Final = ["crm", "shop", "desk"]
_RECORDS_A_PERSON: Final = 1.8

Draw = np.random.Generator
Ints = npt.NDArray[np.int64]


def crowd(records: int, *, seed: int = 1, shared: int = 0) -> pl.DataFrame:
    """Return about `records` records as delivered: record, source, entity and attributes of persons.

    The first `shared` of them have one e-mail address, one telephone number and one address in common.
    """
    draw = np.random.default_rng(seed)
    persons = _persons(int(records / _RECORDS_A_PERSON), draw)
    times = draw.choice([1, 2, 3], size=persons.height, p=[0.4, 0.4, 0.2])
    entity = np.repeat(np.arange(persons.height), times)
    nth = np.arange(entity.size) - np.repeat(np.cumsum(times) - times, times)
    rows = persons[entity].with_columns(
        entity=pl.Series(entity), source=pl.Series(_SOURCES).gather((entity + nth) % len(_SOURCES))
    )
    slipped = _with_gaps(_with_slips(rows, draw), draw).sample(fraction=1.0, shuffle=True, seed=seed)
    return _with_one_value(slipped.with_row_index("record"), shared)


def _persons(persons: int, draw: Draw) -> pl.DataFrame:
    household = np.sort(draw.integers(0, max(persons // 2, 1), size=persons))
    homes = int(household.max()) + 1
    family, given = _names(20_000, homes, draw), _names(1_500, persons, draw)
    home = pl.DataFrame(
        {
            "family_name": family,
            "street": pl.Series(_STREETS).gather(draw.integers(0, len(_STREETS), homes)),
            "house_number": pl.Series(draw.integers(1, 200, homes)).cast(pl.String),
            "postcode": pl.Series(draw.integers(1000, 9990, homes)).cast(pl.String),
            "landline": pl.Series(draw.integers(22_000_000, 79_999_999, homes)).cast(pl.String),
        }
    ).with_columns(city=pl.lit("by") + pl.col("postcode").str.head(3))
    own = pl.DataFrame(
        {
            "given_name": given,
            "day": pl.Series(draw.integers(0, 25_000, persons)),
            "mobile": pl.Series(draw.integers(40_000_000, 49_999_999, persons)).cast(pl.String),
            "number": pl.Series(draw.integers(0, 10_000, persons)).cast(pl.String),
            "at_home": pl.Series(draw.random(persons) < 0.2),  # one in five gives the household's number
        }
    )
    both = pl.concat([own, home[household]], how="horizontal")
    return both.select(
        pl.exclude("mobile", "landline", "number", "at_home", "day"),
        birth_date=(pl.date(1935, 1, 1) + pl.duration(days="day")).dt.to_string("%Y-%m-%d"),
        phone=pl.when("at_home").then("landline").otherwise("mobile"),
        email=pl.format("{}.{}{}@example.no", "given_name", "family_name", "number").str.to_lowercase(),
        country=pl.lit("NO"),
    )


def _names(different: int, drawn: int, draw: Draw) -> pl.Series:
    """Draw names, the n-th as often as 1/n (Zipf), of two to four syllables."""
    parts = np.array(_SYLLABLES)[draw.integers(0, len(_SYLLABLES), size=(different, 4))]
    long = draw.integers(2, 5, size=different)
    pool = pl.Series(["".join(row[:size]).capitalize() for row, size in zip(parts, long, strict=True)])
    common = 1 / np.arange(1, different + 1)
    return pool.gather(draw.choice(different, size=drawn, p=common / common.sum()))


def _with_slips(rows: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """Let one name in ten lose a letter, one birth date and one telephone number in forty change a digit."""
    at = pl.Series("at", draw.integers(1, 6, rows.height))
    slips = {"given_name": 0.1, "family_name": 0.1, "birth_date": 0.025, "phone": 0.025, "street": 0.05}
    return rows.with_columns(
        pl.when(pl.Series(draw.random(rows.height) < share))
        .then(pl.col(name).str.slice(0, at) + pl.col(name).str.slice(at + 1))
        .otherwise(name)
        for name, share in slips.items()
    )


def _with_gaps(rows: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    gaps = {"birth_date": 0.3, "email": 0.35, "phone": 0.35, "street": 0.2, "postcode": 0.15, "given_name": 0.02}
    return rows.with_columns(
        pl.when(pl.Series(draw.random(rows.height) >= share)).then(name).alias(name) for name, share in gaps.items()
    )


def _with_one_value(rows: pl.DataFrame, shared: int) -> pl.DataFrame:
    values = {
        "email": "post@example.no",
        "phone": "22334455",
        "street": "Storgata",
        "house_number": "1",
        "postcode": "0150",
    }
    among = pl.col("record") < shared
    return rows.with_columns(
        pl.when(among).then(pl.lit(value)).otherwise(name).alias(name) for name, value in values.items()
    )
