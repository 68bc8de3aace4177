"""What every arrival does, whatever the table: count, quarantine, measure."""

import json
import secrets
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

import polars as pl

from ingest.contract.model import Contract
from ingest.pipeline.figures import Figures
from ingest.pipeline.ports import Ports
from ingest.pipeline.remembered import Remembered
from ingest.readers.chunk import Chunk
from ingest.store import batch as batches
from ingest.store.batch import Counts
from privacy.keys import KEY_BYTES, Key, KeyKind, NewKey
from privacy.sealing import Cell, SealedTable, seal
from privacy.terms import BatchId, EntityKind, KeyId, random_id

QUARANTINE_DAYS = 30
_WRITE_ROWS = 1000
_NOT_KEPT = json.dumps({"_row": None})
_WHY_NOT = "content not kept: whose row it is could not be told"


class Arrival:
    """The rows of one batch on their way in; `take` stages a chunk, `finish` whatever was gathered over chunks."""

    CHUNK_ROWS: ClassVar[int] = 50_000

    def __init__(self, contract: Contract, batch_id: BatchId, ports: Ports) -> None:
        self.contract = contract
        self.batch_id = batch_id
        self.ports = ports
        self.counts = Counts()
        self.rules: Counter[str] = Counter()
        self.breaches: list[str] = []
        self.unheard = 0
        self.restricted = 0
        self.cleaned: dict[str, int] = {}
        self.remembered = Remembered()
        self.figures = Figures(contract)
        self._quarantine_key: Key | None = None

    @property
    def chunk_rows(self) -> int:
        """How many rows to take at once: what memory holds comfortably and a lease outlasts by far."""
        return self.CHUNK_ROWS

    def gathered(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Return the chunks as this arrival wants them to be joined: as they come."""
        return chunks

    def take(self, chunk: Chunk) -> None:
        """Stage one chunk."""
        raise NotImplementedError

    def finish(self) -> None:
        """Stage what was gathered, and the batch's figures."""
        self.breaches = self.figures.keep(self.batch_id, self.counts, self.ports)
        self.ports.reached("measured")

    def close(self) -> None:
        """Leave nothing running, whatever happened; called once after the last chunk or the first fault."""

    def quarantine(self, rejected: pl.DataFrame) -> None:
        """Seal rejected rows under a key of the batch, with where and why in clear.

        Of a row whose customer cannot be told only that is kept: no erasure would ever find its content.
        """
        if rejected.is_empty():
            return
        self.rules.update(dict(rejected.group_by("rule").len().iter_rows()))
        key = self._key()
        for some in rejected.iter_slices(_WRITE_ROWS):
            rows = [self._sealed(row, key) for row in some.iter_rows(named=True)]  # a cipher call each
            with self.ports.unit_of_work() as session:
                batches.add_quarantined(session, rows)
            self.ports.reached("quarantined")

    def _sealed(self, row: dict[str, Any], key: Key) -> dict[str, object]:
        row_id = random_id()
        cell = Cell(instance=self.ports.instance, table=SealedTable.QUARANTINE_ROW, field=1, row=row_id)
        told = row["subject"] is not None
        content = row["raw"] if told else _NOT_KEPT
        return {
            "row_id": row_id,
            "batch_id": self.batch_id,
            "line": row["line"],
            "column_name": row["column"] or "",
            "rule": row["rule"],
            "remedy": row["remedy"] if told else f"{row['remedy']} ({_WHY_NOT})",
            "subject_index": self._subject_index(row["subject"]) if row["subject"] else None,
            "key_id": key.key_id,
            "sealed": seal(content.encode(), key=key, cell=cell),
            "expires_at": self.ports.clock() + timedelta(days=QUARANTINE_DAYS),
        }

    def _subject_index(self, subject: str) -> bytes:
        """Index whose row this is: erasing the subject reaches quarantined rows too."""
        contract = self.contract
        reference = None if contract.is_identity else contract.person or contract.organisation
        kind = contract.entity_kind or (EntityKind.PERSON if contract.person else EntityKind.ORGANISATION)
        index = self.ports.indexes.source_key(reference.source if reference else contract.source, kind)
        return index.token_of(subject)

    def _key(self) -> Key:
        if self._quarantine_key is None:
            self._quarantine_key = new_key(KeyKind.INSTANCE)
            self.ports.keys.add([NewKey(key=self._quarantine_key, owner=self.batch_id, batch_id=self.batch_id)])
            self.ports.reached("quarantine_key_durable")
        return self._quarantine_key


def new_key(kind: KeyKind) -> Key:
    """Draw a fresh key with a fresh id."""
    return Key(KeyId(random_id()), kind, secrets.token_bytes(KEY_BYTES))
