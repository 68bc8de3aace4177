"""Identity records: seal each changed document under a key of its own, index it blindly, note acts of consent.

A record's document is the JSON of its identity attributes, sealed and never compared in clear; a keyed digest of
the whole row tells an unchanged re-delivery. What is not identifying (segment, language, size band) goes to the
lake's `profiles`.
"""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import ClassVar, Final

import polars as pl

from ingest.canonical.catalogue import table_of
from ingest.contract.model import Contract
from ingest.identity.comparable import STANDARDISER_VERSION
from ingest.pipeline.acts import consent_acts
from ingest.pipeline.arrival import Arrival, new_keys
from ingest.pipeline.corrections import with_corrections
from ingest.pipeline.indexing import index_chunk
from ingest.pipeline.naming import records_of_keys
from ingest.pipeline.pace import Pace
from ingest.pipeline.ports import Ports
from ingest.pipeline.suppression import Screen
from ingest.pipeline.waiting import waiting_acts
from ingest.readers.chunk import Chunk
from ingest.store import record as records
from ingest.store.batch import Counts
from ingest.store.record import KeySpace
from privacy.consent import Head, head_after
from privacy.keys import Key, KeyKind, NewKey
from privacy.sealing import Cell, SealedTable, seal_each
from privacy.store.bulk import Columns, Same
from privacy.store.consent import Act, append_to_ledger, heads_of, move_heads
from privacy.terms import BatchId, EntityKind, RecordId

DOCUMENT_FIELD: Final = 1
_PROFILE_FLUSH: Final = 500_000


class IdentityArrival(Arrival):
    """People or organisations on their way in."""

    CHUNK_ROWS: ClassVar[int] = 50_000

    def __init__(self, contract: Contract, batch_id: BatchId, ports: Ports) -> None:
        super().__init__(contract, batch_id, ports)
        self.kind = EntityKind.PERSON if contract.table == "people" else EntityKind.ORGANISATION
        profile = table_of("profiles").schema
        self._profile_columns = [m.to for m in contract.columns if m.to in profile and m.to != "event_time"]
        self._attributes = sorted({m.to for m in contract.columns} - set(profile))
        self._profiles: list[pl.DataFrame] = []
        self._screen = Screen(contract, ports)
        self._paces: defaultdict[str, Pace] = defaultdict(lambda: Pace(ports.spent))

    def take(self, chunk: Chunk) -> None:
        """Stage one chunk of identity rows."""
        before = self._screen.suppressed
        chunk = self._screen.screened(chunk)
        self.quarantine(chunk.rejected)
        self.figures.add(chunk.frame)
        named = self._named(chunk.frame)
        fresh = with_corrections(self._without_repeats(named), self.kind, self.ports)
        # Random ids touch pages all over the database; in their own order each short transaction touches a few.
        self._stage(fresh.sort("record", "_line"))
        self._gather_profiles(fresh)
        self._heed(chunk.restrictive)
        self.unheard += chunk.unheard
        self.counts += Counts(
            read=chunk.read,
            accepted=fresh.height,
            quarantined=chunk.rejected.height,
            duplicate=chunk.frame.height - fresh.height,
            suppressed=self._screen.suppressed - before,
        )

    def finish(self) -> None:
        """Write the profiles that were gathered, then the figures."""
        self._flush_profiles()
        super().finish()

    def _named(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Add the record of each row, its document and the digest of its content."""
        space = KeySpace(source=self.contract.source, kind=self.kind)
        named = records_of_keys(frame["_key"], space, self.ports)
        content = [column for column in frame.columns if column not in {"_line", "_key"}]
        frame = frame.join(named, left_on="_key", right_on="key", how="left", maintain_order="left").with_columns(
            _document=pl.struct(self._attributes).struct.json_encode(),
            _content=pl.struct(content).struct.json_encode(),
        )
        digests = self.ports.indexes.content().tokens_of(frame["_content"].to_list())
        return frame.with_columns(_digest=pl.Series(digests, dtype=pl.Binary)).drop("_content")

    def _without_repeats(self, named: pl.DataFrame) -> pl.DataFrame:
        """Drop rows that say what the same record said just before, in this file or in the last counted batch.

        Adds `highest`, the highest revision that the record has, null if it has none.
        """
        ids = [RecordId(record) for record in named.filter(~pl.col("is_new"))["record"].unique().sort().to_list()]
        with self.ports.read_only() as session:
            known = records.latest_revisions(session, ids, self.batch_id)
        previous = pl.col("_digest").shift(1).over("record", order_by="_line")
        return (
            named.join(known, on="record", how="left", maintain_order="left")
            .filter(pl.col("_digest").ne_missing(pl.coalesce(previous, "content")))
            .drop("content")
        )

    def _stage(self, fresh: pl.DataFrame) -> None:
        """Make the keys durable, then stage indexes, sealed revisions, contacts and acts in short transactions."""
        keys = new_keys(KeyKind.RECORD, fresh.height)
        new = [
            NewKey(key=key, owner=owner, batch_id=self.batch_id)
            for key, owner in zip(keys, fresh["record"].to_list(), strict=True)
        ]
        with ThreadPoolExecutor(1) as beside:  # the key store is another database: it writes while this one reckons
            durable = beside.submit(self.ports.keys.add, new)
            indexed = index_chunk(fresh, kind=self.kind, country=self.contract.country, indexes=self.ports.indexes)
            acts = consent_acts(self.contract, fresh, self.batch_id, self.ports)
            durable.result()
        self.ports.reached("keys_durable")
        self._stage_indexes(indexed.rows)
        self._stage_acts(waiting_acts(self._screen.waiting(fresh), indexed.rows, self.batch_id, self.ports))
        self._stage_revisions(fresh.hstack(indexed.of_row), keys)
        self._stage_contacts(fresh)
        self._stage_acts(acts)

    def _stage_indexes(self, rows: pl.DataFrame) -> None:
        """Stage blind indexes before the revisions that say where they are: see `RecordIndex`."""
        for part in self._paces["indexes"].parts(rows.height):
            some = rows[part]
            columns: Columns = {
                "record_id": some["record"].to_list(),
                "field": some["field"].to_list(),
                "token": some["token"].to_list(),
                "batch_id": Same(self.batch_id),
                "standardiser_version": Same(STANDARDISER_VERSION),
                "key_version": Same(1),
            }
            with self.ports.unit_of_work() as session:
                records.add_indexes(session, columns)
            self.ports.reached("indexes_staged")

    def _stage_revisions(self, fresh: pl.DataFrame, keys: list[Key]) -> None:
        """Seal each document under its key and stage it as the record's next revision."""
        nth = pl.int_range(1, pl.len() + 1).over("record", order_by="_line")
        numbers = fresh.select(pl.col("highest").fill_null(0) + nth).to_series().to_list()
        owners, documents = fresh["record"].to_list(), fresh["_document"].to_list()
        digests, tokens = fresh["_digest"].to_list(), fresh["tokens"].to_list()
        for part in self._paces["revisions"].parts(fresh.height):
            cells = [
                revision_cell(self.ports.instance, record, number)
                for record, number in zip(owners[part], numbers[part], strict=True)
            ]
            columns: Columns = {
                "record_id": owners[part],
                "revision": numbers[part],
                "batch_id": Same(self.batch_id),
                "key_id": [key.key_id for key in keys[part]],
                "content_index": digests[part],
                "sealed": seal_each(documents[part], keys=keys[part], cells=cells),
                "arrived_at": Same(self.ports.clock()),
                "tokens": tokens[part],
            }
            with self.ports.unit_of_work() as session:
                records.add_revisions(session, columns)
            self.ports.reached("revisions_staged")

    def _stage_contacts(self, fresh: pl.DataFrame) -> None:
        """Say which organisation each person is a contact of, where the file says so."""
        if "_organisation_key" not in fresh.columns or self.contract.organisation is None:
            return
        space = KeySpace(source=self.contract.organisation.source, kind=EntityKind.ORGANISATION)
        organisations = records_of_keys(fresh["_organisation_key"], space, self.ports)
        pairs = (
            fresh.select("record", "_organisation_key")
            .join(
                organisations.select("key", organisation="record"),
                left_on="_organisation_key",
                right_on="key",
                maintain_order="left",
            )
            .unique("record", keep="last", maintain_order=True)
        )
        for part in self._paces["contacts"].parts(pairs.height):
            some = pairs[part]
            columns: Columns = {
                "person_record": some["record"].to_list(),
                "batch_id": Same(self.batch_id),
                "organisation_record": some["organisation"].to_list(),
            }
            with self.ports.unit_of_work() as session:
                records.add_contacts(session, columns)
            self.ports.reached("contacts_staged")

    def _stage_acts(self, acts: list[Act]) -> None:
        """Let restrictive acts take effect now; note permissive ones, which wait for the batch to be visible."""
        for part in self._paces["acts"].parts(len(acts)):
            some = acts[part]
            with self.ports.unit_of_work() as session:
                heads = heads_of(session, {act.record_id for act in some})
                new = [act for act in some if _says_something_new(heads.get((act.record_id, act.purpose)), act)]
                append_to_ledger(session, new, recorded_at=self.ports.clock())
                move_heads(session, [act for act in new if not act.permissive])
            self.ports.reached("acts_staged")

    def _heed(self, restrictive: pl.DataFrame) -> None:
        """Let a no count although the rest of its row was refused."""
        if restrictive.is_empty():
            return
        space = KeySpace(source=self.contract.source, kind=self.kind)
        named = records_of_keys(restrictive["_key"], space, self.ports)
        said = restrictive.join(named, left_on="_key", right_on="key", how="left", maintain_order="left")
        self._stage_acts(consent_acts(self.contract, said, self.batch_id, self.ports))

    def _gather_profiles(self, fresh: pl.DataFrame) -> None:
        if not self._profile_columns or fresh.is_empty():
            return
        self._profiles.append(_profile_frame(fresh, self._profile_columns, self.kind, self.ports.clock()))
        if sum(frame.height for frame in self._profiles) >= _PROFILE_FLUSH:
            self._flush_profiles()

    def _flush_profiles(self) -> None:
        if self._profiles:
            self.ports.lake.stage("profiles", pl.concat(self._profiles), self.batch_id)
            self._profiles = []
            self.ports.reached("lake_staged")


def revision_cell(instance: bytes, record: RecordId, revision: int) -> Cell:
    """Address the document of one revision."""
    return Cell(
        instance=instance, table=SealedTable.RECORD_REVISION, field=DOCUMENT_FIELD, row=record, revision=revision
    )


def _says_something_new(head: Head | None, act: Act) -> bool:
    known = head or Head()
    return head_after(known, act.event) != known


def _profile_frame(fresh: pl.DataFrame, columns: list[str], kind: EntityKind, arrived: datetime) -> pl.DataFrame:
    """Bring profile columns into the lake's schema; valid from the file's own date, else from arrival."""
    schema = table_of("profiles").schema
    owner = {"person": "record"} if kind is EntityKind.PERSON else {"organisation": "record"}
    valid_from = pl.col("event_time") if "event_time" in fresh.columns else pl.lit(arrived)
    given = {name: pl.col(name) for name in columns} | {name: pl.col(column) for name, column in owner.items()}
    given["event_time"] = valid_from.fill_null(pl.lit(arrived))
    return fresh.select(given.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in schema.items())
