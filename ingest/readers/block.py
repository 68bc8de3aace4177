"""Cut records out of a block of text: the good ones for the parser, the bad ones for quarantine."""

import json

import numpy as np
import polars as pl

from ingest.prepass.records import Fault, Marks, Positions, Records
from ingest.readers.chunk import REJECTED, no_rejects


def blank_records(buffer: bytes, records: Records) -> Marks:
    """Mark empty lines: they are no rows."""
    lengths = records.ends - records.starts
    blank: Marks = lengths == 0
    if b"\r" in buffer:
        firsts = np.frombuffer(buffer, dtype=np.uint8)[records.starts]
        blank |= (lengths == 1) & (firsts == ord("\r"))
    return blank


def joined(buffer: bytes, records: Records, chosen: Positions) -> bytes:
    """Join the bytes of chosen records, run by run of neighbours."""
    if not chosen.size:
        return b""
    breaks = np.flatnonzero(np.diff(chosen) != 1)
    firsts = chosen[np.concatenate(([0], breaks + 1))]
    lasts = chosen[np.concatenate((breaks, [chosen.size - 1]))]
    runs = zip(records.starts[firsts].tolist(), records.ends[lasts].tolist(), strict=True)
    return b"".join(buffer[start : end + 1] for start, end in runs)


def rejected(buffer: bytes, records: Records, bad: list[int], faults: dict[int, Fault]) -> pl.DataFrame:
    """Describe refused records; the loop is over faults, not rows."""
    if not bad:
        return no_rejects()
    texts = [buffer[records.starts[index] : records.ends[index]].decode("utf-8") for index in bad]
    return pl.DataFrame(
        {
            "line": records.lines[bad],
            "column": [""] * len(bad),
            "rule": [faults[index][0] for index in bad],
            "remedy": [faults[index][1] for index in bad],
            "raw": [json.dumps({"_row": text}, ensure_ascii=False) for text in texts],
            "subject": [None] * len(bad),
        },
        schema=REJECTED,
    )
