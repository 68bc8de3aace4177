"""A person's record that somebody is about to deliver: whose, and what it says; for those who cannot wait for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from ingest.match.form import ATTRIBUTES, FORM_VERSION, FORMS, comparable_people
from ingest.match.keys import as_number, key_values_of, keys_of
from ingest.pipeline.forming import CHECKED
from ingest.pipeline.ports import Matching
from privacy.terms import RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class Arriving:
    """One record as its source would deliver it, standardised as far as its contract does.

    `attributes` are some of `ingest.match.form.ATTRIBUTES`; `country` is what its contract says of rows without one.
    """

    source: str
    key: str = field(repr=False)
    attributes: Mapping[str, str] = field(repr=False)
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Formed:
    """A record in comparable form (one row, with `record`), what it is found by, and its checked number as a token."""

    frame: pl.DataFrame = field(repr=False)
    tokens: frozenset[int]
    number: int | None

    @property
    def record(self) -> RecordId:
        """Which record it is."""
        return RecordId(self.frame["record"][0])

    @property
    def values(self) -> Mapping[str, str | None]:
        """What it says, by column."""
        return self.frame.row(0, named=True)


def formed(arriving: Arriving, record: RecordId, matching: Matching) -> Formed:
    """Bring a record to comparable form under a name, and say what it is found by: as staging does for many."""
    given_of = {name: arriving.attributes.get(name) for name in ATTRIBUTES}
    given_of["country"] = given_of["country"] or arriving.country
    given = pl.DataFrame([given_of], schema=dict.fromkeys(ATTRIBUTES, pl.String))
    named = given.with_columns(pl.Series("record", [record], dtype=pl.Binary), source=pl.lit(arriving.source))
    frame = comparable_people(named)
    version = matching.serving
    keyed = frame if version.form_version == FORM_VERSION else FORMS[version.form_version](named)
    values = keyed.row(0, named=True)
    told = key_values_of(values, keys_of(matching.model.spec))
    tokens = frozenset(as_number(version.candidate(name).token_of(value)) for name, value in told)
    checked = values[CHECKED]
    number = None if checked is None else as_number(version.candidate(CHECKED).token_of(checked))
    return Formed(frame=frame, tokens=tokens, number=number)
