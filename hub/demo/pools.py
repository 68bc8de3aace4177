"""Pools of names, streets, towns and companies per country, drawn from Faker once and combined by the seeded generator.

Faker costs 5-300 microseconds a value; pools of about 900 values a country cost 0.2 s whatever the company's size.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from faker import Faker

from hub.demo.chance import ranked

LOCALES: Final = {"NO": "no_NO", "SE": "sv_SE", "DE": "de_DE", "GB": "en_GB"}
LANGUAGES: Final = {"NO": "nb", "SE": "sv", "DE": "de", "GB": "en"}
SHARES: Final = {"NO": 0.55, "SE": 0.25, "DE": 0.12, "GB": 0.08}
CURRENCIES: Final = {"NO": "NOK", "SE": "SEK", "DE": "EUR", "GB": "GBP"}
_LETTERS: Final = {"æ": "ae", "ø": "o", "å": "a", "ä": "a", "ö": "o", "ü": "u", "ß": "ss", "é": "e", "è": "e", "ó": "o"}


@dataclass(frozen=True, slots=True)
class Pool:
    """What one country has to offer; `towns` pairs a postcode with a town, as `postcode|town`."""

    given: pl.Series
    family: pl.Series
    streets: pl.Series
    towns: pl.Series
    companies: pl.Series


def pool_of(country: str, rng: np.random.Generator) -> Pool:
    """Draw the pool of one country with Faker seeded from `rng`."""
    fake = Faker(LOCALES[country])
    fake.seed_instance(int(rng.integers(2**32)))
    return Pool(
        given=_distinct(fake.first_name, 300),
        family=_distinct(fake.last_name, 400),
        streets=_distinct(fake.street_name, 200),
        towns=_distinct(lambda: f"{fake.postcode()}|{fake.city()}", 80),
        companies=_distinct(lambda: f"{fake.last_name()} & {fake.last_name()}", 150),
    )


def drawn(pool: pl.Series, count: int, rng: np.random.Generator) -> pl.Series:
    """Draw `count` values of a pool, common ones more often."""
    return pool.gather(pl.Series(ranked(rng, len(pool), count)))


def slug(text: pl.Expr) -> pl.Expr:
    """Reduce a name to the letters a-z, as mail addresses and domains are made."""
    lower = text.str.to_lowercase().str.replace_many(list(_LETTERS), list(_LETTERS.values()))
    return lower.str.replace_all(r"[^a-z]", "")


def _distinct(draw: Callable[[], str], count: int) -> pl.Series:
    """Draw `count` times and keep distinct values that Latin-1, the ERP's encoding, can hold."""
    values = dict.fromkeys(draw() for _ in range(count))
    return pl.Series([value for value in values if _fits_latin1(value)], dtype=pl.String)


def _fits_latin1(value: str) -> bool:
    return all(ord(letter) < 256 for letter in value)  # noqa: PLR2004 - the size of Latin-1
