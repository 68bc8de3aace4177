"""What a batch changes when it is settled by a model: edges of its records, and who moves for them.

Parts that the edges touch are joined anew from the edge store (`ingest.pipeline.region`), so nothing but the batch's
own candidates is opened. What is planned here is written by settling.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from ingest.identity.clustering import Regrouping
from ingest.pipeline.comparing import Compared, Comparing
from ingest.pipeline.part import as_joined
from ingest.pipeline.ports import Ports
from ingest.pipeline.region import Fresh, ends_of, part_touched, regrouped
from ingest.pipeline.remembered import Remembered
from ingest.store.match_decision import Verdict
from ingest.store.match_edge import edges_near
from ingest.store.match_form import forms_of
from ingest.store.record import records_of_batch
from privacy.terms import BatchId


@dataclass(frozen=True)
class Resolved:
    """What is to be written: the batch's edges, those of its records that are gone, and who moves.

    `decisions` are people's words that were heard for it.
    """

    compared: Compared
    gone: list[tuple[bytes, bytes]]
    regroupings: list[Regrouping]
    decisions: Mapping[tuple[bytes, bytes], Verdict]


def resolved(batch_id: BatchId, ports: Ports, remembered: Remembered) -> Resolved | None:
    """Plan what a batch changes; None if it brought nobody who is matched. Who is `remembered` is not opened."""
    if ports.matching is None:
        return None
    with ports.read_only() as session:
        touched = forms_of(session, [bytes(record) for record in records_of_batch(session, batch_id)])
    if touched.is_empty():
        return None
    compared = Comparing(batch_id, ports, remembered).run(touched)
    model = ports.matching.model
    with ports.read_only() as session:
        before = edges_near(session, compared.touched.to_list())
        fresh = Fresh(as_joined(compared.edges), set(compared.touched))
        closing = _closing(compared.edges)
        beside = {*closing, *ends_of(compared.edges, model), *ends_of(before, model)}
        part = part_touched(session, {*compared.touched, *closing}, beside, fresh, model)
        regroupings = regrouped(session, part, model)
    gone = before.join(fresh.edges, on=["record", "other"], how="anti").select("record", "other").rows()
    return Resolved(compared, gone, regroupings, part.decisions)


def _closing(edges: pl.DataFrame) -> set[bytes]:
    """Return whose parts change by an edge between two that were there, likely or not."""
    closing = edges.filter("closing")
    return {*closing["record"], *closing["other"]}
