"""What is wrong with data before anybody learns from it: pure rules over frames, counted, never corrected.

A finding says how many rows break a rule, of how many, and what to do; never a value of a row. Whether rows are
wrong is for people to say: two of the same article on one invoice are two equal rows, and right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

NUMERIC_FROM: Final = 0.9  # share of filled texts that read as numbers from which a column counts as one of numbers
UNFIT_FROM: Final = 0.25  # share of contradictory rows from which a model would learn the contradiction


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule that rows break; `column` is "*" where the rule is about whole rows."""

    rule: str
    column: str
    rows: int
    of: int
    advice: str

    @property
    def share(self) -> float:
        """Give the share of rows that break the rule."""
        return self.rows / self.of if self.of else 0.0

    @property
    def unfit(self) -> bool:
        """Say whether so many rows contradict what they should agree with that nothing true can be learnt."""
        return self.rule in CONTRADICTIONS and self.share >= UNFIT_FROM

    def as_mapping(self) -> dict[str, object]:
        """Give plain JSON values."""
        fields = {"rule": self.rule, "column": self.column, "rows": self.rows, "of": self.of}
        return fields | {"share": self.share, "unfit": self.unfit, "advice": self.advice}


CONTRADICTIONS: Final = frozenset({"event_before_start", "event_after_end", "flag_without_event", "event_without_flag"})


def exact_duplicates(rows: pl.DataFrame) -> list[Finding]:
    """Count rows that repeat an earlier one in every column."""
    repeated = rows.height - rows.n_unique()
    advice = "deliver a key of the row, or say that equal rows are meant"
    return _found("exact_duplicate", "*", repeated, rows.height, advice)


def blank_numbers(rows: pl.DataFrame) -> list[Finding]:
    """Count blanks in columns of text that otherwise read as numbers: they would be taken for 0 or refused."""
    found = []
    for name in rows.select(pl.selectors.string()).columns:
        text = rows[name].str.strip_chars()
        filled = text.filter(text != "")
        reads = filled.cast(pl.Float64, strict=False).is_not_null().mean() if filled.len() else 0.0
        if isinstance(reads, float) and reads >= NUMERIC_FROM:
            blank = int((text == "").sum())
            found += _found(
                "blank_number", name, blank, rows.height, "deliver nothing where nothing is known, not a blank"
            )
    return found


def overlapping_extracts(first: pl.DataFrame, second: pl.DataFrame) -> list[Finding]:
    """Count rows of the second extract that stand in the first as well, by all columns that both have."""
    shared = [name for name in first.columns if name in second.columns]
    again = second.join(first.unique(shared), on=shared, how="semi", nulls_equal=True).height
    advice = "cut extracts at one instant, or deliver keys: what stands in both would count twice"
    return _found("overlapping_extract", "*", again, second.height, advice)


def without_customer(rows: pl.DataFrame, column: str) -> list[Finding]:
    """Count rows that name nobody: no consent reaches them and no erasure finds them."""
    return _found(
        "no_customer", column, rows[column].null_count(), rows.height, "supply the numbers, or leave them out"
    )


def returns(rows: pl.DataFrame, column: str) -> list[Finding]:
    """Count rows whose quantity or amount lies below zero: they are no purchases."""
    below = int((rows[column] < 0).sum())
    return _found("below_zero", column, below, rows.height, "count returns apart from purchases")


def outside_contract(events: pl.DataFrame, contracts: pl.DataFrame, *, on: str) -> list[Finding]:
    """Count events before a contract's start and after its end.

    Args:
        events: columns `on` and at.
        contracts: columns `on` (each once), start and end (null: runs on).
        on: the column that joins them.
    """
    joined = events.join(contracts, on=on, how="inner")
    early, late = int((joined["at"] < joined["start"]).sum()), int((joined["at"] > joined["end"]).sum())
    advice = "check which instant the source means, and its clock: a contract cannot be used before it begins"
    return [
        *_found("event_before_start", "at", early, joined.height, advice),
        *_found(
            "event_after_end", "at", late, joined.height, "end what has ended in the source, or deliver the renewal"
        ),
    ]


def contradicting_flags(customers: pl.DataFrame, events: pl.DataFrame, *, on: str, flag: str) -> list[Finding]:
    """Count customers whose flag says what no event does, and those whose event no flag says."""
    happened = customers[on].is_in(events[on].drop_nulls().unique().implode())
    flagged = customers[flag].fill_null(value=False)
    advice = "settle which of the two the source keeps up, and learn from that one"
    return [
        *_found("flag_without_event", flag, int((flagged & ~happened).sum()), customers.height, advice),
        *_found("event_without_flag", flag, int((~flagged & happened).sum()), customers.height, advice),
    ]


def findings_of(told: Iterable[Mapping[str, object]]) -> tuple[Finding, ...]:
    """Read findings back from their JSON values; raises KeyError, TypeError or ValueError for what is none."""
    return tuple(
        Finding(
            rule=str(one["rule"]),
            column=str(one["column"]),
            rows=int(str(one["rows"])),
            of=int(str(one["of"])),
            advice=str(one["advice"]),
        )
        for one in told
    )


def verdict(findings: Iterable[Finding]) -> str:
    """Say in a sentence whether the data are fit to learn from."""
    unfit = sorted(one.rule for one in findings if one.unfit)
    if not unfit:
        return "nothing contradicts itself so often that a model could not learn"
    return f"not fit to learn from: {', '.join(unfit)} in a quarter of the rows or more; a model would learn noise"


def _found(rule: str, column: str, rows: int, of: int, advice: str) -> list[Finding]:
    return [Finding(rule=rule, column=column, rows=rows, of=of, advice=advice)] if rows else []
