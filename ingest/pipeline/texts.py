"""Free text on its way in: clean, redact, then append; the cleaned text is kept sealed for re-redaction, for days.

The person's own attributes (names, e-mail, phone, street) are opened in memory to be taken out of what they wrote;
the opening of a chunk is one audit entry with its count.
"""

import json
from collections import defaultdict
from datetime import timedelta
from typing import Final

import polars as pl

from ingest.contract.model import Contract
from ingest.pipeline.arrival import new_key
from ingest.pipeline.opening import open_documents
from ingest.pipeline.ports import Ports
from ingest.store import identity
from ingest.store import record as records
from ingest.text import clean
from privacy.keys import KeyKind, NewKey
from privacy.redaction.redactor import REDACTOR_VERSION, redact
from privacy.sealing import Cell, SealedTable, seal
from privacy.terms import BatchId, RecordId, random_id

_TEXT: Final = "_text_"
_WRITE_ROWS: Final = 1000


class TextArrival:
    """The free-text columns of one batch."""

    def __init__(self, contract: Contract, batch_id: BatchId, ports: Ports) -> None:
        self._contract = contract
        self._batch_id = batch_id
        self._ports = ports

    def redacted(self, frame: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
        """Add `text_redacted`, `redactor_version` and `withheld` for a frame with a `_text_...` column.

        `ids` are the record ids that the frame's `person` numbers point into.
        """
        columns = [name for name in frame.columns if name.startswith(_TEXT)]
        if not columns or frame.is_empty():
            return frame
        cleaned = clean(frame[columns[0]]).text
        people = ids.gather(frame["person"])
        outcome = redact(cleaned, own=self._own_attributes(people))
        self._hold(people, frame["event_id"], cleaned)
        return frame.with_columns(
            text_redacted=outcome.frame["text_redacted"],
            withheld=outcome.frame["withheld"],
            redactor_version=pl.lit(REDACTOR_VERSION, dtype=pl.Int32),
        )

    def _own_attributes(self, writers: pl.Series) -> list[list[str]]:
        """Open what any record of each row's person says: the values to take out of the text.

        The desk may know the number only, and the shop the name: both are the person's.
        """
        people = [RecordId(record) for record in writers.drop_nulls().unique().to_list()]
        with self._ports.read_only() as session:
            members = identity.members_of(session, people)
        entity_of = dict(members.select("record", "entity").iter_rows())
        values: dict[bytes, list[str]] = defaultdict(list)
        for record, document in open_documents(members["record"].to_list(), self._ports).items():
            values[entity_of[record]] += [str(value) for value in json.loads(document).values() if value]
        return [values.get(entity_of.get(record, b""), []) for record in writers.to_list()]

    def _hold(self, writers: pl.Series, event_ids: pl.Series, cleaned: pl.Series) -> None:
        """Seal the cleaned texts, each under a key of its own that dies with the person or after the stated days."""
        if self._ports.held_text_days <= 0:
            return
        expires_at = self._ports.clock() + timedelta(days=self._ports.held_text_days)
        keys, rows = [], []
        chosen = pl.DataFrame({"person": writers, "event_id": event_ids, "text": cleaned}).drop_nulls("text")
        for person, event_id, text in chosen.iter_rows():
            text_id, key = random_id(), new_key(KeyKind.RECORD)
            cell = Cell(instance=self._ports.instance, table=SealedTable.HELD_TEXT, field=1, row=text_id)
            keys.append(NewKey(key=key, owner=person or self._batch_id, batch_id=self._batch_id))
            rows.append(
                {
                    "text_id": text_id,
                    "batch_id": self._batch_id,
                    "record_id": person,
                    "canonical_table": self._contract.table,
                    "event_id": event_id,
                    "key_id": key.key_id,
                    "sealed": seal(text.encode(), key=key, cell=cell),
                    "expires_at": expires_at,
                }
            )
        self._ports.keys.add(keys)
        self._ports.reached("text_keys_durable")
        for start in range(0, len(rows), _WRITE_ROWS):
            with self._ports.unit_of_work() as session:
                records.add_held_texts(session, rows[start : start + _WRITE_ROWS])
            self._ports.reached("texts_held")
