"""What a read for a purpose may see of the lake: rows and columns whose time is over are left out of the scan itself.

Invariant: decide = legal basis, consent, objection, restriction, retention. Where the catalogue says that nothing of a
table is old enough, its scan is the plain one; where the event time decides, whole files are skipped; a start that
belongs to a person is joined as one frame.
"""

from datetime import date, datetime
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.lake.reading import Reader
from hub.retention.instants import instants_of, joined, worked_out
from hub.retention.terms import TableTerms, terms_of
from ingest.canonical.catalogue import lake_table_of
from ingest.store.record import records_frame
from privacy.purposes import Policy
from privacy.retention import date_of
from privacy.terms import EntityKind

RETENTION: Final = "retention"
"""The rule by which a customer is absent who has rows, all of whose time is over."""
_SIDES: Final = ("person", "organisation")


class Sight:
    """A reader of the lake for one purpose at one instant; `hidden` gathers whose rows it left out."""

    def __init__(self, reader: Reader, policy: Policy, purpose: str, *, at: datetime) -> None:
        self._reader = reader
        self._policy = policy
        self._purpose = purpose
        self._on: date = date_of(at)
        self._records: pl.DataFrame | None = None
        self._instants: pl.LazyFrame | None = None
        self._hidden: list[pl.LazyFrame] = []

    def know_records(self, session: Session, tables: tuple[str, ...]) -> None:
        """Read, in the caller's snapshot, which records are one person, if a rule over the tables asks for it."""
        if any(terms.of_person and self._bites(terms) for terms in map(self._terms, tables)):
            self._records = all_records(session)

    def scan(self, table: str, *, until: datetime) -> pl.LazyFrame:
        """Scan a table's rows before `until` as far as the purpose may see them; raises as `Reader.scan` does."""
        terms = self._terms(table)
        if not self._bites(terms):
            return self._reader.scan(table, until=until)
        before, rows = terms.ended_before(on=self._on), self._reader.scan(table, until=until)
        instants = self._known() if terms.of_person else None
        ended = terms.ended(on=self._on)
        if terms.for_the_law():
            ended &= ~terms.held(on=self._on)
            before = None
        older = rows if before is None else self._reader.scan(table, until=min(before, until))
        oldest = older.group_by(_SIDES).agg(pl.col("event_time").min())  # if any row of theirs is over, the oldest is
        self._hidden.append(joined(oldest, instants).filter(ended).select(_SIDES))
        seen = rows if before is None else self._reader.scan(table, since=before, until=until)
        blanks = terms.blanks(on=self._on)
        if before is None or blanks:
            seen = joined(seen, instants).filter(~ended)
            seen = seen.with_columns(pl.when(~over).then(pl.col(column)) for column, over in blanks.items())
        return seen.select(lake_table_of(table).schema.names())

    def withheld(self, subjects: pl.DataFrame, seen: pl.DataFrame, side: str) -> int:
        """Count the subjects that are not among the rows seen, but had rows whose time is over.

        `subjects` has record (Binary) and subject, `seen` subject; `side` is the column that says whose a row is.
        """
        if not self._hidden:
            return 0
        hidden_rows = pl.concat([each.select(side) for each in self._hidden])
        owners = worked_out(self._reader, hidden_rows.drop_nulls().unique())
        hidden = subjects.join(owners, left_on="record", right_on=side, how="semi").select("subject").unique()
        return hidden.join(seen.select("subject").unique(), on="subject", how="anti").height

    def _terms(self, table: str) -> TableTerms:
        return terms_of(self._policy, lake_table_of(table), self._purpose)

    def _bites(self, terms: TableTerms) -> bool:
        files = self._reader.snapshot.files
        times = [file.min_event_at for file in files if file.table == terms.table]
        if not times:
            return False
        return terms.may_bite(on=self._on, oldest=min(times), oldest_of_all=min(file.min_event_at for file in files))

    def _known(self) -> pl.LazyFrame:
        """Work the instants out once a read, however many tables ask."""
        if self._instants is None:
            records = pl.DataFrame(schema=_RECORDS) if self._records is None else self._records
            frame = instants_of(self._reader.scan, records, self._policy.contact_events)
            self._instants = worked_out(self._reader, frame).lazy()
        return self._instants


_RECORDS: Final = {"record": pl.Binary, "entity": pl.Binary}


def all_records(session: Session) -> pl.DataFrame:
    """Return record and entity (Binary) of every person and organisation."""
    return pl.concat([records_frame(session, kind).select("record", "entity") for kind in EntityKind])
