"""The organisations: companies of four countries with checksummed numbers, sizes and industries."""

from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import stream
from hub.demo.checkdigits import organisation_numbers
from hub.demo.pools import LANGUAGES, SHARES, Pool, drawn, slug

SIZE_BANDS: Final = ("1-9", "10-49", "50-249", "250+")
INDUSTRIES: Final = ("C25", "F41", "G46", "G47", "H49", "I55", "J62", "K64", "M70", "Q86")  # NACE divisions
_SUFFIXES: Final = {"NO": "AS", "SE": "AB", "DE": "GmbH", "GB": "Ltd"}


def organisations_of(seed: int, count: int, *, pools: dict[str, Pool], until: datetime) -> pl.DataFrame:
    """Draw the organisations.

    Columns: organisation (Int64 from 0), country, language, organisation_name, organisation_number, domain, street,
    postcode, city, industry_code, company_size_band, segment, contract_length_months, customer_since (Date).
    """
    rng = stream(seed, "organisations")
    countries = rng.choice(list(SHARES), size=count, p=list(SHARES.values()))
    parts = [
        _in_country(country, np.flatnonzero(countries == country), pool=pools[country], rng=rng)
        for country in SHARES
        if (countries == country).any()
    ]
    frame = pl.concat(parts).sort("organisation") if parts else _none()
    return frame.with_columns(
        industry_code=pl.Series(rng.choice(INDUSTRIES, size=count)),
        company_size_band=pl.Series(rng.choice(SIZE_BANDS, size=count, p=[0.4, 0.35, 0.2, 0.05])),
        segment=pl.Series(rng.choice(["smb", "enterprise"], size=count, p=[0.8, 0.2])),
        contract_length_months=pl.Series(rng.choice([1, 12, 24, 36], size=count, p=[0.2, 0.5, 0.2, 0.1])),
        customer_since=until.date()
        - pl.Series(rng.integers(60, 2600, count)).cast(pl.Int64) * pl.lit(timedelta(days=1)),
    )


def _in_country(
    country: str, rows: np.typing.NDArray[np.int64], *, pool: Pool, rng: np.random.Generator
) -> pl.DataFrame:
    count = len(rows)
    frame = pl.DataFrame(
        {
            "organisation": rows,
            "name": drawn(pool.companies, count, rng),
            "street": drawn(pool.streets, count, rng) + " " + pl.Series(rng.integers(1, 120, count)).cast(pl.String),
            "town": drawn(pool.towns, count, rng),
        }
    )
    repeated = pl.int_range(pl.len()).over("name")
    town = pl.col("town").str.split_exact("|", 1)
    return frame.select(
        "organisation",
        country=pl.lit(country),
        language=pl.lit(LANGUAGES[country]),
        organisation_name=pl.concat_str(
            "name",
            pl.when(repeated > 0).then(pl.format(" {}", repeated + 1)).otherwise(pl.lit("")),
            pl.lit(f" {_SUFFIXES[country]}"),
        ),
        organisation_number=organisation_numbers(count, country, rng),
        domain=pl.format("{}{}.example", slug(pl.col("name")), pl.col("organisation")),
        street=pl.col("street"),
        postcode=town.struct.field("field_0"),
        city=town.struct.field("field_1"),
    )


def _none() -> pl.DataFrame:
    texts = ("country", "language", "organisation_name", "organisation_number", "domain", "street", "postcode", "city")
    return pl.DataFrame(schema={"organisation": pl.Int64, **dict.fromkeys(texts, pl.String)})
