"""The frames that cross the border of `predict`, and their contracts.

A *scoring frame* has `pseudonym` (Binary, unique per `as_of`), `as_of` (Datetime) and feature columns (Float64,
Int64 or Boolean; null = not known). A *training frame* has the columns of the module's label (`predict.declaration`;
not null) as well and as many `as_of` cuts as the view could make. Levels (`predict.levels`) may stand in a column of
type Enum, or in a text column that was declared to hold them. Nothing else may be in a frame: any other String column
would be an identifier or text.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import polars as pl

from predict.declaration import Label, LabelKind
from predict.errors import FrameRefused
from predict.levels import Levels, codes_of, is_level

PSEUDONYM = "pseudonym"
AS_OF = "as_of"
FEATURE_TYPES = (pl.Float64, pl.Int64, pl.Boolean)
LABEL_TYPES: Mapping[LabelKind, tuple[type[pl.DataType], ...]] = {
    LabelKind.YES_NO: (pl.Boolean,),
    LabelKind.NUMBER: (pl.Float64, pl.Int64),
    LabelKind.DURATION: (pl.Float64,),
}

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Vector = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a matrix: their names, and the levels of those that are no numbers."""

    names: tuple[str, ...]
    levels: Mapping[str, Levels] = field(default_factory=dict)

    @property
    def counts(self) -> tuple[int, ...]:
        """Say of every column how many levels it has; 0: it is a number."""
        return tuple(len(self.levels.get(name, ())) for name in self.names)

    def only(self, names: tuple[str, ...]) -> "Columns":
        """Keep some of the columns, in a new order."""
        return Columns(names, {name: self.levels[name] for name in names if name in self.levels})


def feature_names(frame: pl.DataFrame, label: Label | None = None) -> tuple[str, ...]:
    """Name the feature columns in a stable (alphabetical) order; those of the label are none."""
    others = {PSEUDONYM, AS_OF, *(label.columns if label else ())}
    return tuple(sorted(name for name in frame.columns if name not in others))


def check_scoring(frame: pl.DataFrame, levels: Collection[str] = ()) -> None:
    """Insist on the scoring contract; `levels` are the columns that were declared to hold levels.

    Raises:
        FrameRefused: a column is missing, of a wrong type, or a pseudonym stands twice at one `as_of`.
    """
    _require(frame, PSEUDONYM, pl.Binary)
    _require_instant(frame)
    names = feature_names(frame)
    if not names:
        raise FrameRefused("*", "no feature column", "add features to the view")
    for name in names:
        dtype = frame.schema[name]
        if dtype not in FEATURE_TYPES and not isinstance(dtype, pl.Enum) and not (name in levels and is_level(dtype)):
            rule = "is not Float64, Int64 or Boolean, and no declared level"
            raise FrameRefused(name, rule, "cast it, name its levels or leave it out in the view")
    if frame.select(pl.struct(PSEUDONYM, AS_OF).is_duplicated().any()).item():
        raise FrameRefused(PSEUDONYM, "stands more than once at one as_of", "aggregate to one row per customer")


def check_training(frame: pl.DataFrame, label: Label, levels: Collection[str] = ()) -> None:
    """Insist on the training contract: the scoring contract and a complete label.

    Raises:
        FrameRefused: as `check_scoring`, or the label is missing, of another kind or null somewhere.
    """
    _require(frame, label.name, *LABEL_TYPES[label.kind])
    if label.event is not None:
        _require(frame, label.event, pl.Boolean)
    check_scoring(frame.drop(label.columns), levels)


def ordered(frame: pl.DataFrame) -> pl.DataFrame:
    """Sort by cut and pseudonym, so that the order of arrival changes nothing downstream."""
    return frame.sort(AS_OF, PSEUDONYM)


def matrix_of(
    frame: pl.DataFrame, names: tuple[str, ...], levels: Mapping[str, Levels] = MappingProxyType({})
) -> Matrix:
    """Lay feature columns side by side as float64; null, NaN and infinity all become NaN (not known).

    Args:
        frame: any frame with the columns.
        names: the columns and their order.
        levels: the levels of those columns that hold any; they become codes (`predict.levels.codes_of`).

    Raises:
        FrameRefused: a feature the model was trained on is absent, or a text column has no levels.
    """
    absent = next((name for name in names if name not in frame.columns), None)
    if absent is not None:
        raise FrameRefused(absent, "is missing", "read the view version the model was trained on")
    matrix = np.empty((frame.height, len(names)), dtype=np.float64, order="F")
    for position, name in enumerate(names):  # per column, not per row
        if is_level(frame.schema[name]) and name not in levels:
            raise FrameRefused(name, "holds text where the model knows numbers", "use the view it was trained on")
        known = levels.get(name)
        column = frame[name]
        matrix[:, position] = column.cast(pl.Float64).to_numpy() if known is None else codes_of(column, known)
    matrix[~np.isfinite(matrix)] = np.nan
    return matrix


def tells_apart(matrix: Matrix) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Say of each column whether it tells any two rows apart: by two values, or by a value and its absence."""
    missing = np.isnan(matrix)
    least, most = np.fmin.reduce(matrix, axis=0), np.fmax.reduce(matrix, axis=0)
    return np.asarray((missing.any(axis=0) & ~missing.all(axis=0)) | (least < most))


def labels_of(frame: pl.DataFrame, label: Label) -> Vector:
    """Give the label as numbers; a yes is 1.0, a no 0.0."""
    return np.asarray(frame[label.name].cast(pl.Float64).to_numpy(), dtype=np.float64)


def _require(frame: pl.DataFrame, name: str, *kinds: type[pl.DataType]) -> None:
    wanted = " or ".join(kind.__name__ for kind in kinds)
    if name not in frame.columns:
        raise FrameRefused(name, "is missing", f"the frame needs {name} as {wanted}")
    if frame.schema[name] not in kinds:
        raise FrameRefused(name, f"is not {wanted}", "cast it in the view")
    if frame[name].null_count():
        raise FrameRefused(name, "has nulls", "leave such rows out of the view")


def _require_instant(frame: pl.DataFrame) -> None:
    if AS_OF not in frame.columns:
        raise FrameRefused(AS_OF, "is missing", "the frame needs as_of as Datetime")
    if not isinstance(frame.schema[AS_OF], pl.Datetime):
        raise FrameRefused(AS_OF, "is not Datetime", "cast it in the view")
    if frame[AS_OF].null_count():
        raise FrameRefused(AS_OF, "has nulls", "leave such rows out of the view")
