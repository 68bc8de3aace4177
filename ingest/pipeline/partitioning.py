"""The canonical partition of a whole home: everybody clustered at once, and who moves for it.

It is a function of the edges, the numbers and people's decisions at rest. What a home says already is left alone: only
entities that are not a cluster, and clusters that are not an entity, are looked at any closer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import polars as pl
from sqlmodel import Session

from ingest.canonical.identity import IDENTITY_TABLES
from ingest.errors import RebuildBusy
from ingest.identity.clustering import Move, Regrouping
from ingest.match.saved import SavedModel
from ingest.pipeline.compacting import sweep_runs
from ingest.pipeline.lease import Lease
from ingest.pipeline.moving import MovePlan, carried_out
from ingest.pipeline.pace import Pace
from ingest.pipeline.part import Part, as_compared, moves_for, unlike
from ingest.pipeline.ports import Matching, Ports
from ingest.store import batch as batches
from ingest.store import identity
from ingest.store.delivered import StoredBatch
from ingest.store.match_decision import Verdict
from ingest.store.match_edge import EDGES
from ingest.store.match_form import drop_forms_alone, forms_left_behind
from ingest.store.match_frequency import sweep_superseded
from ingest.store.match_merge import drop_runs_before
from ingest.store.match_run import Found
from ingest.store.match_serving import serving_version
from ingest.store.match_whole import decisions_at_rest, edges_at_rest, forms_at_rest, homes_at_rest
from privacy.store.epoch import lock_epoch
from privacy.terms import BatchId, EntityKind, RecordId

BESIDE: Final = "is what another process does at this moment"
_REBUILD: Final = "rebuild"
_FORMS_AT_ONCE: Final = 20_000


@dataclass(frozen=True)
class Whole:
    """What clusters follow from: `homes` (record, entity, in the order of names), edges, numbers, decisions."""

    homes: pl.DataFrame
    edges: pl.DataFrame
    numbers: Mapping[bytes, int | str | None]
    decisions: Mapping[tuple[bytes, bytes], Verdict]


@dataclass(frozen=True, slots=True)
class Change:
    """Who moves, and what that comes to: entities that there are before and after, of those that lose or gain a record.

    `touched` are the records of all of them: record, before, after.
    """

    regroupings: Sequence[Regrouping]
    touched: pl.DataFrame

    @property
    def moves(self) -> list[Move]:
        """All moves."""
        return [move for each in self.regroupings for move in each.moves]


def whole_at_rest(session: Session, model: SavedModel) -> Whole:
    """Read everything as it is stored of the kind that a model is of."""
    edges = [as_compared(some, model) for some in (pl.DataFrame(schema=EDGES), *edges_at_rest(session))]
    kind = EntityKind(model.spec.kind)
    forms = forms_at_rest(session, serving_version(session, kind))
    return Whole(
        homes=homes_at_rest(session, kind).select("record", "entity"),
        edges=pl.concat(edges),
        numbers=dict(forms.select("record", "number").iter_rows()),
        decisions=decisions_at_rest(session),
    )


def change_of(whole: Whole, model: SavedModel, ports: Ports) -> Change | None:
    """Cluster everybody, and say who moves; None if somebody was moved or erased since all was read.

    It takes seconds, and holds no snapshot meanwhile: an erasure waits for every reader before it empties the journal.
    """
    part = Part(whole.edges, whole.homes, whole.numbers, whole.decisions)
    clustered = unlike(part, model)
    homes: dict[bytes, bytes] = dict(clustered.select("record", "entity").iter_rows())
    with ports.read_only() as session:
        there = identity.homes_of(session, [RecordId(record) for record in homes])
        if any(there.get(RecordId(record)) != entity for record, entity in homes.items()):
            return None
        members = identity.members_frame(session, homes)
    return _changed(moves_for(clustered, members, part), homes)


def _changed(regroupings: Sequence[Regrouping], homes: Mapping[bytes, bytes]) -> Change:
    target = {move.record: move.to_entity for each in regroupings for move in each.moves}
    rows = [
        (record, homes[record], target.get(record, homes[record]))
        for each in regroupings
        for record in sorted(each.records)
    ]
    touched = pl.DataFrame(rows, schema=dict.fromkeys(("record", "before", "after"), pl.Binary), orient="row")
    return Change(regroupings, touched)


def finish_broken_off(ports: Ports) -> int:
    """Finish the moves of rebuilds that a crash broke off; return how many rebuilds there were.

    Raises:
        RebuildBusy: another process is at it.

    """
    with ports.read_only() as session:
        visible = [
            row for row in batches.in_state(session, batches.BatchState.VISIBLE) if row.contract == batches.REBUILD
        ]
    if any(row.lease_until > ports.clock() for row in visible):
        raise RebuildBusy(BESIDE)
    for row in visible:
        finish(row, ports)
    return len(visible)


def finish(rebuild: StoredBatch, ports: Ports) -> int:
    """Finish the moves of a rebuild by the model of whatever it is of; return how many moved.

    Raises:
        RebuildBusy: somebody else has finished it.

    """
    matching = ports.matched(IDENTITY_TABLES[rebuild.canonical_table])
    return 0 if matching is None else move_all(BatchId(rebuild.batch_id), ports, matching)


def move_all(batch_id: BatchId, ports: Ports, matching: Matching) -> int:
    """Move whoever is not where the edges at rest say, until nobody is; return how many moved.

    It may be repeated after a crash. Deliveries that come between are respected: then it is planned anew. Whoever
    recovers meanwhile leaves it alone, because its lease is prolonged.

    Raises:
        RebuildBusy: it took so long between two steps that somebody else has finished it.

    """
    lease = Lease(batch_id, ports)
    try:
        return _finished(lease, ports, matching)
    except BaseException:  # an interrupt: the next try must not find it busy
        lease.let_go()
        raise


def _finished(lease: Lease, ports: Ports, matching: Matching) -> int:
    moved, settled = 0, False
    while not settled:
        lease.renew()
        with ports.read_only() as session:
            version = identity.crosswalk_version(session)
            whole = whole_at_rest(session, matching.model)
        change = lease.during(partial(change_of, whole, matching.model, ports))
        if change is None:
            continue
        plan = MovePlan(change.regroupings, version, lease.batch_id, _REBUILD, whole.decisions)
        moved += carried_out(plan, ports)
        settled = _note_settled(plan, ports)
    _sweep_counts(ports)
    _sweep_forms(ports, matching.kind)
    ports.reached("settled")
    return moved


def _note_settled(plan: MovePlan, ports: Ports) -> bool:
    with ports.unit_of_work() as session:
        lock_epoch(session)
        if not plan.holds(session):
            return False
        batches.settle_visible(session, plan.batch_id)
    return True


def _sweep_counts(ports: Ports) -> None:
    """Delete the counts that the rebuild has taken the place of."""
    more = True
    while more:
        with ports.unit_of_work() as session:
            more = sweep_superseded(session) > 0
        ports.reached("counts_swept")


def _sweep_forms(ports: Ports, kind: EntityKind) -> None:
    """Delete what records of a kind were found by in versions older than those that serve it."""
    with ports.unit_of_work() as session:
        drop_runs_before(session, Found(kind.value, *serving_version(session, kind)))
    beyond: bytes | None = b""
    while beyond is not None:
        with ports.read_only() as session:
            serving = Found(kind.value, *serving_version(session, kind))
            stale = forms_left_behind(session, beyond, serving, limit=_FORMS_AT_ONCE)
        for part in Pace(ports.spent).parts(len(stale)):
            with ports.unit_of_work() as session:
                drop_forms_alone(session, stale[part])
            ports.reached("versions_swept")
        beyond = stale[-1].record if len(stale) == _FORMS_AT_ONCE else None
    sweep_runs(ports)
