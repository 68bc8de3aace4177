"""A record that somebody is about to deliver: whose, and what it says; for those who cannot wait for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from ingest.match.condition import Row
from ingest.match.few_people import few_people
from ingest.match.keys import as_number, key_values_of, keys_of
from ingest.match.kinds import COMPARABLE, PEOPLE, Comparable
from ingest.pipeline.forming import CHECKED
from ingest.pipeline.ports import Matching
from privacy.terms import EntityKind, RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class Arriving:
    """One record as its source would deliver it, standardised as far as its contract does.

    It is of a person unless `kind` says of what. `attributes` are some of those that `ingest.match.kinds.COMPARABLE`
    names of its kind; `country` is what its contract says of rows without one.
    """

    source: str
    key: str = field(repr=False)
    attributes: Mapping[str, str] = field(repr=False)
    country: str | None = None
    kind: EntityKind = EntityKind.PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Formed:
    """A record in comparable form, by column, what it is found by, and its checked number as a token.

    `alone` says with how many carriers at most a token makes pairs by itself, of those that may not always.
    """

    record: RecordId
    values: Row = field(repr=False)
    tokens: frozenset[int]
    alone: Mapping[int, int]
    number: int | None


def formed(arriving: Arriving, record: RecordId, matching: Matching) -> Formed:
    """Bring a record to comparable form under a name, and say what it is found by: as staging does for many."""
    read = COMPARABLE[matching.kind]
    given: dict[str, str | None] = {name: arriving.attributes.get(name) for name in read.attributes}
    given |= {"source": arriving.source, "country": given["country"] or arriving.country}
    (values,) = comparable_rows([given], read)
    version = matching.serving
    keyed = values if version.form_version == read.version else _in_columns([given], read, version.form_version)[0]
    told = key_values_of(keyed, keys_of(matching.model.spec))
    tokens = {as_number(version.candidate(matching.named(name)).token_of(value)): name for name, value in told}
    most = matching.model.model.alone
    alone = {token: most[name] for token, name in tokens.items() if name in most}
    checked = keyed[CHECKED]
    number = None if checked is None else as_number(version.candidate(matching.named(CHECKED)).token_of(checked))
    return Formed(record=record, values=values, tokens=frozenset(tokens), alone=alone, number=number)


def comparable_rows(given: Sequence[Row], read: Comparable) -> Sequence[Row]:
    """Bring rows of `source` and all attributes to comparable form, in their order; people one by one if they can."""
    few = few_people(given) if read is PEOPLE else None
    return few if few is not None else _in_columns(given, read, read.version)


def _in_columns(given: Sequence[Row], read: Comparable, version: int) -> Sequence[Row]:
    frame = pl.DataFrame(list(given), schema=dict.fromkeys(("source", *read.attributes), pl.String), orient="row")
    return read.forms[version](frame.with_row_index("record")).sort("record").drop("record").to_dicts()
