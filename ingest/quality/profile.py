"""Look at a delivery without storing any of it: what `varde source check` shows."""

from datetime import datetime
from pathlib import Path

import polars as pl

from ingest.contract.model import Contract
from ingest.quality.report import QualityReport
from ingest.quality.shape import SAMPLE_ROWS, lookalikes_of, shapes_of
from ingest.quality.tally import Known, Tally
from ingest.readers.source import open_source
from ingest.readers.typed import Typist


def profile(contract: Contract, path: Path, *, at: datetime, known: Known | None = None) -> QualityReport:
    """Read a whole file and report on it; `known` says which customer keys the hub has on record.

    Shapes and lookalikes are judged on the first 20,000 rows, everything else on all of them.

    Raises:
        FileRefused: the file cannot be read as the contract says.

    """
    tally, typist = Tally(contract), Typist(contract)
    sample = pl.DataFrame()
    for raw in open_source(contract, path).raw_chunks():
        if sample.height < SAMPLE_ROWS:
            looked_at = raw.frame.drop("_line").head(SAMPLE_ROWS - sample.height)
            sample = pl.concat([sample, looked_at], how="diagonal_relaxed")
        tally.add(typist.typed(raw))
    lookalikes = lookalikes_of(sample, contract)
    return tally.report(at=at, known=known, shapes=shapes_of(sample), lookalikes=lookalikes)
