"""From the events of a table to one row per subject: what folds is folded, only what does not is mapped event by event.

Every partial value is computed once per record (at organisation grain: per organisation and acting person), and the
result, as small as the customers are many, meets the permitted map. So a merge or an unmerge shows at the next read,
and no file is written anew. A value that does not fold (`Partial.folds`) is a subject's own where the subject is one
record; events of subjects that are several records are mapped and grouped again, those alone. At organisation grain
nearly every subject has acts of several persons: there all events are mapped, for those values only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import polars as pl

from hub.views.partials import Grouping, Partial
from privacy.terms import EntityKind

SUBJECT: Final = "subject"
RECORD: Final = "record"
_PARTS: Final = "parts"
_AGAIN: Final = ".again"


@dataclass(frozen=True)
class Permitted:
    """Whose events may be read.

    `subjects` has `record` Binary and `subject` UInt32: the records of the customers, each with the ordinal of its
    entity. `persons` has `record` Binary: persons whose acts may count towards an organisation; at organisation grain
    without it no event of a person counts.
    """

    subjects: pl.LazyFrame
    persons: pl.LazyFrame | None = None

    @cached_property
    def shared(self) -> pl.DataFrame:
        """Return `record` of subjects that are several records: a merge made them, so they are few."""
        several = pl.len().over(SUBJECT) > 1
        return self.subjects.filter(several).select(RECORD).collect()


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Whose rows a view has: the side of an event that is the customer, and who is permitted."""

    owner: EntityKind
    permitted: Permitted
    owners: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Name the columns that an event must be grouped by, before anybody is mapped or left out."""
        sides = ("person",) if self.owner is EntityKind.PERSON else ("organisation", "person")
        object.__setattr__(self, "owners", sides)


def grouped(grouping: Grouping, prepared: pl.LazyFrame, whose: Whose) -> pl.LazyFrame:
    """Return one row per subject with every partial value; `prepared` has owners, masks and values of the events."""
    if not grouping.leftover:
        return _folded(grouping.folding, prepared, whose).drop(_PARTS)
    if whose.owner is EntityKind.PERSON:
        return _persons(grouping, prepared, whose)
    mapped = _mapped(prepared, whose).group_by(SUBJECT).agg(partial.over_events for partial in grouping.leftover)
    if not grouping.folding:
        return mapped
    return _folded(grouping.folding, prepared, whose).drop(_PARTS).join(mapped, on=SUBJECT, how="left")


def _persons(grouping: Grouping, prepared: pl.LazyFrame, whose: Whose) -> pl.LazyFrame:
    """Take what does not fold from a subject's only record, or group its records' events again."""
    folded = _folded([*grouping.folding, *grouping.leftover], prepared, whose)
    shared = whose.permitted.shared
    if shared.is_empty():
        return folded.drop(_PARTS)
    theirs = prepared.filter(pl.col("person").is_in(shared[RECORD].implode()))
    wanted = [partial.over_events.alias(partial.name + _AGAIN) for partial in grouping.leftover]
    again = _mapped(theirs, whose).group_by(SUBJECT).agg(wanted)
    chosen = [
        pl.when(pl.col(_PARTS) == 1).then(pl.col(partial.name)).otherwise(pl.col(partial.name + _AGAIN))
        for partial in grouping.leftover
    ]
    joined = folded.join(again, on=SUBJECT, how="left").with_columns(chosen)
    return joined.drop(_PARTS, *(partial.name + _AGAIN for partial in grouping.leftover))


def _folded(partials: Sequence[Partial], prepared: pl.LazyFrame, whose: Whose) -> pl.LazyFrame:
    """Group by record, map the results, and fold them."""
    records = prepared.group_by(whose.owners).agg(partial.over_events for partial in partials)
    folds = (partial.over_records for partial in partials)
    return _mapped(records, whose).group_by(SUBJECT).agg(*folds, pl.len().alias(_PARTS))


def _mapped(frame: pl.LazyFrame, whose: Whose) -> pl.LazyFrame:
    """Replace a record by its subject; a record that is not permitted falls away, and so does what it did."""
    allowed = _permitted_only(frame, whose)
    subjects = whose.permitted.subjects.select(RECORD, SUBJECT)
    return allowed.join(subjects, left_on=whose.owner.value, right_on=RECORD, how="inner")


def _permitted_only(frame: pl.LazyFrame, whose: Whose) -> pl.LazyFrame:
    """Leave out what a person did who is not permitted; at person grain the mapping itself does."""
    if whose.owner is EntityKind.PERSON:
        return frame
    persons = whose.permitted.persons
    if persons is None:
        return frame.filter(pl.col("person").is_null())
    known = persons.select(RECORD, permitted=pl.lit(value=True)).unique()
    joined = frame.join(known, left_on="person", right_on=RECORD, how="left")
    return joined.filter(pl.col("person").is_null() | pl.col("permitted")).drop("permitted")
