"""What a read for a purpose may see of the lake: rows and columns whose time is over are left out of the scan itself.

Invariant: decide = legal basis, consent, objection, restriction, retention. Where the catalogue says that nothing of a
table is old enough, its scan is the plain one; where the event time decides, whole files are skipped; a start that
belongs to a person is joined as one frame.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Self

import polars as pl
from sqlmodel import Session

from hub.lake.folding import Answer
from hub.lake.reading import Reader
from hub.lake.terms import CatalogueFile
from hub.retention.instants import OLDEST, from_folds, instants_of, joined, worked_out
from hub.retention.terms import TableTerms, terms_of
from ingest.canonical.catalogue import lake_table_of
from ingest.canonical.table import INSTANT
from ingest.store.record import records_frame
from privacy.purposes import Policy, policy_hash
from privacy.retention import date_of
from privacy.store.epoch import current_epoch
from privacy.terms import EntityKind, FileId

RETENTION: Final = "retention"
"""The rule by which a customer is absent who has rows, all of whose time is over."""
_SIDES: Final = ("person", "organisation")
_FEW: Final = 0.1
"""Up to so many of the owners are asked row by row in a scan of their own; more, and one scan asks all of them."""
RowsSince = Callable[[datetime | None], list[pl.LazyFrame]]
"""How a read takes the rows of a table from an instant on (None: all): at once, or in parts."""


class Sight:
    """A reader of the lake for one purpose at one instant; `hidden` gathers whose rows it left out."""

    def __init__(self, reader: Reader, policy: Policy, purpose: str, *, at: datetime) -> None:
        self._reader = reader
        self._policy = policy
        self._purpose = purpose
        self.at = at
        self._on: date = date_of(at)
        self._records = pl.DataFrame(schema=_RECORDS)
        self._known_at: tuple[object, ...] | None = None
        self._instants: pl.LazyFrame | None = None
        self._hidden: list[pl.LazyFrame] = []

    def know_records(self, session: Session, tables: tuple[str, ...]) -> None:
        """Read, in the caller's snapshot, which records are one person, if a rule over the tables asks for it."""
        if any(terms.of_person and self._bites(terms) for terms in map(self._terms, tables)):
            epoch = current_epoch(session)
            self._known_at = (epoch, policy_hash(self._policy), self._on)
            self._records = self._reader.answer(("records", epoch), lambda: all_records(session))

    def renew(self) -> None:
        """Prolong the reader's lease, as whoever reads for long does between one part and the next."""
        self._reader.renew_if_due()

    def scan(self, table: str, *, until: datetime) -> pl.LazyFrame:
        """Scan a table's rows before `until` as far as the purpose may see them; raises as `Reader.scan` does."""
        (rows,) = self._seen(table, until, lambda since: [self._reader.scan(table, since=since, until=until)])
        return rows

    def parts(self, table: str, *, until: datetime) -> list[pl.LazyFrame]:
        """Scan as `scan` does, in the parts of `Reader.parts`."""
        return self._seen(table, until, lambda since: self._reader.parts(table, since=since, until=until))

    def parts_of(self, table: str, files: Collection[FileId], *, until: datetime) -> list[pl.LazyFrame]:
        """Scan as `parts` does, rows of some files alone; whose time is over is asked of everything there is."""
        some = self._reader.among(files)
        return self._seen(table, until, lambda since: some.parts(table, since=since, until=until))

    def files(self, table: str) -> list[CatalogueFile]:
        """List the files of a table that the snapshot holds."""
        return self._reader.snapshot.of_table(table)

    def portable_parts(self, table: str, *, until: datetime) -> list[pl.LazyFrame]:
        """Scan as `parts` does, in frames that another process opens (`Reader.portable_parts`)."""
        return self._seen(table, until, lambda since: self._reader.portable_parts(table, since=since, until=until))

    def _seen(self, table: str, until: datetime, rows_since: RowsSince) -> list[pl.LazyFrame]:
        terms = self._terms(table)
        if not self._bites(terms):
            return rows_since(None)
        if terms.of_person and not terms.for_the_law() and not terms.days_of_module:
            return self._by_owner(terms, until, rows_since)
        return self._by_row(terms, until, rows_since)

    def _by_row(self, terms: TableTerms, until: datetime, rows_since: RowsSince) -> list[pl.LazyFrame]:
        """Ask each row of a table whether its time is over."""
        table, on = terms.table, self._on
        before = terms.ended_before(on=on)
        instants = self._known() if terms.of_person else None
        ended = terms.ended(on=on)
        if terms.for_the_law():
            ended &= ~terms.held(on=on)
            before = None
        older = self._reader.scan(table, until=until if before is None else min(before, until))
        oldest = older.group_by(_SIDES).agg(pl.col("event_time").min())  # if any row of theirs is over, the oldest is
        self._hidden.append(joined(oldest, instants).filter(ended).select(_SIDES))
        seen = rows_since(before)
        if before is None or terms.blanks(on=on):
            return [_left(rows, terms, instants, on) for rows in seen]
        return seen

    def _by_owner(self, terms: TableTerms, until: datetime, rows_since: RowsSince) -> list[pl.LazyFrame]:
        """Ask each owner once, where it is mostly the owner who decides; and the rows only of those whose rows differ.

        What is over of a row is over of every older row of its owner. So an owner of whose oldest row nothing is over
        is seen whole, and one of whom a row of this very moment were over is not seen at all.
        """
        judged = self._once(("judged", terms.table, terms.purpose, until), lambda: self._judged(terms, until))
        self._hidden.append(judged.hidden.lazy())
        return [self._of_owners(rows, terms, judged) for rows in rows_since(None)]

    def _of_owners(self, rows: pl.LazyFrame, terms: TableTerms, judged: "_Judged") -> pl.LazyFrame:
        """Keep the rows of some owners whole, leave out those of others, and ask each row of the rest."""
        if judged.mixed is None:
            return _left(rows, terms, self._known(), self._on)
        whole = rows.filter(~judged.left_out.rows) if judged.left_out else rows
        if not judged.mixed:
            return whole
        return pl.concat([whole, _left(rows.filter(judged.mixed.rows), terms, self._known(), self._on)])

    def _judged(self, terms: TableTerms, until: datetime) -> "_Judged":
        ended, blanks = terms.ended(on=self._on), terms.blanks(on=self._on)
        oldest = self._reader.folded(terms.table, OLDEST).lazy().filter(pl.col("event_time") < until)
        asked = joined(oldest, self._known()).with_columns(ended=ended, over=pl.any_horizontal(ended, *blanks.values()))
        newest = asked.with_columns(event_time=pl.lit(until, dtype=INSTANT))
        each = newest.select(*_SIDES, "ended", "over", gone=ended).collect()
        left_out = each.filter(pl.col("over") | pl.col("gone"))
        mixed = left_out.filter(~pl.col("gone"))
        nobodys = left_out.filter(pl.all_horizontal(pl.col(_SIDES).is_null()))  # rows that no owner names
        return _Judged(
            hidden=each.filter("ended").select(_SIDES),
            left_out=_Owners.of(left_out),
            mixed=None if nobodys.height or mixed.height > each.height * _FEW else _Owners.of(mixed),
        )

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
            self._instants = self._once(("instants",), self._worked_out).lazy()
        return self._instants

    def _worked_out(self) -> pl.DataFrame:
        frame = instants_of(from_folds(self._reader), self._records, self._policy.contact_events)
        return worked_out(self._reader, frame)

    def _once(self, key: tuple[object, ...], make: Callable[[], Answer]) -> Answer:
        """Make an answer once for the same files, epoch, policy and day."""
        return make() if self._known_at is None else self._reader.answer((*self._known_at, *key), make)


@dataclass(frozen=True, slots=True)
class _Owners:
    """Owners of rows: persons, and organisations of rows without one."""

    persons: pl.Series
    organisations: pl.Series

    @classmethod
    def of(cls, pairs: pl.DataFrame) -> Self:
        """Gather the owners of person and organisation."""
        persons = pairs["person"].drop_nulls().unique()
        return cls(persons, pairs.filter(pl.col("person").is_null())["organisation"].drop_nulls().unique())

    def __bool__(self) -> bool:
        """Say whether there is anybody."""
        return bool(len(self.persons) or len(self.organisations))

    @property
    def rows(self) -> pl.Expr:
        """Say of each row whether it is theirs; a column that decides nothing is not read."""
        of_persons = pl.col("person").is_in(self.persons.implode()).fill_null(value=False)
        if self.organisations.is_empty():
            return of_persons
        theirs = pl.col("organisation").is_in(self.organisations.implode()).fill_null(value=False)
        return of_persons | (pl.col("person").is_null() & theirs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What a table's owners come to: `hidden` has person and organisation of rows that are over.

    Rows of owners that are not `left_out` are seen whole, those of the `mixed` among them are asked one by one; if that
    is None, all rows are.
    """

    hidden: pl.DataFrame
    left_out: _Owners
    mixed: _Owners | None


def _left(rows: pl.LazyFrame, terms: TableTerms, instants: pl.LazyFrame | None, on: date) -> pl.LazyFrame:
    """Leave out the rows whose time is over, and of others the columns whose time is."""
    ended = terms.ended(on=on)
    left = joined(rows, instants).filter(~(ended & ~terms.held(on=on)) if terms.for_the_law() else ~ended)
    blanks = terms.blanks(on=on).items()
    blanked = left.with_columns(pl.when(~over).then(pl.col(column)) for column, over in blanks)
    return blanked.select(lake_table_of(terms.table).schema.names())


_RECORDS: Final = {"record": pl.Binary, "entity": pl.Binary}


def all_records(session: Session) -> pl.DataFrame:
    """Return record and entity (Binary) of every person and organisation."""
    return pl.concat([records_frame(session, kind).select("record", "entity") for kind in EntityKind])
