"""How many people a changed purpose would lose, counted by deciding about each of them under both versions."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.views.permission import permitted_set
from privacy.purposes import Policy, Purpose, purpose_hash
from privacy.terms import EntityKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """People who may be read for a purpose now, how many of them no more, and how many others from then on."""

    purpose: str
    now: int
    lost: int
    gained: int


def impact_of(hub: Hub, proposed: Policy) -> dict[str, Impact]:
    """Count for every purpose whose rules would change or which would go; in one snapshot of the database."""
    at = hub.clock()
    after = {purpose.id: purpose for purpose in proposed.purposes}
    found: dict[str, Impact] = {}
    with hub.reading() as session:
        for before in hub.policy().purposes:
            new = after.get(before.id)
            if new is None or purpose_hash(new) != purpose_hash(before):
                found[before.id] = _impact(_people(session, before, at), _people(session, new, at), before)
    return found


def _impact(before: pl.Series, after: pl.Series, purpose: Purpose) -> Impact:
    stay = len(before.filter(before.is_in(after.implode())))
    return Impact(purpose=purpose.id, now=len(before), lost=len(before) - stay, gained=len(after) - stay)


def _people(session: Session, purpose: Purpose | None, at: datetime) -> pl.Series:
    if purpose is None:
        return pl.Series("entity", [], dtype=pl.Binary)
    return permitted_set(session, purpose, EntityKind.PERSON, at=at).records["entity"].unique()
