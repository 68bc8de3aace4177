"""What a cast yields: an expression for the value, and checks that say which rows it fails for and why."""

from dataclasses import dataclass
from typing import Final

import polars as pl

SOURCE: Final = "source:"
"""Prefix of source columns beside the canonical ones: a source may call a column what we call another."""

NULL_KEY: Final = ("the key is null", "deliver a key in every row, or declare the right column")


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of one source column; `bad` is evaluated over the outputs and the prefixed source columns."""

    column: str
    rule: str
    remedy: str
    bad: pl.Expr


@dataclass(frozen=True, slots=True)
class Cast:
    """One output column and its checks."""

    output: pl.Expr
    checks: tuple[Check, ...] = ()


def source_of(column: str) -> pl.Expr:
    """Refer to a source column."""
    return pl.col(SOURCE + column)


def unreadable(column: str, output: str, rule: str, remedy: str) -> Check:
    """Say that something stood in the source and nothing came of it."""
    return Check(column, rule, remedy, source_of(column).is_not_null() & pl.col(output).is_null())
