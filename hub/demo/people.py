"""The people as they really are: the systems see them through a glass, darkly (`hub.demo.records`)."""

from datetime import date, datetime
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import Ints, flags, stream
from hub.demo.checkdigits import national_ids
from hub.demo.pools import LANGUAGES, SHARES, Pool, drawn, slug

BUSINESS_SHARE: Final = 0.5  # contact persons of an organisation; the others are consumers
HOUSEHOLD_SHARE: Final = 0.15  # consumers who live with another customer
_MAIL_HOSTS: Final = {
    "NO": ("epost.example", "postboks.example", "nettpost.example"),
    "SE": ("brevlada.example", "mejl.example", "postlada.example"),
    "DE": ("briefkasten.example", "epost-de.example", "postfach.example"),
    "GB": ("mailbox.example", "letters.example", "inbox.example"),
}
# Ordinary mobile ranges: validators refuse the few that are kept for drama, and a thousand numbers are too few.
_PHONE_RANGES: Final = {
    "NO": (90_000_000, 100_000_000),
    "SE": (720_000_000, 740_000_000),
    "DE": (15_110_000_000, 15_120_000_000),
    "GB": (7_400_000_000, 7_440_000_000),
}


def people_of(
    seed: int, count: int, *, organisations: pl.DataFrame, pools: dict[str, Pool], until: datetime
) -> pl.DataFrame:
    """Draw the people.

    Columns: entity (Int64 from 0), country, language, given_name, family_name, email, phone (national digits),
    national_id (NO and SE), birth_date, street, postcode, city, organisation (null for consumers), role, segment.
    """
    rng = stream(seed, "people")
    employer, countries = _employers(rng, count, organisations)
    parts = [
        _in_country(country, np.flatnonzero(countries == country), pool=pools[country], rng=rng, until=until)
        for country in SHARES
        if (countries == country).any()
    ]
    frame = pl.concat(parts).sort("entity").with_columns(employer)
    frame = _households(frame, rng)
    return _with_emails(frame, organisations, rng)


def _employers(rng: np.random.Generator, count: int, organisations: pl.DataFrame) -> tuple[list[pl.Series], np.ndarray]:
    """Give half of the people an employer, whose country they share."""
    countries = rng.choice(list(SHARES), size=count, p=list(SHARES.values()))
    known = organisations.height
    business = flags(rng, count, BUSINESS_SHARE) & (known > 0)
    employer = rng.integers(0, max(known, 1), count)
    if known:
        countries = np.where(business, organisations["country"].to_numpy()[employer], countries)
    role = rng.choice(["user", "manager", "executive", "buyer"], size=count, p=[0.55, 0.25, 0.08, 0.12])
    columns = [
        pl.Series("organisation", employer).set(pl.Series(~business), None),
        pl.Series("role", role).set(pl.Series(~business), None),
        pl.Series("segment", np.where(business, "business", "consumer")),
    ]
    return columns, countries


def _in_country(country: str, rows: Ints, *, pool: Pool, rng: np.random.Generator, until: datetime) -> pl.DataFrame:
    count = len(rows)
    low, high = _PHONE_RANGES[country]
    births = _births(rng, count, until)
    town = drawn(pool.towns, count, rng).str.split_exact("|", 1).struct
    house = pl.Series(rng.integers(1, 150, count)).cast(pl.String)
    return pl.DataFrame(
        {
            "entity": rows,
            "country": pl.Series([country] * count, dtype=pl.String),
            "language": pl.Series([LANGUAGES[country]] * count, dtype=pl.String),
            "given_name": drawn(pool.given, count, rng),
            "family_name": drawn(pool.family, count, rng),
            "phone": pl.Series(rng.integers(low, high, count)).cast(pl.String),
            "birth_date": births,
            "national_id": national_ids(births, country, rng),
            "street": drawn(pool.streets, count, rng) + " " + house,
            "postcode": town.field("field_0"),
            "city": town.field("field_1"),
        }
    )


def _births(rng: np.random.Generator, count: int, until: datetime) -> pl.Series:
    """Draw dates of birth of people aged 18 to 84, most of them around 45."""
    ages = rng.triangular(18, 45, 84, count) * 365.25
    epoch_day = until.date().toordinal() - date(1970, 1, 1).toordinal()
    return pl.Series((epoch_day - ages - 1).astype(np.int32)).cast(pl.Date)


def _households(people: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Move some consumers in with another of their country: same family name and address, a quarter share a telephone.

    Adds `mailbox`: the entity whose e-mail address the person uses (half of the household members share one).
    """
    count = people.height
    members, heads = _pairs(people, rng)
    lives_with, calls, mailbox = (np.arange(count) for _ in range(3))
    lives_with[members] = heads
    for shared, share in ((calls, 0.25), (mailbox, 0.5)):
        together = flags(rng, len(members), share)
        shared[members[together]] = heads[together]
    home = people.select("family_name", "street", "postcode", "city")[pl.Series(lives_with)]
    return people.with_columns(*home.get_columns(), people["phone"][pl.Series(calls)], pl.Series("mailbox", mailbox))


def _pairs(people: pl.DataFrame, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Pair members with heads of households: consumers of one country; nobody is both."""
    private = people["organisation"].is_null().to_numpy()
    countries = people["country"].to_numpy()
    members, heads = [], []
    for country in SHARES:
        group = rng.permutation(np.flatnonzero(private & (countries == country)))
        size = int(len(group) * HOUSEHOLD_SHARE)
        members.append(group[:size])
        heads.append(group[size : 2 * size])
    return np.concatenate(members), np.concatenate(heads)


def _with_emails(people: pl.DataFrame, organisations: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Give everybody an address at the employer or at a mail host; a name that is taken gets a number."""
    hosts = pl.DataFrame(
        [(country, pick, host) for country, names in _MAIL_HOSTS.items() for pick, host in enumerate(names)],
        schema=["country", "pick", "host"],
        orient="row",
    )
    frame = people.with_columns(
        pick=pl.Series(rng.integers(0, 3, people.height)), shape=pl.Series(rng.random(people.height))
    )
    frame = frame.join(hosts, on=["country", "pick"], how="left", maintain_order="left")
    frame = frame.join(
        organisations.select("organisation", "domain"), on="organisation", how="left", maintain_order="left"
    )
    given, family = slug(pl.col("given_name")), slug(pl.col("family_name"))
    local = (
        pl.when(pl.col("shape") < 0.6)  # noqa: PLR2004 - a share
        .then(pl.format("{}.{}", given, family))
        .when(pl.col("shape") < 0.85)  # noqa: PLR2004 - a share
        .then(pl.format("{}{}", given.str.slice(0, 1), family))
        .otherwise(pl.format("{}{}", given, pl.col("birth_date").dt.strftime("%y")))
    )
    frame = frame.with_columns(local=local, host=pl.coalesce("domain", "host"))
    repeated = pl.int_range(pl.len()).over("local", "host")
    number = pl.when(repeated > 0).then((repeated + 1).cast(pl.String)).otherwise(pl.lit(""))
    frame = frame.with_columns(email=pl.format("{}{}@{}", "local", number, "host"))
    email = frame["email"][frame["mailbox"]]
    return frame.drop("pick", "shape", "domain", "local", "host", "mailbox").with_columns(email)
