"""Where something was said: every combination of levels of a few dimensions, from a week on.

A *place* is a level of each of one to `DEEPEST` dimensions (topic delivery, product desks) and the week from which on
it is looked at; all levels together, from a later week on, are a place too. A row is in many places at once.

A row is compared with its *likes* alone: a text with texts of its topic and language, because words of some topics and
languages sound unhappier whatever happened (ADR 0112). Without likes all are compared with all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from predict.errors import FrameRefused
from predict.frames import Vector

CUSTOMER, AT, UNHAPPY = "pseudonym", "at", "unhappy"
DEEPEST = 4
SHORTEST_WEEKS = 4  # a break is looked for where at least so many weeks lie before and behind it

Codes = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Levels by dimension, and the day from which on; none: the whole time."""

    levels: tuple[tuple[str, str], ...]
    since_week: int

    def holds(self, heard: "Heard") -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Say which rows are in it."""
        inside = heard.week >= self.since_week
        for name, level in self.levels:
            axis = heard.dimensions.index(name)
            inside &= heard.codes[axis] == heard.levels[axis].index(level)
        return inside

    def against(self, heard: "Heard") -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], ...]:
        """Say which rows of it have likes elsewhere, and which rows elsewhere are these."""
        inside = self.holds(heard)
        here, elsewhere = (np.bincount(heard.like[each], minlength=heard.likes) > 0 for each in (inside, ~inside))
        return inside & elsewhere[heard.like], ~inside & here[heard.like]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was said, as numbers: one entry a row.

    `unhappy` is 0 to 1, `customer`, `week` and `like` count from 0 (week 0 holds the oldest row, rows of one `like` are
    compared with each other), `codes` has an array for each of `dimensions`, which counts its `levels`.
    """

    unhappy: Vector
    customer: Codes
    week: Codes
    like: Codes
    dimensions: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    codes: tuple[Codes, ...]

    @property
    def weeks(self) -> int:
        """Count the weeks."""
        return int(self.week.max()) + 1 if self.week.size else 0

    @property
    def likes(self) -> int:
        """Count the groups of likes."""
        return int(self.like.max()) + 1 if self.like.size else 0

    def centred(self, values: Vector) -> Vector:
        """Take off each row's value the mean of its likes."""
        means = np.bincount(self.like, values) / np.maximum(np.bincount(self.like), 1)
        return np.asarray(values - means[self.like], dtype=np.float64)

    def without(self, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> "Heard":
        """Leave rows out; weeks and levels keep their numbers."""
        kept = ~rows
        return Heard(
            unhappy=self.unhappy[kept],
            customer=self.customer[kept],
            week=self.week[kept],
            like=self.like[kept],
            dimensions=self.dimensions,
            levels=self.levels,
            codes=tuple(one[kept] for one in self.codes),
        )


def heard_of(frame: pl.DataFrame, dimensions: tuple[str, ...], *, likes: tuple[str, ...] = ()) -> Heard:
    """Turn a frame (pseudonym, at, unhappy: Boolean or 0 to 1, and dimensions of levels) into numbers.

    A level that is null is one of its own, `unknown`. Rows with the same in all columns of `likes` are likes.

    Raises:
        FrameRefused: a column is missing or of a wrong type, `unhappy` is null or outside of 0 to 1, or `at` is null.
    """
    for name in (CUSTOMER, AT, UNHAPPY, *dimensions, *likes):
        if name not in frame.columns:
            raise FrameRefused(name, "is missing", "put it into the view, or leave the dimension out")
    unhappy = frame[UNHAPPY].cast(pl.Float64)
    if unhappy.null_count() or not unhappy.is_between(0, 1).all():
        raise FrameRefused(UNHAPPY, "must be between 0 and 1 in every row", "leave rows out that were not judged")
    if not isinstance(frame.schema[AT], pl.Datetime) or frame[AT].null_count():
        raise FrameRefused(AT, "must be an instant in every row", "leave rows out that have no time")
    coded = [_coded(frame[name]) for name in dimensions]
    age = (frame[AT] - frame[AT].min()).dt.total_days() if frame.height else pl.Series([], dtype=pl.Int64)
    return Heard(
        unhappy=unhappy.to_numpy(),
        customer=frame[CUSTOMER].rank("dense").cast(pl.Int64).to_numpy() - 1,
        week=np.asarray(age.to_numpy() // 7, dtype=np.int64),
        like=_likes(frame, likes),
        dimensions=dimensions,
        levels=tuple(levels for levels, _ in coded),
        codes=tuple(codes for _, codes in coded),
    )


def _likes(frame: pl.DataFrame, names: tuple[str, ...]) -> Codes:
    """Give each row the number of its group of likes; one group where no column tells any apart."""
    number = np.zeros(frame.height, dtype=np.int64)
    for name in names:
        levels, codes = _coded(frame[name])
        number = number * max(len(levels), 1) + codes
    return np.asarray(np.unique(number, return_inverse=True)[1], dtype=np.int64)


def _coded(column: pl.Series) -> tuple[tuple[str, ...], Codes]:
    text = column.cast(pl.String).fill_null("unknown")
    levels = tuple(text.unique().sort().to_list())
    codes = text.replace_strict(list(levels), list(range(len(levels))), return_dtype=pl.Int64)
    return levels, codes.to_numpy()


def subsets(count: int) -> Iterator[tuple[int, ...]]:
    """Give every choice of up to `DEEPEST` of `count` dimensions, none first."""
    for size in range(min(count, DEEPEST) + 1):
        yield from combinations(range(count), size)


def cells(heard: Heard, chosen: tuple[int, ...]) -> Codes:
    """Give each row the number of its combination of levels of some dimensions."""
    number = np.zeros(heard.unhappy.size, dtype=np.int64)
    for axis in chosen:
        number = number * len(heard.levels[axis]) + heard.codes[axis]
    return number


def levels_of(heard: Heard, chosen: tuple[int, ...], cell: int) -> tuple[tuple[str, str], ...]:
    """Name the levels of a combination's number."""
    named = []
    for axis in reversed(chosen):
        cell, code = divmod(cell, len(heard.levels[axis]))
        named.append((heard.dimensions[axis], heard.levels[axis][code]))
    return tuple(reversed(named))
