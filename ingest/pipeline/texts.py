"""Free text on its way in: clean, redact, then append; the cleaned text is kept sealed for re-redaction, for days."""

from collections import Counter
from datetime import timedelta
from typing import Final

import polars as pl

from ingest.contract.model import Contract
from ingest.pipeline.arrival import new_key
from ingest.pipeline.copies import TABLE as COPIED_TABLE
from ingest.pipeline.copies import Copies, copy_refs
from ingest.pipeline.ports import Ports
from ingest.pipeline.redacting import THREAD, redacted_rows
from ingest.store import record as records
from ingest.text import clean
from privacy.keys import KeyKind, NewKey
from privacy.sealing import Cell, SealedTable, seal
from privacy.terms import BatchId, random_id

_TEXT: Final = "_text_"
_WRITE_ROWS: Final = 1000


class TextArrival:
    """The free-text columns of one batch."""

    def __init__(self, contract: Contract, batch_id: BatchId, ports: Ports) -> None:
        self._contract = contract
        self._batch_id = batch_id
        self._ports = ports
        self._copies = Copies(lambda refs: ports.lake.known_copies(contract.table, refs))
        self.cleaned: Counter[str] = Counter()

    def redacted(self, frame: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
        """Add `text_redacted`, `redactor_version` and `withheld` for a frame with a `_text_...` column, without copies.

        `ids` are the record ids that the frame's `person` numbers point into. What cleaning did is counted in
        `cleaned`: texts by rule, and rows left out as a `copy`.
        """
        columns = [name for name in frame.columns if name.startswith(_TEXT)]
        if not columns or frame.is_empty():
            return frame
        cleaned = clean(frame[columns[0]])
        self.cleaned.update(cleaned.counts)
        frame = self._without_copies(frame.with_columns(_cleaned=cleaned.text), ids)
        people, texts = ids.gather(frame["person"]), frame["_cleaned"]
        rows = pl.DataFrame({"text": texts, "person": people})
        redacted = redacted_rows(rows.hstack([frame[THREAD]]) if THREAD in frame.columns else rows, self._ports)
        self._hold(people, frame["event_id"], texts)
        return frame.hstack(redacted)

    def _without_copies(self, frame: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
        """Leave out messages that this delivery or an earlier one has brought from another mailbox."""
        if self._contract.table != COPIED_TABLE:
            return frame
        thread = [THREAD] if THREAD in frame.columns else []
        rows = frame.select("direction", *thread, text="_cleaned", person=ids.gather(frame["person"]))
        frame = frame.with_columns(copy_ref=copy_refs(rows, self._ports.indexes.copy()))
        kept = frame.filter(self._copies.first_ones(frame))
        self.cleaned["copy"] += frame.height - kept.height
        return kept

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
