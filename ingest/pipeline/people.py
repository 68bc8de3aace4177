"""Identity records: seal each changed document under a key of its own, index it blindly, note acts of consent.

A record's document is the JSON of its identity attributes, sealed and never compared in clear; a keyed digest of
the whole row tells an unchanged re-delivery. What is not identifying (segment, language, size band) goes to the
lake's `profiles`.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, Final

import polars as pl

from ingest.canonical.catalogue import table_of
from ingest.contract.model import Contract
from ingest.match.kinds import COMPARABLE
from ingest.pipeline.acts import consent_acts
from ingest.pipeline.arrival import Arrival
from ingest.pipeline.behind import Behind
from ingest.pipeline.corrections import with_corrections
from ingest.pipeline.forming import Formed, as_delivered, formed_of
from ingest.pipeline.indexing import index_chunk
from ingest.pipeline.naming import records_of_keys
from ingest.pipeline.ports import Ports
from ingest.pipeline.revising import Reckoned, Revising, revision_cells
from ingest.pipeline.suppression import Screen
from ingest.pipeline.waiting import waiting_acts
from ingest.readers.chunk import Chunk
from ingest.readers.gathered import gathered
from ingest.store import record as records
from ingest.store.batch import Counts
from ingest.store.record import KeySpace
from privacy.keys import KeyColumn, KeyKind
from privacy.sealing import seal_column
from privacy.store.consent import Act
from privacy.terms import BatchId, EntityKind, RecordId

_PROFILE_FLUSH: Final = 500_000
_CONTACTS: Final = {"record": pl.Binary, "organisation": pl.Binary}


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
        self._revising = Revising(batch_id, ports)
        self._behind = Behind("varde-revising", at_once=1)
        self._being_written = pl.Series("record", [], dtype=pl.Binary)

    def gathered(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Return chunks of about one size: a small one writes nearly as many pages as a full one."""
        return gathered(chunks, self.chunk_rows)

    def take(self, chunk: Chunk) -> None:
        """Reckon one chunk of identity rows while the one before is written, and begin to write it."""
        before = self._screen.suppressed
        chunk = self._screen.screened(chunk)
        self.quarantine(chunk.rejected)
        self.figures.add(chunk.frame)
        named = self._named(chunk.frame)
        fresh = with_corrections(self._without_repeats(named), self.kind, self.ports)
        # Random ids touch pages all over the database; in their own order each short transaction touches a few.
        reckoned = self._reckon(fresh.sort("record", "_line"), chunk.restrictive)
        self._behind.put(partial(self._revising.write, reckoned))
        self._being_written = fresh["record"]
        self._gather_profiles(fresh)
        self.unheard += chunk.unheard
        self.restricted = self._screen.restricted
        self.counts += Counts(
            read=chunk.read,
            accepted=fresh.height,
            quarantined=chunk.rejected.height,
            duplicate=chunk.frame.height - fresh.height,
            suppressed=self._screen.suppressed - before,
        )

    def finish(self) -> None:
        """Wait for the last chunk, write the profiles that were gathered, then the figures."""
        self._behind.wait()
        self._flush_profiles()
        super().finish()

    def close(self) -> None:
        """Leave nothing running, whatever happened."""
        self._behind.close()

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
        known_before = named.filter(~pl.col("is_new"))["record"].unique().sort()
        if known_before.is_in(self._being_written.implode()).any():
            self._behind.wait()  # what the chunk before said of the same record must be there to be read
        ids = [RecordId(record) for record in known_before.to_list()]
        with self.ports.read_only() as session:
            known = records.latest_revisions(session, ids, self.batch_id)
        previous = pl.col("_digest").shift(1).over("record", order_by="_line")
        return (
            named.join(known, on="record", how="left", maintain_order="left")
            .filter(pl.col("_digest").ne_missing(pl.coalesce(previous, "content")))
            .drop("content")
        )

    def _reckon(self, fresh: pl.DataFrame, restrictive: pl.DataFrame) -> Reckoned:
        """Make the keys durable and seal, index and read a chunk under them."""
        keys = KeyColumn.drawn(KeyKind.RECORD, fresh["record"].to_list(), self.batch_id)
        with ThreadPoolExecutor(1) as beside:  # the key store is another database: it writes while this one reckons
            durable = beside.submit(self.ports.keys.add_column, keys)
            indexed = index_chunk(fresh, kind=self.kind, country=self.contract.country, indexes=self.ports.indexes)
            revisions = self._revisions(fresh, keys)
            formed = self._formed(fresh, revisions)
            reckoned = Reckoned(
                indexes=indexed.rows,
                revisions=revisions | {"tokens": indexed.of_row["tokens"].to_list()},
                contacts=self._contacts(fresh),
                acts=(self._acts(fresh), self._heeded(restrictive)),
                waiting=partial(self._waiting_acts, self._screen.of_this_chunk(), fresh, indexed.rows),
                formed=formed,
            )
            durable.result()
        self.ports.reached("keys_durable")
        return reckoned

    def _formed(self, fresh: pl.DataFrame, revisions: Mapping[str, Sequence[Any]]) -> Formed | None:
        """Say by what records are found when they are matched, each by the model of its kind."""
        matching, read = self.ports.matched(self.kind), COMPARABLE[self.kind]
        if matching is None or fresh.is_empty():
            return None
        told = as_delivered(fresh, self.contract.country, read)
        frame = read.form(told)
        self.remembered.add(frame, revisions["record_id"], revisions["revision"])
        return formed_of(frame, told, matching)

    def _revisions(self, fresh: pl.DataFrame, keys: KeyColumn) -> dict[str, Sequence[Any]]:
        """Seal each document under its key as the record's next revision."""
        nth = pl.int_range(1, pl.len() + 1).over("record", order_by="_line")
        numbers = fresh.select(pl.col("highest").fill_null(0) + nth).to_series().to_list()
        return {
            "record_id": keys.owners,
            "revision": numbers,
            "key_id": keys.key_ids,
            "content_index": fresh["_digest"].to_list(),
            "sealed": seal_column(
                fresh["_document"].to_list(),
                keys=keys,
                cells=revision_cells(self.ports.instance, keys.owners, numbers),
            ),
        }

    def _contacts(self, fresh: pl.DataFrame) -> pl.DataFrame:
        """Pair each person with the organisation that they are a contact of, where the file says so."""
        if "_organisation_key" not in fresh.columns or self.contract.organisation is None:
            return pl.DataFrame(schema=_CONTACTS)
        space = KeySpace(source=self.contract.organisation.source, kind=EntityKind.ORGANISATION)
        organisations = records_of_keys(fresh["_organisation_key"], space, self.ports)
        named = organisations.select("key", organisation="record")
        pairs = fresh.select("record", "_organisation_key").join(
            named, left_on="_organisation_key", right_on="key", maintain_order="left"
        )
        return pairs.unique("record", keep="last", maintain_order=True).select(*_CONTACTS)

    def _acts(self, said: pl.DataFrame) -> list[Act]:
        return consent_acts(self.contract, said, self.batch_id, self.ports)

    def _waiting_acts(self, screen: Screen, fresh: pl.DataFrame, indexed: pl.DataFrame) -> list[Act]:
        """Read the acts that waited for these records; their blind indexes must be committed."""
        return waiting_acts(screen.waiting(fresh), indexed, self.batch_id, self.ports)

    def _heeded(self, restrictive: pl.DataFrame) -> list[Act]:
        """Read the acts of refused rows: a no counts although the rest of its row does not."""
        if restrictive.is_empty():
            return []
        space = KeySpace(source=self.contract.source, kind=self.kind)
        named = records_of_keys(restrictive["_key"], space, self.ports)
        return self._acts(restrictive.join(named, left_on="_key", right_on="key", how="left", maintain_order="left"))

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


def _profile_frame(fresh: pl.DataFrame, columns: list[str], kind: EntityKind, arrived: datetime) -> pl.DataFrame:
    """Bring profile columns into the lake's schema; valid from the file's own date, else from arrival."""
    schema = table_of("profiles").schema
    owner = {"person": "record"} if kind is EntityKind.PERSON else {"organisation": "record"}
    valid_from = pl.col("event_time") if "event_time" in fresh.columns else pl.lit(arrived)
    given = {name: pl.col(name) for name in columns} | {name: pl.col(column) for name, column in owner.items()}
    given["event_time"] = valid_from.fill_null(pl.lit(arrived))
    return fresh.select(given.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in schema.items())
