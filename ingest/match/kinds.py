"""What records of a kind may say, and how they are brought to comparable form: persons, and organisations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from ingest.match.form import ATTRIBUTES, FORM_VERSION, FORMS, comparable_people
from ingest.match.organisation import (
    ORGANISATION_ATTRIBUTES,
    ORGANISATION_FORM_VERSION,
    ORGANISATION_FORMS,
    comparable_organisations,
)
from privacy.terms import EntityKind

Form = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Comparable:
    """The attributes that are read of a record, and what makes the columns of a spec of them.

    `version` is that of `form`; `forms` are all by which rows at rest may still be found.
    """

    attributes: tuple[str, ...]
    form: Form
    version: int
    forms: Mapping[int, Form]


PEOPLE: Final = Comparable(ATTRIBUTES, comparable_people, FORM_VERSION, FORMS)
COMPARABLE: Final[Mapping[str, Comparable]] = {
    EntityKind.PERSON.value: PEOPLE,
    EntityKind.ORGANISATION.value: Comparable(
        ORGANISATION_ATTRIBUTES, comparable_organisations, ORGANISATION_FORM_VERSION, ORGANISATION_FORMS
    ),
}
"""By the kind that a spec names."""
