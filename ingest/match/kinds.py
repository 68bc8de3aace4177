"""What records of a kind may say, and how they are brought to comparable form: persons, and organisations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from ingest.match.form import ATTRIBUTES, comparable_people
from ingest.match.organisation import ORGANISATION_ATTRIBUTES, comparable_organisations
from privacy.terms import EntityKind


@dataclass(frozen=True, slots=True)
class Comparable:
    """The attributes that are read of a record, and what makes the columns of a spec of them."""

    attributes: tuple[str, ...]
    form: Callable[[pl.DataFrame], pl.DataFrame]


PEOPLE: Final = Comparable(ATTRIBUTES, comparable_people)
COMPARABLE: Final[Mapping[str, Comparable]] = {
    EntityKind.PERSON.value: PEOPLE,
    EntityKind.ORGANISATION.value: Comparable(ORGANISATION_ATTRIBUTES, comparable_organisations),
}
"""By the kind that a spec names."""
