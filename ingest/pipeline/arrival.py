"""What every arrival does, whatever the table: count, quarantine, measure."""

import json
import secrets
from collections import Counter
from datetime import timedelta
from typing import ClassVar

import polars as pl

from ingest.contract.model import Contract
from ingest.pipeline.figures import Figures
from ingest.pipeline.ports import Ports
from ingest.readers.chunk import Chunk
from ingest.store import batch as batches
from ingest.store.batch import Counts
from privacy.keys import KEY_BYTES, Key, KeyKind, NewKey
from privacy.sealing import Cell, SealedTable, seal
from privacy.terms import BatchId, KeyId, random_id

QUARANTINE_DAYS = 30
_WRITE_ROWS = 1000


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
        self.figures = Figures(contract)
        self._quarantine_key: Key | None = None

    @property
    def chunk_rows(self) -> int:
        """How many rows to take at once: what memory holds comfortably and a lease outlasts by far."""
        return self.CHUNK_ROWS

    def take(self, chunk: Chunk) -> None:
        """Stage one chunk."""
        raise NotImplementedError

    def finish(self) -> None:
        """Stage what was gathered, and the batch's figures."""
        self.breaches = self.figures.keep(self.batch_id, self.counts, self.ports)
        self.ports.reached("measured")

    def quarantine(self, rejected: pl.DataFrame) -> None:
        """Seal rejected rows under a key of the batch, with where and why in clear."""
        if rejected.is_empty():
            return
        self.rules.update(dict(rejected.group_by("rule").len().iter_rows()))
        key = self._key()
        expires_at = self.ports.clock() + timedelta(days=QUARANTINE_DAYS)
        rows = []
        for line, column, rule, remedy, raw in rejected.select("line", "column", "rule", "remedy", "raw").iter_rows():
            row_id = random_id()
            cell = Cell(instance=self.ports.instance, table=SealedTable.QUARANTINE_ROW, field=1, row=row_id)
            rows.append(
                {
                    "row_id": row_id,
                    "batch_id": self.batch_id,
                    "line": line,
                    "column_name": column or "",
                    "rule": rule,
                    "remedy": remedy,
                    "subject_index": self._subject_index(raw),
                    "key_id": key.key_id,
                    "sealed": seal(raw.encode(), key=key, cell=cell),
                    "expires_at": expires_at,
                }
            )
        for start in range(0, len(rows), _WRITE_ROWS):
            with self.ports.unit_of_work() as session:
                batches.add_quarantined(session, rows[start : start + _WRITE_ROWS])
            self.ports.reached("quarantined")

    def _subject_index(self, raw: str) -> bytes | None:
        """Index whose row this is, if its key can be read: erasing the subject reaches quarantined rows too."""
        reference = self.contract.person or self.contract.organisation
        column, source = (reference.column, reference.source) if reference else (None, self.contract.source)
        if column is None and self.contract.key:
            column = self.contract.key[0]
        try:
            value = json.loads(raw).get(column)
        except (ValueError, AttributeError):
            return None
        return self.ports.indexes.source_key(source).token_of(str(value).strip()) if value else None

    def _key(self) -> Key:
        if self._quarantine_key is None:
            self._quarantine_key = new_key(KeyKind.INSTANCE)
            self.ports.keys.add([NewKey(key=self._quarantine_key, owner=self.batch_id, batch_id=self.batch_id)])
            self.ports.reached("quarantine_key_durable")
        return self._quarantine_key


def new_key(kind: KeyKind) -> Key:
    """Draw a fresh key with a fresh id."""
    return Key(key_id=KeyId(random_id()), kind=kind, secret=secrets.token_bytes(KEY_BYTES))
