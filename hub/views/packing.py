"""A view's features as four lists, one a type, in the order of the spec; and back again."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from hub.views.release import dtype_of
from hub.views.spec import ViewSpec
from ingest.canonical.snapshots import SNAPSHOTS

LISTS: Final = {"wholes": pl.Int64(), "reals": pl.Float64(), "truths": pl.Boolean(), "levels": pl.String()}
"""The list that holds features of a type."""


def packed(spec: ViewSpec) -> list[pl.Expr]:
    """Put released features into the table's lists; a list that no feature is in is null."""
    names = {name: [feature for feature, its, _ in _places(spec) if its == name] for name in LISTS}
    return [
        (pl.concat_list(some) if some else pl.lit(None, dtype=SNAPSHOTS.schema[name])).alias(name)
        for name, some in names.items()
    ]


def unpacked(spec: ViewSpec) -> list[pl.Expr]:
    """Take released features out of the table's lists, under their names and in the order of the spec."""
    return [pl.col(name).list.get(number, null_on_oob=True).alias(feature) for feature, name, number in _places(spec)]


def _places(spec: ViewSpec) -> Iterator[tuple[str, str, int]]:
    """Yield each released feature with its list and its place in it."""
    taken = dict.fromkeys(LISTS, 0)
    for feature in spec.released:
        name = next(name for name, dtype in LISTS.items() if dtype == dtype_of(feature))
        yield feature.name, name, taken[name]
        taken[name] += 1
