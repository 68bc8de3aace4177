"""The figures of a batch: completeness, volume, freshness, new category values.

Compared with what was promised or usual.

- completeness of a column breaches when it is below the share that the contract demands;
- volume breaches when fewer than half as many rows came as in the middle one of the five deliveries before;
- freshness (hours from the newest event to arrival) breaches above the contract's `freshness_hours`;
- what cleaning did to free text is counted by rule (`cleaned`), and nothing is promised of it;
- new category values breach when a column with earlier deliveries brings a value that none of them had. Values are
  remembered as keyed digests: what a source writes into a category may be anything.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from statistics import median
from typing import Any, Final

import polars as pl

from ingest.contract.model import ColumnType, Contract
from ingest.pipeline.ports import Ports
from ingest.store import batch as batches
from ingest.store.batch import Counts
from privacy.terms import BatchId

_MOST_VALUES: Final = 200
"""A column with more distinct values in one delivery is no category."""

_EARLIER: Final = 5
_SHARE_OF_USUAL: Final = 0.5
_SECONDS_AN_HOUR: Final = 3600


class Figures:
    """What is counted while a batch comes in."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._rows = 0
        self._filled: Counter[str] = Counter()
        self._newest: datetime | None = None
        self._cleaned: Counter[str] = Counter()
        self._values: dict[str, set[str]] = {
            mapping.to: set() for mapping in contract.columns if mapping.type is ColumnType.CATEGORY
        }

    def add(self, frame: pl.DataFrame) -> None:
        """Count one chunk of accepted rows."""
        self._rows += frame.height
        columns = [column for column in frame.columns if not column.startswith("_")]
        if not columns or frame.is_empty():
            return
        self._filled.update(frame.select(pl.col(columns).count()).row(0, named=True))
        if "event_time" in columns:
            newest = frame["event_time"].max()
            if isinstance(newest, datetime):
                self._newest = newest if self._newest is None else max(self._newest, newest)
        for column in [name for name in self._values if name in columns]:
            self._values[column].update(frame[column].unique().drop_nulls().cast(pl.String).to_list())
            if len(self._values[column]) > _MOST_VALUES:
                del self._values[column]

    def clean(self, counts: Mapping[str, int]) -> None:
        """Note how many texts each rule of cleaning changed, and how many rows were copies."""
        self._cleaned.update(counts)

    def keep(self, batch_id: BatchId, counts: Counts, ports: Ports) -> list[str]:
        """Stage the figures with the batch; return the names of those that breach.

        A retry of refused rows is no delivery: how many there are, how full and how old says nothing of the source.
        """
        tokens = self._tokens(ports)
        with ports.read_only() as session:
            retry = batches.is_retry(session, batch_id)
            usual = batches.earlier_volumes(session, self._contract.name, _EARLIER)
            known = batches.known_categories(session, self._contract.name)
        fresh = {column: found - known.get(column, set()) for column, found in tokens.items()}
        cleaned = sorted((rule, texts) for rule, texts in self._cleaned.items() if texts)
        figures = [
            *([] if retry else self._promised(counts, usual, ports.clock())),
            *(_figure("cleaned", rule, texts, breached=False) for rule, texts in cleaned),
            *(
                _figure("new_category_values", column, len(new), breached=bool(new) and column in known)
                for column, new in sorted(fresh.items())
            ),
        ]
        with ports.unit_of_work() as session:
            batches.add_metrics(session, [{"batch_id": batch_id, **figure} for figure in figures])
            batches.add_categories(session, self._contract.name, fresh, batch_id)
        return [f"{figure['metric']} {figure['column_name']}".strip() for figure in figures if figure["breached"]]

    def _promised(self, counts: Counts, usual: list[int], at: datetime) -> list[dict[str, Any]]:
        volume = _figure("volume", "", counts.accepted, breached=_is_low(counts.accepted, usual))
        return [*self._completeness(), volume, *self._freshness(at)]

    def _completeness(self) -> list[dict[str, Any]]:
        demanded = self._contract.completeness
        return [
            _figure(
                "completeness",
                column,
                filled / self._rows,
                breached=filled / self._rows < demanded.get(column, 0.0),
            )
            for column, filled in sorted(self._filled.items())
            if self._rows
        ]

    def _freshness(self, at: datetime) -> list[dict[str, Any]]:
        if self._newest is None:
            return []
        hours = max((at - self._newest).total_seconds() / _SECONDS_AN_HOUR, 0.0)
        promised = self._contract.freshness_hours
        return [_figure("freshness_hours", "", hours, breached=promised is not None and hours > promised)]

    def _tokens(self, ports: Ports) -> Mapping[str, set[bytes]]:
        index = ports.indexes.category(self._contract.name)
        return {
            column: set(index.tokens_of(f"{column}\x1f{value}" for value in values))
            for column, values in self._values.items()
        }


def _is_low(accepted: int, usual: list[int]) -> bool:
    return bool(usual) and accepted < _SHARE_OF_USUAL * median(usual)


def _figure(metric: str, column: str, value: float, *, breached: bool) -> dict[str, Any]:
    return {"metric": metric, "column_name": column, "value": float(value), "breached": breached}
