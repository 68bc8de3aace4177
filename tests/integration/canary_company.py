"""A small company in which every personal field of every source holds a token, and the words to look for.

The demo's own canary marks names, addresses and texts; added here are what it leaves plain: towns, sellers' notes,
companies, employees and the sources' own customer numbers. Dates cannot hold a word.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Final

import polars as pl

from hub.demo.company import Company, generate
from hub.demo.exports import Export, write_exports
from tests.canary.tokens import accented_token, token

SEED: Final = 7
PEOPLE: Final = 250
ORGANISATIONS: Final = 20
SAFE_KEY: Final = 8  # a shorter number turns up by chance
_WORDS: Final = "company"
_SPARE: Final = "provoked"

TEXT_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "crm_people": ("poststed", "notat"),
    "crm_organisations": ("navn", "gate", "domene"),
    "erp_customers": ("city",),
}
KEY_FIELDS: Final[Mapping[str, str]] = {"crm_people": "kontakt_id", "support_people": "requester_id"}
EXPORTS: Final = (
    "crm_people.csv",
    "crm_organisations.csv",
    "erp_customers.csv",
    "support_people.csv",
    "newsletter.csv",
    "support_tickets.ndjson",
)
"""The exports that hold personal fields; the others hold numbers and codes."""

_NAMED: Final = {
    "crm": ("crm_people", "kontakt_id", ["fornavn", "etternavn"], "epost"),
    "erp": ("erp_customers", "customer_no", ["name"], "email"),
    "support": ("support_people", "requester_id", ["display_name"], "email"),
    "newsletter": ("newsletter", "subscriber", ["first_name", "last_name"], "email"),
}
"""Table, key, columns of the name and of the e-mail address."""

LIKE_OTHERS: Final = frozenset(
    {"erp_order_lines", "erp_invoices", "crm_journeys", "crm_projects", "survey_answers"}
) | {
    "field_readings",
    "field_visits",
    "support_replies",  # as support_tickets: the same people and agents, and texts without personal fields
}
"""Exports without personal fields that go the way of others: they would find nothing and cost a process each."""

FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "crm": ("crm_people.csv",),
    "erp": ("erp_customers.csv",),
    "support": ("support_people.csv", "support_tickets.ndjson"),
    "newsletter": ("newsletter.csv",),
    **{name.partition(".")[0]: (name,) for name in EXPORTS},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """The company's exports and what was planted in them.

    words: token, field, source (a system, an export, or `*` for each of the four systems); people: rows of the CRM,
    of those whose address names one person.
    """

    exports: list[Export]
    words: pl.DataFrame
    people: pl.DataFrame


class Spares:
    """Tokens for what is provoked by hand: each is new, and remembered."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count()
        self.drawn: list[str] = []

    def word(self) -> str:
        """Draw a token."""
        return self._kept(token(_SPARE, next(self._numbers)))

    def accented(self) -> str:
        """Draw a token with Nordic letters."""
        return self._kept(accented_token(_SPARE, next(self._numbers)))

    def _kept(self, word: str) -> str:
        self.drawn.append(word)
        return word


def plant(folder: Path, until: datetime) -> Planted:
    """Make the company up and write its exports, tokens in every personal field."""
    numbers = count()
    company = generate(
        SEED, PEOPLE, organisations=ORGANISATIONS, until=until, marker=lambda _: token(_WORDS, next(numbers))
    )
    tables, words = dict(company.tables), [company.tokens]
    for name, fields in TEXT_FIELDS.items():
        for field in fields:
            tables[name], found = _marked(tables[name], name, field, numbers)
            words.append(found)
    tables["support_tickets"], found = _marked_agents(tables["support_tickets"], numbers)
    words.append(found)
    words += [_found(tables[name][field], field, name) for name, field in KEY_FIELDS.items()]
    numbered = tables["crm_organisations"]["orgnr"].drop_nulls()
    words.append(_found(numbered.filter(numbered.str.len_chars() > SAFE_KEY), "orgnr", "crm_organisations"))
    written = write_exports(_with(company, tables), folder)
    exports = [export for export in written if export.contract_path.stem not in LIKE_OTHERS]
    return Planted(exports=exports, words=pl.concat(words), people=_alone(company, tables["crm_people"]))


def _alone(company: Company, contacts: pl.DataFrame) -> pl.DataFrame:
    """Keep the contacts whose address names one person: shared with nobody, and written alike in every system."""
    people = company.truth.people
    alone = people.filter(people["email"].is_unique() & people["phone"].is_unique())
    known = company.truth.entities.filter(kind="person")
    seen = pl.concat(
        company.tables[table].select(
            source=pl.lit(source),
            key=key,
            name=pl.concat_str(names, separator=" ").str.extract_all(r"\p{L}+").list.sort().list.join(" "),
            email=email,
        )
        for source, (table, key, names, email) in _NAMED.items()
    )
    records = known.join(seen, on=["source", "key"]).group_by("entity").agg(pl.col("name", "email").n_unique())
    alike = records.filter((pl.col("name") == 1) & (pl.col("email") == 1)).join(alone, on="entity", how="semi")
    keys = known.filter(source="crm").join(alike, on="entity", how="semi")["key"]
    return contacts.filter(pl.col("kontakt_id").is_in(keys.implode()))


def _with(company: Company, tables: dict[str, pl.DataFrame]) -> Company:
    return replace(company, tables=tables)


def _marked(frame: pl.DataFrame, name: str, field: str, numbers: Iterator[int]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """End a field of each row with a token of its own, in letters that code pages and folding change."""
    words = pl.Series([accented_token(_WORDS, next(numbers)) for _ in range(frame.height)], dtype=pl.String)
    marked = frame.with_columns((pl.col(field).cast(pl.String).fill_null("") + " " + words).alias(field))
    return marked, _found(words, field, name)


def _marked_agents(tickets: pl.DataFrame, numbers: Iterator[int]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Name each employee by a token: they are data subjects too."""
    agents = tickets["agent"].drop_nulls().unique().sort()
    words = pl.Series([token(_WORDS, next(numbers)) for _ in agents], dtype=pl.String)
    marked = tickets.with_columns(pl.col("agent").replace_strict(agents, words))
    return marked, _found(words, "agent", "support_tickets")


def _found(words: pl.Series, field: str, source: str) -> pl.DataFrame:
    return pl.DataFrame({"token": words.unique(maintain_order=True)}).with_columns(
        field=pl.lit(field), source=pl.lit(source)
    )
