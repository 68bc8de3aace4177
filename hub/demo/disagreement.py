"""How a system sees a person: typing errors, folded letters, old addresses, gaps, and telephone numbers in every shape.

Rates are shares of records and independent of each other. A marker of how much: of the people in both CRM and ERP
about seven in ten agree on the exact name, and eight in ten of those who have an e-mail address in both agree on it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import flags

_PREFIXES: Final = {"NO": "47", "SE": "46", "DE": "49", "GB": "44"}
_FOLDED: Final = {
    "æ": "ae",
    "ø": "o",
    "å": "aa",
    "ä": "a",
    "ö": "o",
    "ü": "ue",
    "ß": "ss",
    "é": "e",
    "Æ": "Ae",
    "Ø": "O",
    "Å": "Aa",
    "Ä": "A",
    "Ö": "O",
    "Ü": "Ue",
}  # fmt: skip - a table


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Shares of a system's records that are changed, and of fields that are missing.

    `telephone`: shares of the shapes `+4791234567`, `+47 912 34 567`, `004791234567` and national.
    """

    typo: float
    folded: float
    initial: float
    swapped: float
    capitals: float
    other_email: float
    moved: float
    no_email: float
    no_phone: float
    no_birth: float
    no_address: float
    national_id: float
    telephone: tuple[float, float, float, float]


QUIRKS: Final = {
    "crm": Quirks(
        typo=0.03,
        folded=0.04,
        initial=0.02,
        swapped=0.02,
        capitals=0.01,
        other_email=0.04,
        moved=0.04,
        no_email=0.05,
        no_phone=0.12,
        no_birth=0.45,
        no_address=0.2,
        national_id=0.2,
        telephone=(0.2, 0.7, 0.1, 0.0),
    ),
    "erp": Quirks(
        typo=0.04,
        folded=0.15,
        initial=0.03,
        swapped=0.0,
        capitals=0.08,
        other_email=0.07,
        moved=0.06,
        no_email=0.12,
        no_phone=0.08,
        no_birth=0.3,
        no_address=0.02,
        national_id=0.4,
        telephone=(0.1, 0.1, 0.3, 0.5),
    ),
    "support": Quirks(
        typo=0.06,
        folded=0.08,
        initial=0.10,
        swapped=0.03,
        capitals=0.02,
        other_email=0.09,
        moved=0.0,
        no_email=0.03,
        no_phone=0.35,
        no_birth=1.0,
        no_address=1.0,
        national_id=0.0,
        telephone=(0.6, 0.2, 0.1, 0.1),
    ),
    "newsletter": Quirks(
        typo=0.03,
        folded=0.06,
        initial=0.03,
        swapped=0.01,
        capitals=0.02,
        other_email=0.06,
        moved=0.0,
        no_email=0.0,
        no_phone=0.6,
        no_birth=1.0,
        no_address=1.0,
        national_id=0.0,
        telephone=(0.7, 0.1, 0.1, 0.1),
    ),
}  # fmt: skip - a table


def seen_by(system: str, records: pl.DataFrame, people: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Return the person of each record (`entity`, `key`) as the system has it; columns as in `people`."""
    quirks = QUIRKS[system]
    frame = records.join(people, on="entity", how="left", maintain_order="left")
    for step in (_renamed, _reached, _housed, _gapped):
        frame = step(frame, quirks, rng)
    return frame


def _renamed(frame: pl.DataFrame, quirks: Quirks, rng: np.random.Generator) -> pl.DataFrame:
    """Misspell, fold, shorten, swap and shout names."""
    count = frame.height
    letters = [frame[name].str.len_chars().cast(pl.Int64).to_numpy() for name in ("given_name", "family_name")]
    place = [pl.Series(1 + (rng.random(count) * np.maximum(length - 2, 1)).astype(np.int64)) for length in letters]
    slip, where = rng.random(count) < quirks.typo, flags(rng, count, 0.5)
    folded, capitals = (pl.Series(flags(rng, count, share)) for share in (quirks.folded, quirks.capitals))
    frame = frame.with_columns(
        _when(slip & where, _transposed("given_name", place[0]), "given_name"),
        _when(slip & ~where, _dropped("family_name", place[1]), "family_name"),
    )
    frame = frame.with_columns(
        pl.when(folded).then(pl.col(name).str.replace_many(_FOLDED)).otherwise(name).alias(name)
        for name in ("given_name", "family_name")
    )
    frame = frame.with_columns(
        _when(flags(rng, count, quirks.initial), pl.col("given_name").str.slice(0, 1) + ".", "given_name"),
        pl.when(capitals).then(pl.col("family_name").str.to_uppercase()).otherwise("family_name").alias("family_name"),
    )
    swapped = pl.Series(flags(rng, count, quirks.swapped))
    return frame.with_columns(
        given_name=pl.when(swapped).then("family_name").otherwise("given_name"),
        family_name=pl.when(swapped).then("given_name").otherwise("family_name"),
    )


def _reached(frame: pl.DataFrame, quirks: Quirks, rng: np.random.Generator) -> pl.DataFrame:
    """Give some an older e-mail address and write telephone numbers in the system's shapes."""
    count = frame.height
    older = pl.format("{}{}", pl.col("email").str.replace(r"@.*", ""), pl.lit("@gamle-post.example"))
    prefix = pl.col("country").replace_strict(_PREFIXES)
    digits = pl.col("phone")
    national = pl.when(pl.col("country") == "NO").then(digits).otherwise(pl.lit("0") + digits)
    spaced = pl.format("+{} {} {} {}", prefix, digits.str.slice(0, 3), digits.str.slice(3, 2), digits.str.slice(5))
    shape = pl.Series(rng.choice(4, size=count, p=quirks.telephone))
    phone = (
        pl.when(shape == 0)
        .then(pl.format("+{}{}", prefix, digits))
        .when(shape == 1)
        .then(spaced)
        .when(shape == 2)  # noqa: PLR2004 - the third shape
        .then(pl.format("00{}{}", prefix, digits))
        .otherwise(national)
    )
    return frame.with_columns(_when(flags(rng, count, quirks.other_email), older, "email"), phone=phone)


def _housed(frame: pl.DataFrame, quirks: Quirks, rng: np.random.Generator) -> pl.DataFrame:
    """Leave some at an address where they no longer live (somebody else's in the same country)."""
    address = pl.struct("street", "postcode", "city")
    elsewhere = frame.select(address.shuffle(seed=int(rng.integers(2**31))).over("country")).to_series().struct
    moved = flags(rng, frame.height, quirks.moved)
    return frame.with_columns(
        _when(moved, pl.lit(elsewhere.field(name)), name) for name in ("street", "postcode", "city")
    )


def _gapped(frame: pl.DataFrame, quirks: Quirks, rng: np.random.Generator) -> pl.DataFrame:
    """Leave fields empty."""
    gaps = {
        "email": quirks.no_email,
        "phone": quirks.no_phone,
        "birth_date": quirks.no_birth,
        "national_id": 1 - quirks.national_id,
    }
    missing = {name: flags(rng, frame.height, share) for name, share in gaps.items()}
    missing |= dict.fromkeys(("street", "postcode", "city"), flags(rng, frame.height, quirks.no_address))
    return frame.with_columns(_when(gone, pl.lit(None), name) for name, gone in missing.items())


def _when(rows: np.typing.NDArray[np.bool_], value: pl.Expr, name: str) -> pl.Expr:
    return pl.when(pl.Series(rows)).then(value).otherwise(pl.col(name)).alias(name)


def _transposed(name: str, place: pl.Series) -> pl.Expr:
    """Swap two neighbouring letters."""
    text = pl.col(name).str
    at = pl.lit(place)
    return pl.concat_str(text.slice(0, at), text.slice(at + 1, 1), text.slice(at, 1), text.slice(at + 2))


def _dropped(name: str, place: pl.Series) -> pl.Expr:
    """Leave a letter out."""
    text = pl.col(name).str
    at = pl.lit(place)
    return pl.concat_str(text.slice(0, at), text.slice(at + 1))
