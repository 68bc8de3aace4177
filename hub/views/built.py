"""A frame between its build and its release, and whose acts may have counted in it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.views.budget import Paid
from hub.views.permission import PermittedSet
from hub.views.remembered import permitted_now
from hub.views.spec import ViewSpec
from privacy.purposes import Purpose
from privacy.terms import EntityKind


@dataclass(frozen=True, slots=True)
class Built:
    """A frame that has not left yet, and what it was built on."""

    spec: ViewSpec
    purpose: Purpose
    epoch: int
    permitted: PermittedSet
    persons: PermittedSet | None
    frame: pl.DataFrame  # entity, pseudonym and features; of a summary figures
    members: pl.DataFrame  # record, entity and ordinal of every record that was read
    absent: dict[str, int]
    day: date  # what retention ended by
    withheld: dict[str, int] = field(default_factory=dict)  # cells of a summary by rule
    paid: Paid | None = None  # what a release with noise rests on

    @property
    def is_repeated(self) -> bool:
        """Say whether its figures are an answer as it left once."""
        return self.paid is not None and self.paid.is_repeated

    @property
    def stands_until(self) -> datetime:
        """The instant from which it would be another frame, though nobody acts: time passing bumps no epoch.

        A consent runs out by itself, and by the next day (UTC) retention may have ended rows.
        """
        lapses = [each.valid_until for each in (self.permitted, self.persons) if each is not None]
        over = datetime.combine(self.day, time.min, UTC) + timedelta(days=1)
        return min([over, *(each for each in lapses if each is not None)])


def persons_of(hub: Hub, session: Session, purpose: Purpose, spec: ViewSpec, at: datetime) -> PermittedSet | None:
    """At organisation grain: the persons whose acts may count."""
    if spec.grain is EntityKind.PERSON:
        return None
    return permitted_now(hub, session, purpose, EntityKind.PERSON, at=at)
