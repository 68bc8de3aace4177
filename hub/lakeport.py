"""The lake as ingest sees it: `hub.lake` behind `ingest.pipeline.ports.EventLake`."""

import polars as pl
from sqlmodel import Session

from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.lake import Lake
from hub.lake.reading import reading
from privacy.terms import BatchId, random_id


class LakePort:
    """Stages, publishes and discards a batch's files, and knows which events are in already."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def stage(self, table: str, frame: pl.DataFrame, batch_id: BatchId, *, ids: pl.Series | None = None) -> None:
        """Write the rows durably and enter them as staged."""
        staged = append(self._lake, frame, table=table, batch_id=batch_id, ids=ids)
        if staged:
            with self._lake.unit_of_work() as session:
                catalogue.stage(session, staged, batch_id=batch_id, at=self._lake.clock(session))

    def publish(self, session: Session, batch_id: BatchId) -> None:
        """Make a batch's files visible."""
        catalogue.publish(session, batch_id)

    def discard(self, session: Session, batch_id: BatchId) -> None:
        """Give up a batch's staged files; the purge takes them away."""
        catalogue.abort(session, batch_id, operation_id=random_id(), at=self._lake.clock(session))

    def known_events(self, table: str, event_ids: pl.Series) -> pl.Series:
        """Return those of the event ids that a visible row carries.

        The whole column is read, not only the rows of the same days: a corrected date makes no second event.
        """
        with reading(self._lake) as reader:
            frame = reader.scan(table, columns=["event_id"])
            wanted = event_ids.rename("event_id").to_frame().lazy()
            return reader.collect(frame.join(wanted, on="event_id", how="semi"))["event_id"]

    def known_copies(self, table: str, refs: pl.Series) -> pl.DataFrame:
        """Return copy_ref and event_time of the visible rows that have one of the digests; two columns are read."""
        with reading(self._lake) as reader:
            frame = reader.scan(table, columns=["copy_ref", "event_time"])
            wanted = refs.rename("copy_ref").to_frame().lazy()
            return reader.collect(frame.join(wanted, on="copy_ref", how="semi"))
