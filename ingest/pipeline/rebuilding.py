"""Everybody matched anew (`varde match rebuild`): the canonical partition of a home, whatever came in which order.

A rebuild is a batch of its own, so that what it moves has a cause and can be taken back like what a delivery moved:
1. it is staged in a lane of its own, with a lease that it prolongs while it works: one rebuild at a time;
2. everybody is opened in memory, in bounded parts, for one audited act;
3. who has nothing of the newest version to be found by is given it; all are compared, and common values counted;
4. edges that differ are written in short transactions, and the counts staged;
5. the flip lets the new counts take the place of the old ones, and tells the log;
6. records move, part by part, each part in one transaction; then the batch is settled.
Killed before the flip, it is aborted as a delivery is, and what it wrote is what a repetition would write. Killed
later, recovery or a repetition finishes the moves.

A delivery that counts meanwhile is matched as deliveries are: whom it revised, the rebuild leaves to it. Who is erased
meanwhile is written nowhere.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import polars as pl
from sqlmodel import Session

from ingest.canonical.identity import TABLE_OF
from ingest.errors import RebuildBusy
from ingest.match.kinds import COMPARABLE
from ingest.match.whole import compared
from ingest.pipeline.census import Census, Unformed, census
from ingest.pipeline.compacting import compact
from ingest.pipeline.edging import between, edge_columns, ends_of, news
from ingest.pipeline.forming import Forming, counts_of
from ingest.pipeline.lease import Lease
from ingest.pipeline.pace import Pace
from ingest.pipeline.partitioning import BESIDE, Change, Whole, change_of, finish_broken_off, move_all
from ingest.pipeline.ports import Matching, Ports
from ingest.pipeline.recovery import abort_batch, give_up
from ingest.store import batch as batches
from ingest.store.batch import REBUILD, Counts
from ingest.store.closed import open_among
from ingest.store.match_edge import drop_edges, put_edges
from ingest.store.match_form import add_forms, forget_forms, forms_before
from ingest.store.match_frequency import supersede
from ingest.store.match_run import add_few
from ingest.store.match_serving import serve, serving_version
from ingest.store.match_whole import (
    LAST,
    counted_batches,
    decisions_at_rest,
    deliveries_beside,
    edges_between,
    homes_at_rest,
    kinds_to_move,
)
from ingest.store.record import records_of_batch
from privacy.audit import AuditFields
from privacy.store.epoch import lock_epoch
from privacy.terms import BatchId, EntityKind, Role, random_id

_EDGES_AT_ONCE: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What a rebuild did: records that were formed for the first time or anew, and records that changed entity."""

    batch_id: BatchId
    records: int
    formed: int
    moved: int


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rebuild would do: records that would be formed, and who would move."""

    records: int
    formed: int
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who asks for a rebuild, and the country by which numbers are read where no record of a source says one."""

    role: Role
    country: str


def rebuild(order: Order, ports: Ports, matching: Matching) -> Rebuilt:
    """Match everybody anew.

    Raises:
        RebuildBusy: another process rebuilds now, or gave this one up or finished it; or matching moves to a new
            version, and a delivery came meanwhile.

    """
    finish_broken_off(ports)
    batch_id = _staged(ports, matching.kind)
    lease = Lease(batch_id, ports)
    try:
        people = census(lease.renewing(), matching, country=order.country)
        work = _Work(lease, ports, matching, people)
        work.form()
        work.weave(lease.during(partial(_edges, people, matching)))
        work.count()
        work.flip(order.role)
    except BaseException:  # a full disk, an interrupt: the next try must not find it busy
        give_up(batch_id, ports)
        lease.let_go()
        raise
    moved = move_all(batch_id, ports, matching)
    return Rebuilt(batch_id=batch_id, records=people.records.height, formed=_unformed(people), moved=moved)


def rehearse(order: Order, ports: Ports, matching: Matching) -> Rehearsed:
    """Say what a rebuild would do; everybody is opened for it, and the log is told."""
    people = census(ports, matching, country=order.country)
    edges = _edges(people, matching)
    change = None
    while change is None:
        with ports.read_only() as session:
            whole = Whole(
                homes=homes_at_rest(session, matching.kind).select("record", "entity"),
                edges=edges.select("record", "other", "probability", pl.col("^level_.*$")),
                numbers=dict(people.frame.select("record", "checked_id").iter_rows()),
                decisions=decisions_at_rest(session),
            )
        change = change_of(whole, matching.model, ports)
    return Rehearsed(people.records.height, _unformed(people), change)


def _unformed(people: Census) -> int:
    return sum(each.rows.height for each in people.missing)


def _edges(people: Census, matching: Matching) -> pl.DataFrame:
    """Compare everybody; the record with the smaller id stands first, as edges are kept."""
    found = compared(people.frame, matching.model, matching.engine)
    one, other = (people.frame["record"].gather(found[end]) for end in ("left", "right"))
    ends = found.drop("left", "right").with_columns(one=one, two=other)
    named = ends.with_columns(record=pl.min_horizontal("one", "two"), other=pl.max_horizontal("one", "two"))
    return named.drop("one", "two").sort("record", "other")


def _staged(ports: Ports, kind: EntityKind) -> BatchId:
    """Take the lane, over from a process that died in it."""
    with ports.read_only() as session:
        there = batches.find_in_lane(session, REBUILD)
    if there is not None:
        if there.lease_until > ports.clock():
            raise RebuildBusy(BESIDE)
        abort_batch(BatchId(there.batch_id), ports)
    batch_id = BatchId(random_id())
    with ports.unit_of_work() as session:
        if not batches.stage(session, _row(batch_id, ports, kind), at=ports.clock()):
            raise RebuildBusy(BESIDE)
    ports.reached("rebuild_staged")
    return batch_id


def _row(batch_id: BatchId, ports: Ports, kind: EntityKind) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "contract": REBUILD,
        "contract_hash": hashlib.sha256(REBUILD.encode()).digest(),
        "source": REBUILD,
        "canonical_table": TABLE_OF[kind],
        "idempotency_key": hashlib.sha256(batch_id).digest(),
        "lane": REBUILD,
        "principal_id": ports.principal,
    }


@dataclass
class _Work:
    """What a rebuild writes before it counts; each transaction leaves out whom others have changed or erased since."""

    lease: Lease
    ports: Ports
    matching: Matching
    people: Census = field(repr=False)
    _looked: set[bytes] = field(default_factory=set)
    _revised: set[bytes] = field(default_factory=set)

    @property
    def batch_id(self) -> BatchId:
        """The rebuild's own batch."""
        return self.lease.batch_id

    def form(self) -> None:
        """Write what records are found by; a record's form and tokens stand or fall together, its old ones go."""
        for each in self.people.missing:
            self._form(each)
            compact(self.ports)

    def _form(self, missing: Unformed) -> None:
        rows = missing.rows.with_row_index("row")
        for part in Pace(self.ports.spent).parts(rows.height):
            with self.ports.unit_of_work() as session:
                here = self._left_alone(session, rows["record"][part].to_list())
                some = rows[part].filter(pl.col("record").is_in(_series(here).implode()))
                forget_forms(session, forms_before(session, some))
                missing_now = missing.formed.of_rows(some["row"])
                records = some["record"].to_list()
                forms = missing_now.columns(records, some["revision"].to_list())
                places = missing_now.forms["row"].to_list()
                add_forms(session, {**forms, "batch_id": some["batch"].gather(places).to_list()})
                for found, entries in missing_now.entries(records):
                    add_few(session, found, entries)
            self.ports.reached("forms_made")
            self.lease.renew()

    def weave(self, edges: pl.DataFrame) -> None:
        """Write the edges that are new or other than those at rest, and drop those that are none any more."""
        for first, beyond, some in _ranges(edges):
            with self.ports.read_only() as session:
                stored = edges_between(session, first, beyond)
            stored = stored.filter(pl.col("record").is_in(self.people.records["record"].implode()))
            self._put(news(some, stored, self.matching.model))
            self._drop(stored.join(some, on=["record", "other"], how="anti").select("record", "other", "closing"))
            self.lease.renew()

    def _put(self, edges: pl.DataFrame) -> None:
        for part in Pace(self.ports.spent).parts(edges.height):
            with self.ports.unit_of_work() as session:
                some = self._of_these(session, edges[part])
                put_edges(session, edge_columns(some, self.matching.model))
            self.ports.reached("edges_settled")

    def _drop(self, pairs: pl.DataFrame) -> None:
        """Drop edges; of two with a neighbour in common it may be one who came meanwhile: then theirs stay."""
        for part in Pace(self.ports.spent).parts(pairs.height):
            with self.ports.unit_of_work() as session:
                some = self._of_these(session, pairs[part])
                gone = some.filter(~pl.col("closing")) if self._looked else some
                drop_edges(session, gone.select("record", "other").rows())
            self.ports.reached("edges_dropped")

    def _of_these(self, session: Session, pairs: pl.DataFrame) -> pl.DataFrame:
        """Leave out pairs with an end that is not this rebuild's any more."""
        return between(pairs, self._left_alone(session, ends_of(pairs)))

    def _left_alone(self, session: Session, records: Sequence[bytes]) -> set[bytes]:
        """Return those that nobody revised or closed since; by the epoch's lock nobody will before the commit."""
        lock_epoch(session)
        for batch_id in counted_batches(session) - self.people.batches - self._looked:
            self._revised |= set(records_of_batch(session, BatchId(batch_id)))
            self._looked.add(batch_id)
        return open_among(session, records) - self._revised

    def count(self) -> None:
        """Stage the counts of everybody's common values, in the version that will serve."""
        indexes = self.matching.newest.indexes
        told = self.lease.during(partial(counts_of, self.people.frame, self.matching, indexes))
        Forming(self.batch_id, self.ports).count(told)

    def flip(self, role: Role) -> None:
        """Let the new counts take the place of the old ones; from here on the rebuild is finished, not given up."""
        with self.ports.unit_of_work() as session:
            lock_epoch(session)
            if not batches.flip_visible(session, self.batch_id, Counts(), at=self.ports.clock()):
                raise RebuildBusy("was given up by another command")
            supersede(session, sorted(self.people.batches), self.batch_id, self.matching.kind)
            self._move_on(session)
            kind, rows = self.matching.kind.value, self.people.records.height
            fields = AuditFields(batch=self.batch_id, role=role, rows=rows, outcome=kind)
            self.ports.audit(session, "match.rebuild", self.ports.principal, fields)
        self.ports.reached("rebuild_counts")

    def _move_on(self, session: Session) -> None:
        """Let the version that is coming serve: everybody has it, unless a delivery came that may not know of it.

        Raises:
            RebuildBusy: one came; what was formed stays, and the next rebuild has nearly nothing left to form.

        """
        kind = self.matching.kind
        if self.matching.coming is None or serving_version(session, kind) == self.matching.newest.number:
            return
        if deliveries_beside(session, self.batch_id, self.people.batches, kind):
            raise RebuildBusy(f"cannot move to a new version yet: {TABLE_OF[kind]} were taken in meanwhile")
        key, form = self.matching.newest.number
        forms = {each: COMPARABLE[each].version for each in kinds_to_move(session, kind)} | {kind: form}
        serve(session, forms, {"key_version": key, "batch_id": self.batch_id, "at": self.ports.clock()})


def _series(records: set[bytes]) -> pl.Series:
    return pl.Series(sorted(records), dtype=pl.Binary)


def _ranges(edges: pl.DataFrame) -> Iterator[tuple[bytes, bytes, pl.DataFrame]]:
    """Cut edges by their first records into ranges that leave no record id out."""
    cuts = edges["record"].gather_every(_EDGES_AT_ONCE, _EDGES_AT_ONCE).unique().sort().to_list()
    for first, beyond in zip([b"", *cuts], [*cuts, LAST], strict=True):
        inside = (pl.col("record") >= pl.lit(first)) & (pl.col("record") < pl.lit(beyond))
        yield first, beyond, edges.filter(inside)
