"""Whose standing changes when records change entity: merged, a no of any part binds all; apart, each has its own."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlmodel import Session

from hub.views.permission import silencing
from ingest.store.record import records_frame
from privacy.purposes import Policy
from privacy.terms import EntityKind


@dataclass(frozen=True, slots=True)
class StandingChange:
    """How many records come under a no of another record for some purpose, and how many would be free of one."""

    bound: int
    freed: int


def standing_change(session: Session, policy: Policy, touched: pl.DataFrame, *, at: datetime) -> StandingChange:
    """Count whose standing changes; `touched` has record, before and after (the entity) of all of their entities."""
    sources = records_frame(session, EntityKind.PERSON, touched["before"].unique().to_list()).select("record", "source")
    rows = touched.join(sources, on="record", maintain_order="left")
    bound, freed = pl.Series([], dtype=pl.Binary), pl.Series([], dtype=pl.Binary)
    before, after = (pl.col("silences").any().over(entity) for entity in ("before", "after"))
    for purpose in policy.purposes:
        decided = silencing(session, purpose, rows, at=at).select("record", before=before, after=after)
        bound = bound.append(decided.filter(pl.col("after") & ~pl.col("before"))["record"])
        freed = freed.append(decided.filter(pl.col("before") & ~pl.col("after"))["record"])
    return StandingChange(bound.n_unique(), freed.n_unique())
