"""Snapshots opened: in memory by pseudonym, once a process, each row with whether it stands at the epoch it knows.

Rules kept here:
- a view is opened by one thread at a time; whoever comes meanwhile waits for that;
- what lies open is bounded: beyond `MOST_BYTES` the view that was asked for longest ago is closed, and opened again
  when it is asked for, so a hub of many views answers slower and does not run out of memory;
- pseudonyms, features and record ids lie in memory alone, and end with the process.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from threading import Lock
from typing import Final

import numpy as np
import polars as pl
from sqlmodel import Session

from hub.anchors.standing import Closed, Open, verify_open
from hub.compose import Hub
from hub.domains import find_domain, unknown
from hub.errors import AccessRefused, ReadContended
from hub.lake.reading import reading
from hub.views.mark import MARKS, marks_of
from hub.views.opened import NEVER, MadeOf, Opened, Rules
from hub.views.packing import unpacked
from hub.views.piecemeal import Piecemeal, bounds_of
from hub.views.places import Places
from hub.views.registry import readable_spec
from hub.views.remembered import permitted_now
from hub.views.snapshot_store import Snapshot, newest_snapshot
from hub.views.spec import ViewSpec
from hub.views.version import ViewState, all_versions
from ingest.canonical.snapshots import SNAPSHOTS
from privacy.pseudonym import pseudonyms_of
from privacy.store.epoch import current_epoch
from privacy.store.policy import find_policy
from privacy.terms import EntityKind

MOST_BYTES: Final = 2 << 30
_READS: Final = 5
_DOORS: Final = 16
"""Locks by which views are opened one at a time: as many as there are, whatever names are asked for."""


@dataclass(slots=True)
class Shelf:
    """The snapshots that a process has open, by view."""

    most_bytes: int = MOST_BYTES
    _opened: dict[str, Opened] = field(default_factory=dict)
    _doors: tuple[Lock, ...] = field(default_factory=lambda: tuple(Lock() for _ in range(_DOORS)))
    _order: Lock = field(default_factory=Lock)
    _turns: Iterator[int] = field(default_factory=count)
    _asked: dict[str, int] = field(default_factory=dict)
    _sizes: dict[str, int] = field(default_factory=dict)

    def of(self, hub: Hub, view: str) -> Opened:
        """Return a view's snapshot, as it was when it was opened or brought on last.

        Raises:
            AccessRefused: there is none that may be read.

        """
        found = self._opened.get(view)
        if found is None:
            return self.bring_on(hub, view)
        self._asked[view] = next(self._turns)
        return found

    def has(self, view: str) -> bool:
        """Say whether a view's snapshot is open, so that `of` reads nothing."""
        return view in self._opened

    def found(self, view: str) -> Opened | None:
        """Return a view's snapshot if it is open; this is no asking for it."""
        return self._opened.get(view)

    def has_room(self, view: str, size: int) -> bool:
        """Say whether a view's snapshot of about so many bytes fits beside those of others.

        One that turned out to be larger is taken for as large again: else it would close others time after time.
        """
        with self._order:
            others = sum(each.size_bytes for name, each in self._opened.items() if name != view)
            return others + max(size, self._sizes.get(view, 0)) <= self.most_bytes

    def bring_on(self, hub: Hub, view: str) -> Opened:
        """Bring a snapshot up to the present epoch; raises what `of` raises."""
        standing = hub.anchoring.standing()
        with self._doors[hash(view) % _DOORS]:
            opened, at = self._opened.get(view), hub.clock()
            with hub.reading() as session:
                epoch = current_epoch(session)
                if opened is not None and opened.usable(at=at) and opened.bring_on(session, epoch, at=at):
                    return opened
            with self._order:  # another view's thread may be weighing all of them
                self._opened.pop(view, None)
            opened = _open(hub, view, standing, at=at)
            self._keep(view, opened)
            return opened

    def _keep(self, view: str, opened: Opened) -> None:
        """Put a snapshot on the shelf, and close what was asked for longest ago while there is more than fits."""
        with self._order:
            self._opened[view], self._sizes[view] = opened, opened.size_bytes
            self._asked[view] = next(self._turns)
            by_turn = sorted(self._opened, key=lambda name: self._asked[name])
            sizes = {name: self._opened[name].size_bytes for name in by_turn}
            while len(sizes) > 1 and sum(sizes.values()) > self.most_bytes:
                first = next(iter(sizes))
                self._opened.pop(first, None)
                del sizes[first]


def _open(hub: Hub, view: str, standing: Open | Closed, *, at: datetime) -> Opened:
    """Open the newest snapshot of a view, as it stands at the present epoch.

    A reader of the lake that was begun before a snapshot was published sees none of its rows: where some are missing,
    they are read once more by a reader begun since. What is missing then was erased.
    """
    before: bytes | None = None
    for _ in range(_READS):
        opened, read = _opened_once(hub, view, standing, at=at)
        snapshot = opened.snapshot
        if read == snapshot.rows or before == snapshot.snapshot_id:
            return opened
        before = snapshot.snapshot_id
    raise ReadContended(view)


def _opened_once(hub: Hub, view: str, standing: Open | Closed, *, at: datetime) -> tuple[Opened, int]:
    """Open the newest snapshot; with how many of its rows were read."""
    with reading(hub.lake) as reader:
        with hub.reading() as session:
            epoch = current_epoch(session)
            rules = _rules(hub, session, view, at=at)
            verify_open(standing, rules.purpose)
            snapshot = _servable(session, rules.spec, view, at=at)
            permitted = permitted_now(hub, session, rules.purpose, EntityKind.PERSON, at=at)
        kept = reader.scan(SNAPSHOTS.name).filter(pl.col("snapshot") == snapshot.snapshot_id)
        rows = reader.collect(kept.select(pl.col("person").alias("record"), *MARKS, *unpacked(rules.spec)))
    read = rows.height
    rows = rows.join(permitted.decided.select("record", "entity"), on="record", how="inner")
    domain = hub.domain(rules.purpose.domain)
    rows = rows.with_columns(pseudonym=pseudonyms_of(domain, rows["entity"])).sort("pseudonym")
    return _arranged(snapshot, rules, rows, permitted.decided, epoch), read


def _rules(hub: Hub, session: Session, view: str, *, at: datetime) -> Rules:
    policy = find_policy(session) or hub.policy()
    spec = readable_spec(session, policy, view, at=at)
    purpose = policy.purpose(spec.purpose)
    domain = find_domain(session, purpose.domain)
    if domain is None:
        raise unknown()
    approved = [
        each.expires_at
        for each in all_versions(session)
        if (each.name, each.version, each.state) == (view, spec.version, ViewState.APPROVED.value)
    ]
    until = approved[0] if approved else None
    return Rules(spec=spec, purpose=purpose, domain=domain, approved_until=until or at)


def _servable(session: Session, spec: ViewSpec, view: str, *, at: datetime) -> Snapshot:
    snapshot = newest_snapshot(session, view)
    if snapshot is None:
        raise AccessRefused("not_materialised", "Make its rows: `varde view materialise VIEW`")
    if snapshot.spec_hash != spec.hash:
        raise AccessRefused("snapshot_of_another_version", "Make its rows anew: `varde view materialise`")
    if snapshot.expires_at <= at:
        raise AccessRefused("snapshot_expired", "Make its rows anew: `varde view materialise`")
    return snapshot


def _arranged(snapshot: Snapshot, rules: Rules, rows: pl.DataFrame, decided: pl.DataFrame, epoch: int) -> Opened:
    """Put rows in the order of their pseudonyms, each with what it was made of and until when it stands."""
    now = marks_of(decided).rename({name: f"{name}_now" for name in MARKS})
    beside = rows.select("entity", "record", *MARKS).with_row_index("place")
    beside = beside.join(now, on=["entity", "record"], how="left", maintain_order="left")
    same = pl.all_horizontal(pl.col(name) == pl.col(f"{name}_now") for name in MARKS).fill_null(value=False)
    until = beside.select(pl.when(same).then(pl.col("until_us").fill_null(NEVER)).otherwise(0)).to_series()
    parts = decided.join(beside.select("entity", "place"), on="entity", how="inner")
    made = parts.filter("permit").sort("place", "record")
    starts = np.zeros(rows.height + 1, dtype=np.int64)
    starts[1:] = np.cumsum(np.bincount(made["place"].to_numpy(), minlength=rows.height))
    place = beside["place"]
    released = rows.select("pseudonym", *(feature.name for feature in rules.spec.released))
    return Opened(
        snapshot=snapshot,
        rules=rules,
        pieces=Piecemeal(released.rechunk(), bounds_of(released["pseudonym"])),
        marks=rows.select(MARKS),
        anchors=rows.select("record", "entity"),
        by_pseudonym=Places.of(rows["pseudonym"], place),
        by_record=Places.of(parts["record"], parts["place"]),
        until_us=until.to_numpy().copy(),
        made_of=MadeOf(records=made.select("record", "ordinal"), starts=starts),
        epoch=epoch,
    )
