"""From the events of a table to one row per subject, part by part: what folds is folded, what does not is kept.

A table comes in parts that share no record's events (the lake's buckets). Of each part the events that any window wants
are read and every partial value is computed once per record (at organisation grain: per organisation and acting
person); the results, as small as the customers are many, then meet the permitted map. So memory holds one part and the
results, and a merge or an unmerge shows at the next read while no file is written anew.

A subject of one record is done with that. Those of several records are joined: partial values that fold
(`Partial.folds`) are folded; for those that do not, the masked values of these subjects' events are kept and grouped
again. At person grain such subjects are few, for a merge made them. At organisation grain they are all, for acts of
persons lie with the person: there a value that does not fold costs the memory of its values.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import polars as pl

from hub.views.keyed import KEY
from hub.views.partials import Grouping, Partial
from hub.views.values import within_any
from ingest.canonical.catalogue import table_of
from privacy.terms import EntityKind

SUBJECT: Final = "subject"
RECORD: Final = "record"
_FIRST: Final = "first_byte"
_ASKED: Final = "asked_by"


@dataclass(frozen=True)
class Wanted:
    """What a view wants of one table's events: which rows, which columns of them, and the partial values of these."""

    grouping: Grouping
    rows: pl.Expr
    columns: Sequence[pl.Expr]

    @property
    def schema(self) -> pl.Schema:
        """Return the columns' names and types."""
        return table_of(self.grouping.table).schema.to_frame(eager=False).select(self.columns).collect_schema()

    @property
    def keys(self) -> list[str]:
        """Return the key of a row that is less than a customer, if rows have one."""
        return [KEY] if self.columns[-1].meta.output_name() == KEY else []

    def of(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Take the rows and columns."""
        return events.filter(self.rows).select(self.columns)


class Elsewhere(Protocol):
    """Events that another engine opens and groups."""

    def grouped(self, wanted: Wanted, whose: "Whose") -> pl.DataFrame:
        """Return one row per subject and key with every partial value."""
        ...


Parts = Sequence[pl.LazyFrame]


@dataclass(frozen=True)
class Permitted:
    """Whose events may be read.

    `subjects` has `record` Binary and `subject` UInt32: the records of the customers, each with the ordinal of its
    entity. `persons` has `record` Binary: persons whose acts may count towards an organisation; at organisation grain
    without it no event of a person counts. No text is read that a redactor older than `redactor` cleaned.
    """

    subjects: pl.LazyFrame
    persons: pl.LazyFrame | None = None
    redactor: int = 1


class Whose:
    """Turns owners of events into subjects."""

    def __init__(self, permitted: Permitted, owner: EntityKind) -> None:
        """Hold who is permitted."""
        self.owner = owner
        self._permitted = permitted

    @property
    def sides(self) -> tuple[str, ...]:
        """Return the columns of an event that decide whose it is."""
        return ("person",) if self.owner is EntityKind.PERSON else ("organisation", "person")

    @property
    def subjects(self) -> pl.DataFrame:
        """Return `record` and `subject` of whose events may be read."""
        return self._permitted.subjects.select(RECORD, SUBJECT).collect()

    @property
    def persons(self) -> pl.Series:
        """Return the persons whose acts may count towards an organisation."""
        return self._persons

    @property
    def several(self) -> pl.DataFrame:
        """Return `subject` of those whose events may be of several records."""
        return self._several.select(SUBJECT).unique()

    def of(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Put the subject in the place of the owners; what may not be read is left out."""
        if self.owner is EntityKind.ORGANISATION:
            frame = frame.filter(pl.col("person").is_null() | pl.col("person").is_in(self._persons.implode()))
        subjects = self._permitted.subjects.select(RECORD, SUBJECT)
        return frame.join(subjects, left_on=self.owner.value, right_on=RECORD).select(pl.exclude(*self.sides))

    def of_several(self, events: pl.LazyFrame, records: pl.DataFrame) -> pl.LazyFrame:
        """Keep the events whose owner is one of several records; `records` are the owners met, by the sides."""
        if self.owner is EntityKind.ORGANISATION:
            return events
        theirs = [self._several_by_byte[byte] for byte in _first_bytes(records) if byte in self._several_by_byte]
        known = pl.concat(theirs) if theirs else self._several.clear()
        return events.filter(pl.col(self.owner.value).is_in(known[RECORD].implode()))

    @cached_property
    def _several(self) -> pl.DataFrame:
        several = pl.len().over(SUBJECT) > 1 if self.owner is EntityKind.PERSON else pl.lit(value=True)
        return self._permitted.subjects.filter(several).select(RECORD, SUBJECT).collect()

    @cached_property
    def _several_by_byte(self) -> dict[object, pl.DataFrame]:
        """Part them by the first byte, which tells parts apart: a small set is asked faster than a large one."""
        first = pl.col(RECORD).bin.head(1).alias(_FIRST)
        parted = self._several.with_columns(first).partition_by(_FIRST, as_dict=True, include_key=False)
        return {byte: frame for (byte,), frame in parted.items()}

    @cached_property
    def _persons(self) -> pl.Series:
        persons = self._permitted.persons
        return pl.Series(dtype=pl.Binary) if persons is None else persons.select(RECORD).collect()[RECORD].unique()


def grouped(wanted: Wanted, parts: Parts, whose: Whose) -> pl.DataFrame:
    """Return one row per subject and key with every partial value."""
    gathering = _Gathering(wanted, whose)
    for part in parts:
        gathering.take(wanted.of(part).collect(engine="streaming").lazy())
    return gathering.whole()


def grouped_each(
    asked: Sequence[tuple[Wanted, Whose]], parts: Parts, owners: pl.DataFrame, before_part: Callable[[], None]
) -> list[pl.DataFrame]:
    """Return what `grouped` does of each of some groupings of one table, and read each part once for all of them.

    `owners` is what `owners_of` returns of them: a grouping takes the events of its own people alone. `before_part` is
    called before each part is read.
    """
    gatherings = [_Gathering(wanted, whose) for wanted, whose in asked]
    for part in parts:
        before_part()
        events = _shared(part, asked, owners).collect(engine="streaming").lazy()
        for place, (wanted, _) in enumerate(asked):
            gatherings[place].take(wanted.of(events.filter((pl.col(_ASKED) & (1 << place)) != 0)))
    return [gathering.whole() for gathering in gatherings]


def owners_of(each: Sequence[Whose]) -> pl.DataFrame:
    """Return the records of some sets of people, each with a bit for every set that it is in; of at most 64 sets."""
    owned = [
        whose.subjects.select(RECORD, pl.lit(1 << place, dtype=pl.UInt64).alias(_ASKED))
        for place, whose in enumerate(each)
    ]
    return pl.concat(owned).group_by(RECORD).agg(pl.col(_ASKED).bitwise_or())


def _shared(part: pl.LazyFrame, asked: Sequence[tuple[Wanted, Whose]], owners: pl.DataFrame) -> pl.LazyFrame:
    """Take the rows and columns of a part that any of some groupings wants, with the bits of their owners."""
    rows = within_any(span for wanted, _ in asked for span in wanted.grouping.spans)
    columns = sorted({name for wanted, _ in asked for column in wanted.columns for name in column.meta.root_names()})
    owner = asked[0][1].owner.value
    return part.filter(rows).select(columns).join(owners.lazy(), left_on=owner, right_on=RECORD)


class _Gathering:
    """The partial values of one grouping, of the parts that were taken so far."""

    def __init__(self, wanted: Wanted, whose: Whose) -> None:
        self._grouping, self._whose, self._keys = wanted.grouping, whose, wanted.keys
        self._by = [*whose.sides, *wanted.keys]
        self._made: list[pl.DataFrame] = []
        self._kept: list[pl.DataFrame] = []

    def take(self, events: pl.LazyFrame) -> None:
        """Group the events of one part."""
        grouping = self._grouping
        values = (partial.over_events for partial in grouping.all)
        made = grouping.prepared(events).group_by(self._by).agg(values).collect(engine="streaming")
        self._made.append(made)
        if grouping.leftover:
            theirs = grouping.prepared(self._whose.of_several(events, made))
            self._kept.append(theirs.select(*self._by, *_read(grouping.leftover)).collect())

    def whole(self) -> pl.DataFrame:
        """Put subjects in the place of owners, and join those of several records."""
        mapped = self._whose.of(pl.concat(self._made).lazy()).collect()
        again = self._whose.of(pl.concat(self._kept).lazy()) if self._kept else None
        return _joined(self._grouping, mapped, again, self._whose.several, [SUBJECT, *self._keys])


def _joined(
    grouping: Grouping, made: pl.DataFrame, kept: pl.LazyFrame | None, several: pl.DataFrame, by: Sequence[str]
) -> pl.DataFrame:
    """Fold the partial values of subjects of several records; group their kept values again."""
    names = [*by, *(partial.name for partial in grouping.all)]
    folded = made.lazy().join(several.lazy(), on=SUBJECT, how="semi").group_by(by).agg(grouping.folds)
    if kept is not None:
        again = kept.group_by(by).agg(partial.over_events for partial in grouping.leftover)
        folded = folded.join(again, on=by, how="left")
    whole = made.join(several, on=SUBJECT, how="anti")
    return pl.concat([whole.select(names), folded.select(names).collect()])


def _read(partials: Sequence[Partial]) -> list[str]:
    """Return the columns that partial values are computed from."""
    return sorted({name for partial in partials for name in partial.over_events.meta.root_names()})


def _first_bytes(records: pl.DataFrame) -> pl.Series:
    """Return the first bytes of the persons met."""
    return records["person"].bin.head(1).unique()
