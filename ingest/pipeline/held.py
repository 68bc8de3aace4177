"""Held texts for another redaction: found for rows of the lake, opened in memory for an act that the log is told of."""

from collections.abc import Callable, Iterator
from typing import Final

import polars as pl

from ingest.pipeline.opening import announced
from ingest.pipeline.ports import Ports
from ingest.pipeline.redacting import THREAD, redacted_rows
from ingest.store.held import find_held, sealed_texts
from privacy.sealing import CellColumn, SealedTable, open_column
from privacy.terms import KeyId

_AT_ONCE: Final = 5_000
"""Texts that are open at a time."""

Seen = Callable[[int], None]


def redacted_again(table: str, rows: pl.DataFrame, ports: Ports, *, opened: Seen) -> Iterator[pl.DataFrame]:
    """Redact rows of a lake table anew, some thousand at a time, in order; `opened` is told how many came from a seal.

    From the sealed text where it is still held; else what an older redactor left is read once more: what the new one
    finds goes too, and what the old one took stays away. Columns text_redacted, withheld, redactor_version.
    """
    for part in rows.iter_slices(_AT_ONCE):
        with ports.read_only() as session:
            held = find_held(session, table, part, at=ports.clock())
        texts = _opened(held, ports)
        opened(texts.height)
        chosen = part.join(texts, on=["person", "event_id"], how="left", nulls_equal=True, maintain_order="left")
        thread = [pl.col(THREAD)] if THREAD in part.columns else []
        again = redacted_rows(chosen.select("person", *thread, text=pl.coalesce("text", "text_redacted")), ports)
        # A text that was withheld and is no longer held cannot be judged anew: it stays away.
        lost = chosen.select(pl.col("withheld").fill_null(value=False) & pl.col("text").is_null()).to_series()
        yield again.with_columns(withheld=pl.col("withheld") | lost)


def _opened(held: pl.DataFrame, ports: Ports) -> pl.DataFrame:
    """Open held texts; one whose key was shredded is left out. Columns person, event_id, text."""
    frame = held.select("person", "event_id")
    if held.is_empty():
        return frame.with_columns(text=pl.lit(None, dtype=pl.String))
    act_id = announced(held.height, ports, "redaction")
    with ports.read_only() as session:
        sealed = dict(sealed_texts(session, held["text_id"].to_list()))
    keys = ports.keys.get([KeyId(key) for key in held["key_id"]], act_id=act_id)
    ready = [
        (text_id, sealed[text_id], key)
        for text_id, key_id in held.select("text_id", "key_id").iter_rows()
        if text_id in sealed and (key := keys.get(KeyId(key_id))) is not None
    ]
    ids = [each[0] for each in ready]
    cells = CellColumn(
        instance=ports.instance, table=SealedTable.HELD_TEXT, field=1, rows=ids, revisions=[0] * len(ids)
    )
    texts = open_column([each[1] for each in ready], keys=[each[2] for each in ready], cells=cells)
    clear = {text_id: text.decode() for text_id, text in zip(ids, texts, strict=True)}
    found = pl.Series([clear.get(text_id) for text_id in held["text_id"]], dtype=pl.String)
    return frame.with_columns(text=found).drop_nulls("text")
