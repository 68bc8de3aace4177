"""Events: keys become record ids, numbers become keyed references, free text is redacted; then the sealed lake.

Work is per distinct value, not per row: a customer key is looked up once per chunk, an order number digested once;
the rows themselves only pass through joins. A repeated event (same contract, same event key) counts once, in one
file, over files, and whatever overlaps between exports.
"""

from typing import ClassVar, Final

import polars as pl

from ingest.canonical.catalogue import table_of
from ingest.contract.model import ColumnType, Contract, Reference
from ingest.pipeline.arrival import Arrival
from ingest.pipeline.naming import Namer, Roster
from ingest.pipeline.ports import Ports
from ingest.pipeline.staging import Staging
from ingest.pipeline.suppression import Screen
from ingest.pipeline.texts import TextArrival
from ingest.readers.chunk import Chunk
from ingest.store.batch import Counts
from ingest.store.record import KeySpace
from privacy.blind_index import BlindIndex, reference_of
from privacy.terms import BatchId, EntityKind

_REFERENCE: Final = "_ref_"
_OWNERS: Final = ("person", "organisation")


class EventArrival(Arrival):
    """Rows of one canonical event table on their way in."""

    CHUNK_ROWS: ClassVar[int] = 2_500_000
    TEXT_ROWS: ClassVar[int] = 20_000  # each text is redacted and sealed under a key of its own

    def __init__(self, contract: Contract, batch_id: BatchId, ports: Ports) -> None:
        super().__init__(contract, batch_id, ports)
        self._table = table_of(contract.table)
        self._texts = TextArrival(contract, batch_id, ports)
        self._staging = Staging(self._table.name, batch_id, ports)
        self._screen = Screen(contract, ports)
        self._roster = Roster()
        self._namers: dict[str, Namer] = {}
        self._event_ids = pl.Series("event_id", [], dtype=pl.Int64)

    @property
    def chunk_rows(self) -> int:
        """Take fewer rows at once where there are texts."""
        texts = any(mapping.type is ColumnType.TEXT for mapping in self.contract.columns)
        return min(self.CHUNK_ROWS, self.TEXT_ROWS) if texts else self.CHUNK_ROWS

    def take(self, chunk: Chunk) -> None:
        """Stage one chunk of events."""
        before = self._screen.suppressed
        chunk = self._screen.screened_events(chunk)
        self.quarantine(chunk.rejected)
        self.figures.add(chunk.frame)
        unlike = self._without_repeats(self._identified(chunk.frame))
        fresh = self._of_nobody_erased(self._owned(unlike))
        duplicate = chunk.frame.height - unlike.height
        fresh = self._texts.redacted(self._referenced(named := fresh), self._roster.ids)
        duplicate += named.height - fresh.height  # copies of a message in another mailbox
        self._staging.put(self._canonical(fresh), self._roster.ids)
        self.counts += Counts(
            read=chunk.read,
            accepted=fresh.height,
            quarantined=chunk.rejected.height,
            duplicate=duplicate,
            suppressed=self._screen.suppressed - before,
        )

    def finish(self) -> None:
        """Wait for the last chunk to be durable, then write the figures."""
        self._staging.finish()
        self.cleaned = {rule: count for rule, count in self._texts.cleaned.items() if count}
        self.figures.clean(self.cleaned)
        super().finish()

    def close(self) -> None:
        """Leave nothing running."""
        self._staging.close()

    def _identified(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Digest the contract's event key to the row's event id; without a declared key rows have none."""
        if not self.contract.key:
            return frame.with_columns(event_id=pl.lit(None, dtype=pl.Int64))
        index = self.ports.indexes.event(self.contract.name)
        return frame.with_columns(event_id=_referenced(frame["_event_key"], index))

    def _without_repeats(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Keep the first of each event id, unless this batch or the lake has it already."""
        if not self.contract.key or frame.is_empty():
            return frame
        firsts = frame.unique("event_id", keep="first", maintain_order=True)
        known = pl.concat([self._event_ids, self.ports.lake.known_events(self._table.name, firsts["event_id"])])
        fresh = firsts.join(known.rename("event_id").to_frame(), on="event_id", how="anti", maintain_order="left")
        self._event_ids = pl.concat([self._event_ids, fresh["event_id"]])
        return fresh

    def _owned(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Replace the keys of the customer and of the organisation by the numbers of their records."""
        frame = self._with_owner(frame, "person", self.contract.person, EntityKind.PERSON)
        return self._with_owner(frame, "organisation", self.contract.organisation, EntityKind.ORGANISATION)

    def _of_nobody_erased(self, named: pl.DataFrame) -> pl.DataFrame:
        """Leave out whom another delivery has shown to be an erased person since; their keys are named by now."""
        kept = self._screen.screened_again(named)
        return named if kept is named else self._owned(kept)

    def _with_owner(
        self, frame: pl.DataFrame, column: str, reference: Reference | None, kind: EntityKind
    ) -> pl.DataFrame:
        """Replace a source's customer key by the number of the record that it names."""
        key = f"_{column}_key"
        if reference is None or key not in frame.columns:
            return frame.with_columns(pl.lit(None, dtype=pl.UInt32).alias(column))
        if column not in self._namers:
            space = KeySpace(source=reference.source, kind=kind)
            self._namers[column] = Namer(space, self.ports, self._roster)
        return frame.with_columns(self._namers[column].numbered(frame[key]).alias(column))

    def _referenced(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Replace source numbers by keyed 64-bit references, and employees by keyed ids."""
        columns = []
        for name in frame.columns:
            if name.startswith(_REFERENCE):
                column = name.removeprefix(_REFERENCE)
                index = self.ports.indexes.reference(self.contract.source, column)
                columns.append(_referenced(frame[name], index).alias(column))
        if "_employee_key" in frame.columns:
            columns.append(_tokens(frame["_employee_key"], self.ports.indexes.employee(self.contract.source)))
        return frame.with_columns(columns)

    def _canonical(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Bring the frame into the lake's schema: exactly its columns, in its order; absent ones are null.

        Owners stay numbers in the roster: the lake writes their ids.
        """
        return frame.select(
            pl.col(name)
            if name in _OWNERS
            else (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in self._table.schema.items()
        )


def _referenced(values: pl.Series, index: BlindIndex) -> pl.Series:
    """Digest a column of numbers: one HMAC per distinct value, null stays null."""
    distinct = values.drop_nulls().unique()
    references = pl.Series(reference_of(index.tokens_of(distinct.to_list())), dtype=pl.Int64)
    return _mapped(values, distinct, references)


def _tokens(values: pl.Series, index: BlindIndex) -> pl.Series:
    """Digest a column of keys to 16-byte ids."""
    distinct = values.drop_nulls().unique()
    tokens = pl.Series(index.tokens_of(distinct.to_list()), dtype=pl.Binary)
    return _mapped(values, distinct, tokens).alias("employee")


def _mapped(values: pl.Series, distinct: pl.Series, answers: pl.Series) -> pl.Series:
    mapping = pl.DataFrame({"key": distinct, "answer": answers})
    return values.rename("key").to_frame().join(mapping, on="key", how="left", maintain_order="left")["answer"]
