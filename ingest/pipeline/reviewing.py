"""Pairs that wait for somebody's word: near the threshold, or likely and kept apart; opened for a stated reason."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ingest.match.saved import SavedModel
from ingest.pipeline.opening import open_documents
from ingest.pipeline.ports import Ports
from ingest.store.match_edge import Edge, edges_waiting, find_edge
from privacy.audit import AuditFields
from privacy.store.erasure import tombstones_among
from privacy.terms import EntityKind, RecordId, Role, random_id

NEAR: Final = 0.2
"""How far from the threshold a probability is no answer."""
_ANOTHER_MODEL: Final = "compared by another model"


@dataclass(frozen=True, slots=True)
class Step:
    """One comparison of a pair: how close it is, and what that adds (log2 odds)."""

    what: str
    says: str
    weight: float


@dataclass(frozen=True, slots=True)
class Opened:
    """What two records say, side by side, by attribute; never printed."""

    rows: tuple[tuple[str, str | None, str | None], ...] = field(repr=False)


def waiting(ports: Ports, model: SavedModel, *, limit: int) -> list[Edge]:
    """List the pairs that nobody has decided on and that somebody should look at, the likeliest first."""
    with ports.read_only() as session:
        return edges_waiting(session, model.threshold, near=NEAR, limit=limit, kind=EntityKind(model.spec.kind))


def steps_of(edge: Edge, model: SavedModel) -> list[Step]:
    """Read why a pair is as likely as it is: closeness and weights, never what the records say."""
    if edge.model != model.digest:
        return [Step(_ANOTHER_MODEL, "", edge.weight)]
    levels = np.frombuffer(edge.levels, dtype=np.int8)
    weights = np.frombuffer(edge.weights, dtype=">f4")
    words = {each.name: each.words for each in model.spec.comparisons}
    told = [
        Step(name, words[name][int(level)], float(weight))
        for name, level, weight in zip(model.model.names, levels, weights[:-1], strict=True)
    ]
    first = Step("any two records", "before anything is compared", model.model.prior)
    return [first, *told, Step("others who look alike", "how well they explain it", float(weights[-1]))]


def opened(pair: tuple[RecordId, RecordId], reason: str, role: Role, ports: Ports) -> Opened | None:
    """Open two records to be looked at side by side; the log is told first.

    None, and nothing is opened, where matching has not found the two alike (whoever wants to know who somebody is asks
    for a reveal), or where one of them is closed: an erasure that waits for a legal hold still closes to every read.
    """
    with ports.unit_of_work() as session:
        if find_edge(session, *pair) is None or tombstones_among(session, pair):
            return None
        fields = AuditFields(act_id=random_id(), records=tuple(pair), reason=reason, role=role)
        ports.audit(session, "match.open", ports.principal, fields)
    documents = open_documents(pair, ports, why="review")
    one, other = (_document(documents.get(record)) for record in pair)
    names = sorted(one.keys() | other.keys())
    return Opened(tuple((name, one.get(name), other.get(name)) for name in names))


def _document(document: bytes | None) -> dict[str, Any]:
    told = {} if document is None else json.loads(document)
    return {name: value for name, value in told.items() if value is not None}
