"""Count a delivery chunk by chunk: the same tally serves `source check` and the metrics of every batch.

Keys are kept as 64-bit hashes for the time of the count, 8 bytes a row, so that duplicates and customers can be counted
in one pass over a file of any length; they are never written anywhere.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Final

import polars as pl

from ingest.canonical.catalogue import TABLES
from ingest.canonical.table import ColumnKind
from ingest.contract.model import ColumnType, Contract
from ingest.quality.category import CODES_SHOWN, MINIMUM_ROWS
from ingest.quality.readiness import advice_of, breaches_of
from ingest.quality.report import Advice, Lookalike, QualityReport, Rejection, Shape
from ingest.readers.chunk import Chunk

Known = Callable[[pl.Series], pl.Series]
"""Given distinct customer keys of the contract's person (else organisation) source: which of them are known."""

_CODE: Final = r"^[\p{L}\p{N}][\p{L}\p{N} ._:/-]{0,31}$"
_DIGITS: Final = r"\d{6,}"
_DAYS_A_MONTH: Final = 365.25 / 12
_SECONDS_AN_HOUR: Final = 3600


class Tally:
    """Counts of one delivery so far."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._read = 0
        self._accepted = 0
        self._rejections: Counter[tuple[str, str]] = Counter()
        self._filled: Counter[str] = Counter()
        self._codes: dict[str, Counter[str]] = {name: Counter() for name in _code_columns(contract)}
        self._events: list[pl.Series] = []
        self._customers: list[pl.DataFrame] = []
        self._span: list[datetime] = []

    def add(self, chunk: Chunk) -> None:
        """Count one more chunk."""
        self._read += chunk.read
        self._accepted += chunk.frame.height
        for column, rule, rows in chunk.rejected.group_by("column", "rule").len().iter_rows():
            self._rejections[column, rule] += rows
        filled = chunk.frame.select(pl.all().is_not_null().sum()).row(0, named=True) if chunk.frame.width else {}
        self._filled.update({name: rows for name, rows in filled.items() if name != "_line"})
        for name, codes in self._codes.items():
            looks_like_code = pl.col(name).str.contains(_CODE) & ~pl.col(name).str.contains(_DIGITS)
            codes.update(dict(chunk.frame.filter(looks_like_code)[name].value_counts().iter_rows()))
        self._add_keys(chunk.frame)
        if "event_time" in chunk.frame.columns and chunk.frame.height:
            first, last = chunk.frame.select(
                pl.col("event_time").min().alias("first"), pl.col("event_time").max().alias("last")
            ).row(0)
            self._span += [instant for instant in (first, last) if instant is not None]

    def _add_keys(self, frame: pl.DataFrame) -> None:
        """Remember hashes of event keys, and distinct customer keys with their rows."""
        event = "_key" if self._contract.is_identity else "_event_key"
        self._events.append(frame[event].drop_nulls().hash())
        customer = customer_key(self._contract)
        self._customers.append(frame.group_by(pl.col(customer).alias("key")).agg(rows=pl.len()).drop_nulls("key"))

    def report(
        self,
        *,
        at: datetime,
        known: Known | None = None,
        shapes: tuple[Shape, ...] = (),
        lookalikes: tuple[Lookalike, ...] = (),
    ) -> QualityReport:
        """Sum up; `at` is the instant freshness is judged at, `known` the customers on file."""
        contract = self._contract
        customers = self._distinct_customers()
        completeness = self._completeness()
        first, last = min(self._span, default=None), max(self._span, default=None)
        months, hours = _months_between(first, last), _hours_between(last, at)
        linked, unlinked = _linked(customers, known)
        return QualityReport(
            contract=contract.name,
            source=contract.source,
            table=contract.table,
            owner=contract.owner,
            at=at,
            read=self._read,
            accepted=self._accepted,
            quarantined=self._read - self._accepted,
            rejections=self._named_rejections(),
            completeness=completeness,
            duplicates=self._duplicates(),
            customers=customers.height,
            earliest=first,
            latest=last,
            months=months,
            hours_stale=hours,
            shapes=shapes,
            lookalikes=lookalikes,
            categories=self._categories(),
            linked=linked,
            unlinked_rows=unlinked,
            breaches=breaches_of(contract, completeness=completeness, hours_stale=hours),
            advice=self._advice(completeness, months, customers.height),
        )

    def _duplicates(self) -> int:
        events = pl.concat(self._events) if self._events else pl.Series(dtype=pl.UInt64)
        return events.len() - events.n_unique()

    def _advice(self, completeness: dict[str, float], months: float, customers: int) -> tuple[Advice, ...]:
        is_identity = self._contract.is_identity
        return advice_of(completeness=completeness, months=months, customers=customers, is_identity=is_identity)

    def _named_rejections(self) -> tuple[Rejection, ...]:
        return tuple(
            Rejection(column=column, rule=rule, rows=rows) for (column, rule), rows in self._rejections.most_common()
        )

    def _completeness(self) -> dict[str, float]:
        """Return the share of accepted rows that fill each mapped target."""
        names = {mapping.to: _frame_name(mapping.to, mapping.type) for mapping in self._contract.columns}
        rows = max(self._accepted, 1)
        return {target: self._filled[name] / rows for target, name in names.items()}

    def _categories(self) -> dict[str, dict[str, int]]:
        """Return codes that are common enough to be codes."""
        shown = {}
        for name, codes in self._codes.items():
            common = [(code, rows) for code, rows in codes.most_common() if rows >= MINIMUM_ROWS]
            if common and len(common) <= CODES_SHOWN:
                shown[name] = dict(common)
        return shown

    def _distinct_customers(self) -> pl.DataFrame:
        """Return distinct customer keys and their rows."""
        if not self._customers:
            return pl.DataFrame(schema={"key": pl.String, "rows": pl.UInt32})
        return pl.concat(self._customers).group_by("key").agg(pl.col("rows").sum())


def customer_key(contract: Contract) -> str:
    """Name the frame column whose customers are counted and linked: the person's where the contract has one."""
    if contract.is_identity:
        return "_key"
    return "_person_key" if contract.person is not None else "_organisation_key"


def _linked(customers: pl.DataFrame, known: Known | None) -> tuple[float | None, int | None]:
    """Return the share of rows of known customers, and the rows of unknown ones."""
    if known is None or customers.is_empty():
        return None, None
    found = customers.with_columns(found=known(customers["key"]))
    total = int(found["rows"].sum())
    unknown = int(found.filter(~pl.col("found"))["rows"].sum())
    return 1 - unknown / total, unknown


def _frame_name(target: str, kind: ColumnType) -> str:
    """Return under which name a target stands in a chunk's frame."""
    if kind is ColumnType.REFERENCE:
        return f"_ref_{target}"
    if kind is ColumnType.EMPLOYEE:
        return "_employee_key"
    return "_text_text_redacted" if kind is ColumnType.TEXT else target


def _code_columns(contract: Contract) -> list[str]:
    """Name the mapped columns of codes: text that is neither reference, free text nor attribute."""
    if contract.is_identity:
        return []
    table = TABLES[contract.table]
    return [
        mapping.to
        for mapping in contract.columns
        if mapping.type in {ColumnType.STRING, ColumnType.CATEGORY}
        and table.column(mapping.to).kind is ColumnKind.VALUE
    ]


def _months_between(first: datetime | None, last: datetime | None) -> float:
    return (last - first).days / _DAYS_A_MONTH if first is not None and last is not None else 0.0


def _hours_between(last: datetime | None, at: datetime) -> float | None:
    return (at - last).total_seconds() / _SECONDS_AN_HOUR if last is not None else None
