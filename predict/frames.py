"""The frames that cross the border of `predict`, and their contracts.

A *scoring frame* has `pseudonym` (Binary, unique per `as_of`), `as_of` (Datetime) and feature columns (Float64,
Int64 or Boolean; null = not known). A *training frame* has the columns of the module's label (`predict.declaration`;
not null) as well and as many `as_of` cuts as the view could make. Nothing else may be in them: a String column would be
an identifier or text.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from predict.declaration import Label, LabelKind
from predict.errors import FrameRefused

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


def feature_names(frame: pl.DataFrame, label: Label | None = None) -> tuple[str, ...]:
    """Name the feature columns in a stable (alphabetical) order; those of the label are none."""
    others = {PSEUDONYM, AS_OF, *(label.columns if label else ())}
    return tuple(sorted(name for name in frame.columns if name not in others))


def check_scoring(frame: pl.DataFrame) -> None:
    """Insist on the scoring contract.

    Raises:
        FrameRefused: a column is missing, of a wrong type, or a pseudonym stands twice at one `as_of`.
    """
    _require(frame, PSEUDONYM, pl.Binary)
    _require_instant(frame)
    names = feature_names(frame)
    if not names:
        raise FrameRefused("*", "no feature column", "add features to the view")
    for name in names:
        if frame.schema[name] not in FEATURE_TYPES:
            raise FrameRefused(name, "is not Float64, Int64 or Boolean", "cast or leave it out in the view")
    if frame.select(pl.struct(PSEUDONYM, AS_OF).is_duplicated().any()).item():
        raise FrameRefused(PSEUDONYM, "stands more than once at one as_of", "aggregate to one row per customer")


def check_training(frame: pl.DataFrame, label: Label) -> None:
    """Insist on the training contract: the scoring contract and a complete label.

    Raises:
        FrameRefused: as `check_scoring`, or the label is missing, of another kind or null somewhere.
    """
    _require(frame, label.name, *LABEL_TYPES[label.kind])
    if label.event is not None:
        _require(frame, label.event, pl.Boolean)
    check_scoring(frame.drop(label.columns))


def ordered(frame: pl.DataFrame) -> pl.DataFrame:
    """Sort by cut and pseudonym, so that the order of arrival changes nothing downstream."""
    return frame.sort(AS_OF, PSEUDONYM)


def matrix_of(frame: pl.DataFrame, names: tuple[str, ...]) -> Matrix:
    """Lay feature columns side by side as float64; null, NaN and infinity all become NaN (not known).

    Raises:
        FrameRefused: a feature the model was trained on is absent.
    """
    absent = next((name for name in names if name not in frame.columns), None)
    if absent is not None:
        raise FrameRefused(absent, "is missing", "read the view version the model was trained on")
    if not names:
        return np.empty((frame.height, 0), dtype=np.float64)
    values = frame.select(pl.col(name).cast(pl.Float64) for name in names).to_numpy()
    matrix = np.array(values, dtype=np.float64, order="F")
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
