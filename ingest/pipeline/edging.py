"""A batch's edges on their way into the edge store, in short transactions, while nothing comes between."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from sqlmodel import Session

from ingest.match.saved import SavedModel
from ingest.pipeline.pace import Pace
from ingest.pipeline.ports import Ports
from ingest.store.closed import open_among
from ingest.store.match_edge import drop_edges, put_edges
from ingest.store.match_form import forget_forms, stale_forms
from ingest.store.match_whole import EVERY_EDGE
from privacy.store.bulk import Columns, Same
from privacy.store.epoch import current_epoch, lock_epoch
from privacy.store.erasure import tombstones

if TYPE_CHECKING:  # it brings DuckDB and SciPy along, which most commands have no use for
    from ingest.pipeline.resolving import Resolved

_SINGLE: Final = ">f4"
_HEAVY: Final = 8
"""Forms to begin with: each writes a block anew for every key."""
_SECONDS: Final = 0.02
"""What a transaction of edges aims at: to begin and to commit one costs a third of that."""
_SAME: Final = ("probability", "weight", "rule", "closing", "levels", "model")


def write_edges(resolved: "Resolved", ports: Ports, still: Callable[[Session], bool]) -> bool:
    """Write a plan's edges and forget what they replace; False if the plan went out of date meanwhile.

    It may be repeated from the start: an edge of the same pair gives way. Of who was erased since it was opened none is
    written.
    """
    edges = edge_columns(resolved.compared.edges, _model(ports))
    pairs = resolved.compared.edges.select("record", "other").rows()
    with ports.read_only() as session:
        known = _Closed(current_epoch(session), tombstones(session))
    for part in Pace(ports.spent, seconds=_SECONDS).parts(len(pairs)):
        with ports.unit_of_work() as session:
            epoch = lock_epoch(session)
            if not still(session):
                return False
            stay = known.stay(pairs[part]) if epoch == known.epoch else _both_open(session, pairs[part])
            put_edges(session, {name: _those(column, part, stay) for name, column in edges.items()})
        ports.reached("edges_settled")
    for part in Pace(ports.spent).parts(len(resolved.gone)):
        with ports.unit_of_work() as session:
            lock_epoch(session)
            if not still(session):
                return False
            drop_edges(session, resolved.gone[part])
        ports.reached("edges_dropped")
    _forget(resolved, ports)
    return True


@dataclass(frozen=True, slots=True)
class _Closed:
    """Who was closed by an erasure at an epoch: as long as it lasts, nobody else is."""

    epoch: int
    records: Collection[bytes]

    def stay(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[bool] | None:
        """Do as `_both_open` does."""
        if not any(one in self.records or other in self.records for one, other in pairs):
            return None
        return [one not in self.records and other not in self.records for one, other in pairs]


def _both_open(session: Session, pairs: Sequence[tuple[bytes, bytes]]) -> list[bool] | None:
    """Say of which pairs both records are open; None if all are, as they nearly always are."""
    ends = {record for pair in pairs for record in pair}
    closed = ends - open_among(session, list(ends))
    return [closed.isdisjoint(pair) for pair in pairs] if closed else None


def _those(column: Sequence[Any] | Same, part: slice, stay: Sequence[bool] | None) -> Sequence[Any] | Same:
    if isinstance(column, Same):
        return column
    return column[part] if stay is None else [*compress(column[part], stay)]


def edge_columns(edges: pl.DataFrame, model: SavedModel) -> Columns:
    """Write edges as the store keeps them."""
    names = model.model.names
    levels = [edges[f"level_{name}"] for name in names]
    weights = [edges[f"weight_{name}"] for name in [*names, "look_alikes"]]
    return {
        "record_id": edges["record"].to_list(),
        "other_record": edges["other"].to_list(),
        "probability": edges["probability"].to_list(),
        "weight": edges["weight"].to_list(),
        "rule": edges["rule"].fill_null("").to_list(),
        "closing": edges["closing"].to_list(),
        "levels": _blob(levels, "i1"),
        "weights": _blob(weights, _SINGLE),
        "model": Same(model.digest),
    }


def ends_of(pairs: pl.DataFrame) -> list[bytes]:
    """Return every record of some pairs, once."""
    return pl.concat([pairs["record"], pairs["other"].alias("record")]).unique().to_list()


def between(pairs: pl.DataFrame, records: Collection[bytes]) -> pl.DataFrame:
    """Return the pairs of which both are among some records."""
    among = pl.Series(sorted(records), dtype=pl.Binary).implode()
    return pairs.filter(pl.col("record").is_in(among) & pl.col("other").is_in(among))


def news(edges: pl.DataFrame, stored: pl.DataFrame, model: SavedModel) -> pl.DataFrame:
    """Return the edges that do not stand there just so."""
    columns = edge_columns(edges, model)
    written = pl.DataFrame(
        {"record": edges["record"], "other": edges["other"]}
        | {
            name: pl.Series(column, dtype=EVERY_EDGE[name])
            for name in _SAME
            if isinstance(column := columns[name], list)
        }
    ).with_columns(model=pl.lit(model.digest, dtype=pl.Binary))
    same = written.with_row_index("row").join(stored, on=["record", "other", *_SAME], how="semi")
    return edges.filter(~pl.int_range(edges.height, eager=True).is_in(same["row"].cast(pl.Int64).implode()))


def _forget(resolved: "Resolved", ports: Ports) -> None:
    """Delete what older revisions of the batch's records are found by."""
    records = resolved.compared.touched.to_list()
    with ports.read_only() as session:
        stale = stale_forms(session, records)
    for part in Pace(ports.spent, first=_HEAVY, least=1).parts(len(stale)):
        with ports.unit_of_work() as session:
            forget_forms(session, stale[part])
        ports.reached("forms_dropped")


def _model(ports: Ports) -> SavedModel:
    if ports.matching is None:
        raise TypeError("edges are written where people are matched")
    return ports.matching.model


def _blob(columns: Sequence[pl.Series], dtype: str) -> list[bytes]:
    """Put the numbers of each row into bytes."""
    if not columns:
        return []
    table = np.column_stack([column.to_numpy() for column in columns]).astype(dtype)
    width = table.shape[1] * table.dtype.itemsize
    whole = table.tobytes()
    return [whole[start : start + width] for start in range(0, len(whole), width)]
