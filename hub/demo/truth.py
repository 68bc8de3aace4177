"""How well the demo's records were merged, against the truth that only the generator knows."""

from dataclasses import dataclass

import polars as pl

from hub.compose import Hub
from ingest.store.record import find_records, records_frame
from privacy.terms import EntityKind


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeQuality:
    """Pairwise precision, recall and F1 of persons' records, and the counts behind them."""

    records: int
    found: int
    true: int
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def merge_quality(hub: Hub, truth: pl.DataFrame) -> MergeQuality:
    """Compare the crosswalk with the truth (source, kind, key, entity) over pairs of person records."""
    people = truth.filter(pl.col("kind") == EntityKind.PERSON.value).unique(["source", "key"])
    frames = []
    for (source,), group in people.group_by("source"):
        tokens = hub.indexes().source_key(str(source)).tokens_of(group["key"].cast(pl.String).to_list())
        with hub.reading() as session:
            known = find_records(session, tokens)
        records = pl.Series("record", [known.get(token) for token in tokens], dtype=pl.Binary)
        frames.append(group.select(true=pl.col("entity").cast(pl.String)).with_columns(records))
    with hub.reading() as session:
        resolved = records_frame(session, EntityKind.PERSON).select("record", "entity")
    both = pl.concat(frames).drop_nulls("record").join(resolved, on="record", how="inner")
    right, made, real = _pairs(both, "true", "entity"), _pairs(both, "entity"), _pairs(both, "true")
    return MergeQuality(
        records=both.height,
        found=both["entity"].n_unique(),
        true=both["true"].n_unique(),
        precision=right / made if made else 1.0,
        recall=right / real if real else 1.0,
    )


def _pairs(frame: pl.DataFrame, *by: str) -> int:
    """Count the pairs of records that share the columns."""
    sizes = frame.group_by(*by).len()["len"]
    return int((sizes * (sizes - 1) // 2).sum())
