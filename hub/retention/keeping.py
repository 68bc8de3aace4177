"""What is due on a day: the policy in force, who is one person, which holds stand, as sieves over the lake's tables.

A sieve is made anew for each pass, and asked once more in the transaction that replaces files: a hold that was placed
meanwhile counts, to the last moment.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final, cast

import polars as pl
from sqlalchemy.orm import Session
from sqlmodel import Session as ControlSession

from hub.compose import Hub
from hub.lake.errors import CatalogueConflict
from hub.lake.terms import CatalogueFile
from hub.retention.holds import Hold, records_of_holds, standing_holds
from hub.retention.instants import RECORD, joined
from hub.retention.sight import all_records
from hub.retention.terms import EVENT_TIME, MODULE, TableTerms, terms_of
from ingest.canonical.catalogue import lake_table_of
from privacy.purposes import Policy
from privacy.retention import midnight
from privacy.store.epoch import lock_epoch
from privacy.store.policy import find_policy

_TELLING: Final = ("person", "organisation", EVENT_TIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What deleting is decided by, read in one snapshot: policy, records (record, entity) and every standing hold."""

    policy: Policy
    records: pl.DataFrame
    holds: tuple[Hold, ...]
    named: dict[bytes, pl.Series]  # records that a hold covers, by hold; none where it covers everybody's

    def terms(self, table: str) -> TableTerms:
        """Return what the policy says of a table for all purposes."""
        return terms_of(self.policy, lake_table_of(table))


def facts_of(hub: Hub, *, at: datetime) -> Facts:
    """Read the facts; a hold on one record covers all records of its entity."""
    policy = hub.policy()
    with hub.reading() as session:
        records = all_records(session)
        holds = standing_holds(session, at=at)
        named = records_of_holds(session, holds)
    covered = {hold: _siblings(records, pl.Series(ids, dtype=pl.Binary)) for hold, ids in named.items()}
    return Facts(policy=policy, records=records, holds=tuple(holds), named=covered)


@dataclass(frozen=True)  # cached properties need a dict
class TableSieve:
    """What stays of a table on a day: a `hub.lake.expiry.Sieve`.

    `instants` has record, last_contact and relation_end where a rule counts from them.
    """

    hub: Hub
    facts: Facts
    table: str
    on: date
    instants: pl.DataFrame | None

    @cached_property
    def terms(self) -> TableTerms:
        """What the policy says of the table."""
        return self.facts.terms(self.table)

    @cached_property
    def holds(self) -> list[Hold]:
        """The holds that stand on the day and concern the table."""
        return [hold for hold in self.facts.holds if hold.covers(self.table) and hold.stands(at=self._last_moment)]

    @property
    def telling(self) -> tuple[str, ...]:
        """The columns that decide, and those that may be blanked."""
        module = (MODULE,) if self.terms.days_of_module else ()
        return (*_TELLING, *module, *self.terms.blanks(on=self.on))

    @property
    def due(self) -> pl.Expr:
        """Say of each row, with its owner's instants beside it, whether it goes."""
        return self._over() & ~self.terms.held(on=self.on) & ~self._legal()

    def concerns(self, file: CatalogueFile) -> bool:
        """Skip a file whose oldest row is too young for every rule that counts from the row's own time."""
        return self.terms.may_bite(on=self.on, oldest=file.min_event_at, oldest_of_all=midnight(date.min))

    def touches(self, rows: pl.DataFrame) -> bool:
        """Say whether a row goes or a column is blanked."""
        return bool(self._judged(rows).select(pl.any_horizontal(pl.col("due").any(), *self._blanked_any())).item())

    def sifted(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Leave out what is due, blank what ends before its row."""
        kept = self._judged(rows).filter(~pl.col("due"))
        blanked = [pl.when(~pl.col(f"blank.{column}")).then(pl.col(column)) for column in self._blanks]
        return kept.with_columns(blanked).select(rows.columns)

    def verify(self, session: Session) -> None:
        """Refuse to go on if the holds that stand now are not those that were heeded, or the policy has changed."""
        ours = cast("ControlSession", session)
        lock_epoch(ours)
        standing = {hold.hold_id for hold in standing_holds(ours, at=self.hub.clock())}
        if standing - {hold.hold_id for hold in self.facts.holds} or find_policy(ours) != self.facts.policy:
            raise CatalogueConflict(self.table)

    def counts(self, rows: pl.DataFrame) -> dict[str, int]:
        """Count rows due, held by law, held by a hold, and to be blanked; a blanked category by its name."""
        judged = self._judged(rows)
        over, law = pl.col("over"), pl.col("law")
        blanked = {
            category: pl.any_horizontal(pl.col(f"blank.{column}") for column in columns)
            for category, columns in self.terms.columns.items()
            if columns and set(columns) <= self._blanks.keys()
        }
        figures = judged.select(
            due=pl.col("due").sum(),
            statutory=(over & law).sum(),
            legal=(over & ~law & pl.col("legal")).sum(),
            **{category.value: rows.sum() for category, rows in blanked.items()},
        )
        return {name: int(count or 0) for name, count in figures.row(0, named=True).items()}

    @cached_property
    def _blanks(self) -> dict[str, pl.Expr]:
        return self.terms.blanks(on=self.on)

    def _blanked_any(self) -> list[pl.Expr]:
        return [pl.col(f"blank.{column}").any() for column in self._blanks]

    def _judged(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Put the verdicts beside the rows; a null is no reason to delete."""
        instants = None if self.instants is None or not self.terms.of_person else self.instants.lazy()
        judged = joined(rows.lazy(), instants).with_columns(
            over=self._over(),
            law=self.terms.held(on=self.on),
            legal=self._legal(),
        )
        free = ~pl.col("law") & ~pl.col("legal")
        judged = judged.with_columns(due=pl.col("over") & free)
        blanks = {
            f"blank.{column}": ended & ~pl.col("over") & free & pl.col(column).is_not_null()
            for column, ended in self._blanks.items()
        }
        return judged.with_columns(**blanks).collect()

    def _over(self) -> pl.Expr:
        return self.terms.ended(on=self.on).fill_null(value=False)

    def _legal(self) -> pl.Expr:
        """Say of each row whether a hold that stands on the day covers it."""
        if any(not hold.of_records for hold in self.holds):
            return pl.lit(value=True)
        if not self.holds:
            return pl.lit(value=False)
        covered = pl.concat([self.facts.named[hold.hold_id] for hold in self.holds]).unique().implode()
        sides = (pl.col(side).is_in(covered).fill_null(value=False) for side in ("person", "organisation"))
        return pl.any_horizontal(sides)

    @property
    def _last_moment(self) -> datetime:
        """A day ahead is asked for at its beginning; today at this very moment."""
        return max(self.hub.clock(), midnight(self.on))


def horizon(on: date, days: int) -> date:
    """Return the day that lies so many days ahead."""
    return on + timedelta(days=days)


def _siblings(records: pl.DataFrame, named: pl.Series) -> pl.Series:
    """Return some records and all that are the same person."""
    entities = records.filter(pl.col(RECORD).is_in(named.implode()))["entity"]
    beside = records.filter(pl.col("entity").is_in(entities.implode()))[RECORD]
    return pl.concat([named, beside]).unique()
