"""Rows as frozen values: what a store hands out, so that nobody outside can write a row back by setting a field."""

from dataclasses import fields
from typing import Any, TypeVar

from sqlmodel import SQLModel

Value = TypeVar("Value")


def frozen(kind: type[Value], row: SQLModel) -> Value:
    """Make the frozen dataclass `kind` of a row: its fields are columns of the row under the same names."""
    held: Any = kind
    return kind(**{field.name: getattr(row, field.name) for field in fields(held)})
