"""What four systems hold of people: tables under their own column names, as text in their own way of writing.

Instants: CRM and ERP write Oslo time, product and newsletter UTC. Money: ERP with a point, subscriptions with a comma.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from hub.demo.canary import Canary
from hub.demo.chance import flags, stream
from hub.demo.choices import heard_by
from hub.demo.disagreement import seen_by
from hub.demo.occasions import WINDOW_DAYS
from hub.demo.rhythm import instant_of

OBJECTED_SHARE: Final = 0.03  # CRM: reserved against analysis (Art. 21(1))
RESTRICTED_SHARE: Final = 0.006  # CRM: processing restricted (Art. 18)
NO_PROFILING_SHARE: Final = 0.015  # ERP: the same objection, taken at the counter
_OSLO: Final = "Europe/Oslo"
_SINCE: Final = "%d.%m.%Y"
_NORWEGIAN: Final = {"yes": "ja", "no": "nei", "stopped": "trukket"}
_FLAGS: Final = {"yes": "Y", "no": "N", "stopped": "S"}
_LANGUAGE_WORDS: Final = {"nb": "norsk", "sv": "svensk", "de": "tysk", "en": "engelsk"}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What every people table is made from: `known` has `entity, key` per system, `choices` what people chose."""

    seed: int
    until: datetime
    known: dict[str, pl.DataFrame]
    choices: pl.DataFrame
    canary: Canary


def organisation_keys(seed: int, organisations: pl.DataFrame) -> pl.DataFrame:
    """Deal CRM keys to the organisations, twice to every twentieth: organisation, key, first (the one events name)."""
    rng = stream(seed, "organisation keys")
    again = organisations["organisation"].filter(pl.Series(flags(rng, organisations.height, 0.05)))
    everyone = pl.concat([organisations["organisation"], again])
    keys = "O-" + pl.Series(10_001 + rng.permutation(len(everyone))).cast(pl.String)
    frame = pl.DataFrame({"organisation": everyone, "key": keys}).sort("organisation", "key")
    return frame.with_columns(first=pl.col("organisation").is_first_distinct())


def crm_organisations(seed: int, organisations: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """Write the CRM's organisations; some without number, some with the name in capitals."""
    rng = stream(seed, "crm organisations")
    frame = keys.join(organisations, on="organisation", how="left", maintain_order="left")
    shout, bare = (pl.Series(flags(rng, frame.height, share)) for share in (0.06, 0.12))
    return frame.select(
        org_id="key",
        navn=pl.when(shout).then(pl.col("organisation_name").str.to_uppercase()).otherwise("organisation_name"),
        orgnr=pl.when(~bare).then("organisation_number"),
        domene="domain",
        gate="street",
        postnr="postcode",
        poststed="city",
        land="country",
        bransjekode="industry_code",
        ansatte="company_size_band",
        segment="segment",
        avtale_mnd=pl.col("contract_length_months").cast(pl.String),
        kunde_siden=pl.col("customer_since").dt.strftime("%d.%m.%Y"),
    )


def crm_people(view: View, people: pl.DataFrame) -> pl.DataFrame:
    """Write the CRM's contacts; `people` has `joined_day` and the employer's CRM key `org_key` besides the truth."""
    rng, frame = _seen(view, "crm", people)
    note = pl.format("Snakket med {} {}, følges opp", "given_name", "family_name")
    frame = frame.with_columns(note=pl.when(_drawn(rng, frame.height, 0.4)).then(note))
    frame = view.canary.mark_field(frame, "note", "crm")
    objected, restricted = (_drawn(rng, frame.height, share) for share in (OBJECTED_SHARE, RESTRICTED_SHARE))
    changed = pl.lit(pl.Series(rng.uniform(WINDOW_DAYS - 500, WINDOW_DAYS - 1, frame.height).round()))
    return frame.select(
        kontakt_id="key",
        fornavn="given_name",
        etternavn="family_name",
        epost="email",
        telefon="phone",
        fodselsnummer="national_id",
        fodselsdato=pl.col("birth_date").dt.strftime(_SINCE),
        gate="street",
        postnr="postcode",
        poststed="city",
        land="country",
        sprak=pl.col("language").replace_strict(_LANGUAGE_WORDS),
        segment=pl.when(pl.col("segment") == "business").then(pl.lit("bedrift")).otherwise(pl.lit("privat")),
        rolle="role",
        org_id="org_key",
        kunde_siden=_written(pl.col("joined_day"), view.until, _SINCE),
        reservert=pl.when(objected).then(pl.lit("ja")).otherwise(pl.lit("nei")),
        begrenset=pl.when(restricted).then(pl.lit("ja")),
        **_answers({"forslag": "offers", "tilbake": "winback", "mening": "feedback"}, _NORWEGIAN),
        valgt=_written(pl.coalesce("to_day", "from_day"), view.until, "%d.%m.%Y %H:%M", _OSLO),
        notat="note",
        oppdatert=_written(changed + 0.5, view.until, "%d.%m.%Y %H:%M", _OSLO),
    )


def erp_customers(view: View, people: pl.DataFrame) -> pl.DataFrame:
    """Write the ERP's customers: one name column, mostly `Family, Given`."""
    rng, frame = _seen(view, "erp", people)
    backwards = _drawn(rng, frame.height, 0.7)
    stops = _drawn(rng, frame.height, NO_PROFILING_SHARE)
    changed = pl.lit(pl.Series(rng.uniform(WINDOW_DAYS - 400, WINDOW_DAYS - 1, frame.height).round()))
    return frame.select(
        customer_no="key",
        name=pl.when(backwards)
        .then(pl.format("{}, {}", "family_name", "given_name"))
        .otherwise(pl.format("{} {}", "given_name", "family_name")),
        email="email",
        mobile="phone",
        national_id="national_id",
        born=pl.col("birth_date").dt.strftime("%Y-%m-%d"),
        address="street",
        zip="postcode",
        city="city",
        country="country",
        group=pl.when(pl.col("segment") == "business").then(pl.lit("B2B")).otherwise(pl.lit("B2C")),
        since=_written(pl.col("joined_day"), view.until, "%Y-%m-%d"),
        no_profiling=pl.when(stops).then(pl.lit("1")).otherwise(pl.lit("0")),
        **_answers({"ok_offers": "offers", "ok_winback": "winback", "ok_feedback": "feedback"}, _FLAGS),
        chosen=_written(pl.coalesce("to_day", "from_day"), view.until, "%Y-%m-%d %H:%M:%S", _OSLO),
        changed=_written(changed + 0.25, view.until, "%Y-%m-%d %H:%M:%S", _OSLO),
    )


def support_people(view: View, people: pl.DataFrame) -> pl.DataFrame:
    """Write the requesters of the support desk."""
    rng, frame = _seen(view, "support", people)
    created = pl.lit(pl.Series(rng.uniform(-200, 1, frame.height)))
    return frame.select(
        requester_id="key",
        display_name=pl.format("{} {}", "given_name", "family_name"),
        email="email",
        phone="phone",
        locale="language",
        country="country",
        **{f"{name}_ok": name for name in ("offers", "winback", "feedback")},
        chosen_at=_written(pl.coalesce("to_day", "from_day"), view.until, "%Y-%m-%dT%H:%M:%SZ"),
        created_at=_written(created, view.until, "%Y-%m-%dT%H:%M:%SZ"),
    )


def newsletter_people(view: View, people: pl.DataFrame) -> pl.DataFrame:
    """Write the newsletter's readers with what they allowed."""
    _, frame = _seen(view, "newsletter", people)
    changed = pl.coalesce("to_day", "from_day")
    return frame.select(
        subscriber="key",
        first_name="given_name",
        last_name="family_name",
        email="email",
        phone="phone",
        lang="language",
        country="country",
        signup=_written(pl.col("from_day"), view.until, "%Y-%m-%d"),
        **{f"{name}_ok": name for name in ("offers", "winback", "feedback")},
        changed=_written(changed, view.until, "%Y-%m-%d %H:%M:%S"),
    )


def readers(view: View) -> pl.DataFrame:
    """Return who was on the newsletter's list when: entity, subscriber, from_day, to_day (null: still on it)."""
    heard = heard_by(view.seed, "newsletter", view.choices, view.known["newsletter"])
    return heard.select("entity", "from_day", "to_day", subscriber="key")


def _answers(columns: dict[str, str], words: dict[str, str]) -> dict[str, pl.Expr]:
    """Write choices under a system's own column names in its own words."""
    return {column: pl.col(choice).replace_strict(words) for column, choice in columns.items()}


def _seen(view: View, system: str, people: pl.DataFrame) -> tuple[np.random.Generator, pl.DataFrame]:
    """Return the system's own stream of chance and its records, with canary tokens where they are wanted."""
    rng = stream(view.seed, f"{system} people")
    frame = view.canary.mark_people(seen_by(system, view.known[system], people, rng))
    chosen = heard_by(view.seed, system, view.choices, view.known[system]).drop("entity")
    frame = frame.join(chosen, on="key", how="left", maintain_order="left")
    frame = view.canary.mark_field(frame, "street", system)
    view.canary.list_numbers(frame, system)
    return rng, frame


def _drawn(rng: np.random.Generator, count: int, share: float) -> pl.Series:
    return pl.Series(flags(rng, count, share))


def _written(day: pl.Expr, until: datetime, pattern: str, zone: str = "UTC") -> pl.Expr:
    """Write days since the start of the window in a system's way."""
    return instant_of(day, until).dt.convert_time_zone(zone).dt.strftime(pattern)
