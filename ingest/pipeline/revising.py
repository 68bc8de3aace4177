"""A reckoned chunk of identity rows on its way into the control database, in short transactions."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from ingest.identity.comparable import STANDARDISER_VERSION
from ingest.pipeline.forming import Formed, Forming
from ingest.pipeline.pace import Pace
from ingest.pipeline.ports import Ports
from ingest.store import record as records
from privacy.consent import Head, head_after
from privacy.sealing import Cell, CellColumn, SealedTable
from privacy.store.bulk import Columns, Same
from privacy.store.consent import Act, append_to_ledger, heads_of, move_heads
from privacy.terms import BatchId, RecordId

DOCUMENT_FIELD: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoned:
    """What a chunk comes to, with nothing in clear.

    `indexes` has record, field, token (in the order of tokens). `revisions` are columns of `record_revision`, in the
    order of record ids, but for those that are one for the batch; `formed` says by what those are found when matched,
    None where nothing is matched. `contacts` has record, organisation. `acts` are what the accepted rows say, then what
    the refused ones do; `waiting` tells what was said before these records were there, and is asked when their indexes
    are committed.
    """

    indexes: pl.DataFrame
    revisions: dict[str, Sequence[Any]]
    contacts: pl.DataFrame
    acts: tuple[list[Act], list[Act]]
    waiting: Callable[[], list[Act]]
    formed: Formed | None = None


class Revising:
    """Writes the chunks of one batch; every transaction is short, because opt-outs wait behind it."""

    def __init__(self, batch_id: BatchId, ports: Ports) -> None:
        self._batch_id = batch_id
        self._ports = ports
        self._forming = Forming(batch_id, ports)
        self._paces: defaultdict[str, Pace] = defaultdict(lambda: Pace(ports.spent))

    def write(self, reckoned: Reckoned) -> None:
        """Stage a chunk whose keys are durable: invisible until the batch counts, but for acts that restrict."""
        self._write_indexes(reckoned.indexes)
        self._write_acts(reckoned.waiting())
        if reckoned.formed is not None:
            self._forming.write(reckoned.formed, reckoned.revisions["record_id"], reckoned.revisions["revision"])
        self._write_revisions(reckoned.revisions)
        self._write_contacts(reckoned.contacts)
        for acts in reckoned.acts:
            self._write_acts(acts)
        self._ports.reached("chunk_written")

    def _write_indexes(self, rows: pl.DataFrame) -> None:
        """Stage blind indexes before the revisions that say where they are: see `RecordIndex`."""
        for part in self._paces["indexes"].parts(rows.height):
            some = rows[part]
            columns: Columns = {
                "record_id": some["record"].to_list(),
                "field": some["field"].to_list(),
                "token": some["token"].to_list(),
                "batch_id": Same(self._batch_id),
                "standardiser_version": Same(STANDARDISER_VERSION),
                "key_version": Same(1),
            }
            with self._ports.unit_of_work() as session:
                records.add_indexes(session, columns)
            self._ports.reached("indexes_staged")

    def _write_revisions(self, columns: dict[str, Sequence[Any]]) -> None:
        """Stage each sealed document as its record's next revision."""
        for part in self._paces["revisions"].parts(len(columns["record_id"])):
            some: Columns = {name: column[part] for name, column in columns.items()} | {
                "batch_id": Same(self._batch_id),
                "arrived_at": Same(self._ports.clock()),
            }
            with self._ports.unit_of_work() as session:
                records.add_revisions(session, some)
            self._ports.reached("revisions_staged")

    def _write_contacts(self, pairs: pl.DataFrame) -> None:
        """Say which organisation each person is a contact of."""
        for part in self._paces["contacts"].parts(pairs.height):
            some = pairs[part]
            columns: Columns = {
                "person_record": some["record"].to_list(),
                "batch_id": Same(self._batch_id),
                "organisation_record": some["organisation"].to_list(),
            }
            with self._ports.unit_of_work() as session:
                records.add_contacts(session, columns)
            self._ports.reached("contacts_staged")

    def _write_acts(self, acts: list[Act]) -> None:
        """Let restrictive acts take effect now; note permissive ones, which wait for the batch to be visible."""
        for part in self._paces["acts"].parts(len(acts)):
            some = acts[part]
            with self._ports.unit_of_work() as session:
                heads = heads_of(session, {act.record_id for act in some})
                new = [act for act in some if _says_something_new(heads.get((act.record_id, act.purpose)), act)]
                append_to_ledger(session, new, recorded_at=self._ports.clock())
                move_heads(session, [act for act in new if not act.permissive])
            self._ports.reached("acts_staged")


def revision_cell(instance: bytes, record: RecordId, revision: int) -> Cell:
    """Address the document of one revision."""
    return Cell(
        instance=instance, table=SealedTable.RECORD_REVISION, field=DOCUMENT_FIELD, row=record, revision=revision
    )


def revision_cells(instance: bytes, records: Sequence[bytes], revisions: Sequence[int]) -> CellColumn:
    """Address the documents of many revisions."""
    return CellColumn(
        instance=instance,
        table=SealedTable.RECORD_REVISION,
        field=DOCUMENT_FIELD,
        rows=records,
        revisions=revisions,
    )


def _says_something_new(head: Head | None, act: Act) -> bool:
    known = head or Head()
    return head_after(known, act.event) != known
