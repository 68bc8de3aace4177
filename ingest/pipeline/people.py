"""Identity records: seal each changed document under a key of its own, index it blindly, note acts of consent.

A record's document is the JSON of its identity attributes, sealed and never compared in clear; a keyed digest of
the whole row tells an unchanged re-delivery. What is not identifying (segment, language, size band) goes to the
lake's `profiles`.
"""

import secrets
from datetime import datetime
from typing import Any, ClassVar, Final

import polars as pl

from ingest.canonical.catalogue import table_of
from ingest.contract.model import Contract
from ingest.identity.comparable import STANDARDISER_VERSION, comparable
from ingest.identity.exact import match_values
from ingest.pipeline.acts import consent_acts
from ingest.pipeline.arrival import Arrival, new_key
from ingest.pipeline.naming import records_of_keys
from ingest.pipeline.ports import Ports
from ingest.readers.chunk import Chunk
from ingest.store import record as records
from ingest.store.batch import Counts
from ingest.store.record import KeySpace
from privacy.consent import Head, head_after
from privacy.keys import Key, KeyKind, NewKey
from privacy.sealing import NONCE_BYTES, Cell, SealedTable, seal_with_nonce
from privacy.store.consent import Act, append_to_ledger, heads_of, move_heads
from privacy.terms import BatchId, EntityKind, RecordId

DOCUMENT_FIELD: Final = 1
_WRITE_ROWS: Final = (
    400  # measured on a busy machine: 20 ms of processor time for revisions, 33 for acts, of 50 allowed
)
_INDEX_ROWS: Final = 600  # likewise 33 ms: tokens are random, so every row is a page of its own
_PROFILE_FLUSH: Final = 500_000


class IdentityArrival(Arrival):
    """People or organisations on their way in."""

    CHUNK_ROWS: ClassVar[int] = 20_000

    def __init__(self, contract: Contract, batch_id: BatchId, ports: Ports) -> None:
        super().__init__(contract, batch_id, ports)
        self.kind = EntityKind.PERSON if contract.table == "people" else EntityKind.ORGANISATION
        profile = table_of("profiles").schema
        self._profile_columns = [m.to for m in contract.columns if m.to in profile and m.to != "event_time"]
        self._attributes = sorted({m.to for m in contract.columns} - set(profile))
        self._profiles: list[pl.DataFrame] = []

    def take(self, chunk: Chunk) -> None:
        """Stage one chunk of identity rows."""
        self.quarantine(chunk.rejected)
        self.figures.add(chunk.frame)
        named = self._named(chunk.frame)
        fresh = self._without_repeats(named)
        # Random ids touch pages all over the database; in their own order each short transaction touches a few.
        self._stage(fresh.sort("record", "_line"))
        self._gather_profiles(fresh)
        self._heed(chunk.restrictive)
        self.counts += Counts(
            read=chunk.read,
            accepted=fresh.height,
            quarantined=chunk.rejected.height,
            duplicate=chunk.frame.height - fresh.height,
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
        """Drop rows that say what the same record said just before, in this file or in the last counted batch."""
        ids = [RecordId(record) for record in named["record"].unique().to_list()]
        with self.ports.read_only() as session:
            known = records.latest_contents(session, ids, self.batch_id)
        before = pl.DataFrame(
            {"record": list(known), "_known": list(known.values())}, schema={"record": pl.Binary, "_known": pl.Binary}
        )
        previous = pl.col("_digest").shift(1).over("record", order_by="_line")
        return (
            named.join(before, on="record", how="left", maintain_order="left")
            .filter(pl.col("_digest").ne_missing(pl.coalesce(previous, "_known")))
            .drop("_known")
        )

    def _stage(self, fresh: pl.DataFrame) -> None:
        """Make the keys durable, then stage sealed revisions, indexes, contacts and acts in short transactions."""
        keys = [new_key(KeyKind.RECORD) for _ in range(fresh.height)]
        owners = fresh["record"].to_list()
        self.ports.keys.add(
            [NewKey(key=key, owner=owner, batch_id=self.batch_id) for key, owner in zip(keys, owners, strict=True)]
        )
        self.ports.reached("keys_durable")
        indexes = self._index_rows(fresh)
        contacts = self._contact_rows(fresh)
        acts = consent_acts(self.contract, fresh, self.batch_id, self.ports)
        for start in range(0, fresh.height, _WRITE_ROWS):
            part = fresh.slice(start, _WRITE_ROWS)
            self._stage_revisions(part, keys[start : start + _WRITE_ROWS])
        for start in range(0, len(indexes), _INDEX_ROWS):
            with self.ports.unit_of_work() as session:
                records.add_indexes(session, indexes[start : start + _INDEX_ROWS])
            self.ports.reached("indexes_staged")
        for start in range(0, len(contacts), _INDEX_ROWS):
            with self.ports.unit_of_work() as session:
                records.add_contacts(session, contacts[start : start + _INDEX_ROWS])
            self.ports.reached("contacts_staged")
        self._stage_acts(acts)

    def _stage_revisions(self, part: pl.DataFrame, keys: list[Key]) -> None:
        """Seal each document under its key and stage it as the record's next revision."""
        at = self.ports.clock()
        owners = [RecordId(record) for record in part["record"].to_list()]
        documents, digests = part["_document"].to_list(), part["_digest"].to_list()
        nonces = secrets.token_bytes(NONCE_BYTES * part.height)
        with self.ports.unit_of_work() as session:
            highest = records.highest_revisions(session, owners)
            rows = []
            for i, (record, document, key) in enumerate(zip(owners, documents, keys, strict=True)):
                revision = highest[record] = highest.get(record, 0) + 1
                cell = revision_cell(self.ports.instance, record, revision)
                nonce = nonces[i * NONCE_BYTES : (i + 1) * NONCE_BYTES]
                rows.append(
                    {
                        "record_id": record,
                        "revision": revision,
                        "batch_id": self.batch_id,
                        "key_id": key.key_id,
                        "content_index": digests[i],
                        "sealed": seal_with_nonce(document.encode(), key=key, cell=cell, nonce=nonce),
                        "arrived_at": at,
                    }
                )
            records.add_revisions(session, rows)
        self.ports.reached("revisions_staged")

    def _index_rows(self, fresh: pl.DataFrame) -> list[dict[str, Any]]:
        """Index what exact rules and look-ups need: one HMAC per distinct value."""
        values = match_values(comparable(fresh, kind=self.kind, country=self.contract.country))
        rows: list[dict[str, Any]] = []
        owners = fresh["record"].to_list()
        for (field,), group in values.group_by("field", maintain_order=True):
            distinct = group["value"].unique().to_list()
            index = self.ports.indexes.attribute(str(field))
            token_of = dict(zip(distinct, index.tokens_of(distinct), strict=True))
            rows += [
                {
                    "record_id": owners[row],
                    "field": field,
                    "token": token_of[value],
                    "batch_id": self.batch_id,
                    "standardiser_version": STANDARDISER_VERSION,
                    "key_version": 1,
                }
                for row, value in group.select("record_row", "value").iter_rows()
            ]
        return list({(row["record_id"], row["field"], row["token"]): row for row in rows}.values())

    def _contact_rows(self, fresh: pl.DataFrame) -> list[dict[str, Any]]:
        """Say which organisation each person is a contact of, where the file says so."""
        if "_organisation_key" not in fresh.columns or self.contract.organisation is None:
            return []
        space = KeySpace(source=self.contract.organisation.source, kind=EntityKind.ORGANISATION)
        organisations = records_of_keys(fresh["_organisation_key"], space, self.ports)
        pairs = (
            fresh.select("record", "_organisation_key")
            .join(organisations.rename({"record": "organisation"}), left_on="_organisation_key", right_on="key")
            .unique("record", keep="last", maintain_order=True)
        )
        return [
            {"person_record": person, "batch_id": self.batch_id, "organisation_record": organisation}
            for person, organisation in pairs.select("record", "organisation").iter_rows()
        ]

    def _stage_acts(self, acts: list[Act]) -> None:
        """Let restrictive acts take effect now; note permissive ones, which wait for the batch to be visible."""
        for start in range(0, len(acts), _WRITE_ROWS):
            part = acts[start : start + _WRITE_ROWS]
            with self.ports.unit_of_work() as session:
                heads = heads_of(session, {act.record_id for act in part})
                new = [act for act in part if _says_something_new(heads.get((act.record_id, act.purpose)), act)]
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
