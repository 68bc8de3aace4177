"""Views on Apache Spark, or on whatever speaks Spark Connect: the spec's own operations, in Spark's own expressions.

Spark opens the events (`hub.views.spark.events`), joins them to who may be read, masks and groups them. What is made of
the groups (trends, ratios, generalisation, the gate) is the hub's: they are as few as customers.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import polars as pl
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from hub.errors import ServiceUnreachable
from hub.lake.portable import REFUSED
from hub.views.folding import RECORD, SUBJECT, Wanted, Whose
from hub.views.partials import Grouping
from hub.views.spark.columns import Columns
from hub.views.spark.events import NUMBER, Reading, handed
from hub.views.spark.partials import as_polars, over_events
from hub.views.spark.session import ENGINE
from privacy.terms import EntityKind

_KNOWN: Final = "known"
Frame = Any
"""A data frame of classic Spark or of Spark Connect."""
Failed = Callable[[], None]
"""What is done when a session fails: it is not used again."""


class SparkEvents:
    """A table's events in parts that Spark opens; `hub.views.folding.Elsewhere`."""

    def __init__(self, session: Any, functions: Any, parts: Sequence[pl.LazyFrame], failed: Failed) -> None:  # noqa: ANN401 - classic Spark's or Spark Connect's
        self._session = session
        self._failed = failed
        self._f = functions
        self._parts = parts

    def grouped(self, wanted: Wanted, whose: Whose) -> pl.DataFrame:
        """Return one row per subject and key with every partial value.

        Raises:
            ServiceUnreachable: Spark refused or was not reached; values of rows are not told.
            FileNotFoundError: an executor could not open a file of the lake.

        """
        grouping, keys = wanted.grouping, wanted.keys
        try:
            owned = self._owned(self._events(wanted), whose)
            found = pl.DataFrame(self._aggregated(owned, grouping, [SUBJECT, *keys]).toArrow())
        except (PySparkException, Py4JError) as failed:  # their texts quote values of rows
            if REFUSED in str(failed):
                raise FileNotFoundError from None  # the reader looks which file it is (`Reader.refusals`)
            self._failed()
            raise ServiceUnreachable(ENGINE, type(failed).__name__) from None
        typed = pl.col(SUBJECT).cast(pl.UInt32)
        partials = (as_polars(each, found[_safe(each.name)]) for each in grouping.all)
        return found.select(typed, *(pl.col(key).cast(wanted.schema[key]) for key in keys), *partials)

    def _events(self, wanted: Wanted) -> Frame:
        reading = Reading(self._parts, wanted.rows, wanted.columns, wanted.schema)
        numbers = self._session.range(0, len(self._parts), 1, len(self._parts)).toDF(NUMBER)
        return numbers.mapInArrow(reading, reading.ddl)

    def _owned(self, events: Frame, whose: Whose) -> Frame:
        """Put the subject beside each event; what may not be read is left out."""
        if whose.owner is EntityKind.ORGANISATION:
            events = self._of_permitted_persons(events, whose.persons)
        subjects = self._there(whose.subjects.select(pl.col(RECORD), pl.col(SUBJECT).cast(pl.Int64)))
        return events.join(subjects.withColumnRenamed(RECORD, whose.owner.value), whose.owner.value)

    def _of_permitted_persons(self, events: Frame, persons: pl.Series) -> Frame:
        """Leave out the acts of persons who may not be read; what nobody did stays."""
        person = EntityKind.PERSON.value
        known = self._there(persons.alias(person).to_frame().with_columns(pl.lit(value=True).alias(_KNOWN)))
        return events.join(known, person, "left").where(self._f.col(person).isNull() | self._f.col(_KNOWN))

    def _aggregated(self, events: Frame, grouping: Grouping, by: Sequence[str]) -> Frame:
        """Mask, take values, group."""
        f = self._f
        columns = Columns(f, grouping.table, as_of=grouping.as_of, redactor=grouping.redactor)
        masks = {_safe(mask.meta.output_name()): columns.mask(key[1], key[0]) for key, mask in grouping.masks.items()}
        masked = events.withColumns(masks)
        values = {}
        for name, asked in grouping.asked.items():
            values[_safe(name)] = columns.value(asked, [f.col(_safe(mask)) for mask in asked.masks])
        valued = masked.withColumns(values) if values else masked
        partials = [over_events(f, each, f.col(_safe(each.over))).alias(_safe(each.name)) for each in grouping.all]
        return valued.groupBy(*by).agg(*partials)

    def _there(self, frame: pl.DataFrame) -> Frame:
        plain, ddl = handed(frame)
        return self._session.createDataFrame(plain, ddl)


def _safe(name: str) -> str:
    """Return a name that Spark does not read as a field of a struct."""
    return name.replace(".", "_")
