"""Snapshots opened: in memory by pseudonym, once a process, each row with whether it stands at the epoch it knows.

Rules kept here:
- a row stands while both of its marks do and no consent of its customer has lapsed; what changed since the epoch is
  looked at for those people alone, what touches everybody has the whole snapshot opened anew;
- only what is committed is remembered: `bring_on` reads in a read transaction of its own. Whoever asks inside a write
  transaction, whose other acts might yet fail, is told who is `touched` and remembers nothing;
- pseudonyms, features and record ids lie in memory alone, and end with the process.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.anchors.standing import Closed, Open, verify_open
from hub.compose import Hub
from hub.domains import find_domain, unknown
from hub.errors import AccessRefused, ReadContended
from hub.lake.reading import reading
from hub.views.mark import MARKS, marks_of
from hub.views.packing import unpacked
from hub.views.permission import decisions_on
from hub.views.registry import readable_spec
from hub.views.remembered import permitted_now
from hub.views.snapshot_store import Snapshot, newest_snapshot
from hub.views.spec import ViewSpec
from hub.views.version import ViewState, all_versions
from ingest.canonical.snapshots import SNAPSHOTS
from ingest.store.record import entities_of_records, records_frame
from privacy.instant import microseconds_of
from privacy.pseudonym import pseudonyms_of
from privacy.purposes import Purpose
from privacy.store.domain import RecordedDomain
from privacy.store.epoch import current_epoch, records_changed_since
from privacy.store.policy import find_policy
from privacy.terms import EntityKind

_FEW: Final = 1_000
"""Up to so many changed records are looked at one by one."""
_NEVER: Final = (1 << 63) - 1
_READS: Final = 5
_DOORS: Final = 16
"""Locks by which views are opened one at a time: as many as there are, whatever names are asked for."""


@dataclass(frozen=True, slots=True)
class Places:
    """A sorted list of ids, and the place of the row that each leads to."""

    ids: list[bytes] = field(repr=False)
    places: Sequence[int] = field(repr=False)

    def find(self, sought: bytes) -> int | None:
        """Return the place of an id."""
        return next(iter(self.find_all(sought)), None)

    def find_all(self, sought: bytes) -> Sequence[int]:
        """Return every place of an id: two rows' customers may have become one."""
        return self.places[bisect_left(self.ids, sought) : bisect_right(self.ids, sought)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a snapshot was opened under; any change of it is a new epoch for everybody, but for what time ends."""

    spec: ViewSpec
    purpose: Purpose
    domain: RecordedDomain
    approved_until: datetime


@dataclass(slots=True, kw_only=True)
class Opened:
    """A snapshot in memory. `rows` are features, `made_of` the records of each, in the order of the pseudonyms.

    `by_record` and `joined` lead from every record that stood or stands beside a row's own to that row.
    """

    snapshot: Snapshot
    rules: Rules
    rows: pl.DataFrame = field(repr=False)
    marks: pl.DataFrame = field(repr=False)
    anchors: list[bytes] = field(repr=False)
    entities: list[bytes] = field(repr=False)
    by_pseudonym: Places = field(repr=False)
    by_record: Places = field(repr=False)
    joined: dict[bytes, set[int]] = field(repr=False)
    until_us: list[int] = field(repr=False)
    made_of: list[tuple[bytes, ...]] = field(repr=False)
    epoch: int

    def usable(self, *, at: datetime) -> bool:
        """Say whether time has ended neither the approval nor the snapshot."""
        return at < min(self.rules.approved_until, self.snapshot.expires_at)

    def stands(self, place: int, *, at: datetime) -> bool:
        """Say whether a row stood at the epoch that is known, and still does at an instant."""
        return microseconds_of(at) < self.until_us[place]

    def touched(self, session: Session, epoch: int) -> set[int] | None:
        """Return the places of rows whose customers changed since the known epoch; None if it may be everybody."""
        if epoch == self.epoch:
            return set()
        changed = records_changed_since(session, self.epoch)
        return None if changed is None or len(changed) > _FEW else self._places_of(session, changed)

    def bring_on(self, session: Session, epoch: int, *, at: datetime) -> bool:
        """Look at who changed, in a read transaction; False if everything must be opened anew."""
        touched = self.touched(session, epoch)
        newest = newest_snapshot(session, self.snapshot.view)
        if touched is None or newest is None or newest.snapshot_id != self.snapshot.snapshot_id:
            return False
        if touched and not self._decide(session, touched, at=at):
            return False
        self.epoch = epoch  # last: who reads meanwhile finds these people touched
        return True

    def _places_of(self, session: Session, changed: Collection[bytes]) -> set[int]:
        """Find rows by the records that they had, and by those that stand beside a changed record now."""
        entities = entities_of_records(session, sorted(changed))
        beside: list[bytes] = records_frame(session, EntityKind.PERSON, entities)["record"].to_list()
        asked = {*changed, *beside}
        return set[int]().union(*map(self.by_record.find_all, asked), *(self.joined.get(each, ()) for each in asked))

    def _decide(self, session: Session, places: set[int], *, at: datetime) -> bool:
        """Decide anew about some rows, and remember which records stand beside theirs now.

        False if a row stands again, but for an entity of another name than that under which its pseudonym was made.
        """
        anchors = {self.anchors[place]: place for place in places}
        entities = pl.Series("entity", entities_of_records(session, sorted(anchors)), dtype=pl.Binary)
        decided = decisions_on(session, self.rules.purpose, EntityKind.PERSON, at=at, entities=entities).decided
        of_entity = decided.filter(pl.col("record").is_in(pl.Series(sorted(anchors), dtype=pl.Binary).implode()))
        now = {row["entity"]: row for row in marks_of(decided).iter_rows(named=True)}  # some people of one act
        for record, entity in of_entity.select("record", "entity").iter_rows():
            place, row = anchors.pop(record), now.get(entity)
            until = _until(row, self.marks.row(place)) if row and row["record"] == record else 0
            if until and entity != self.entities[place]:
                return False
            self._note(place, until, decided.filter(pl.col("entity") == entity))
        for place in anchors.values():  # whose record is gone
            self.until_us[place] = 0
        return True

    def _note(self, place: int, until_us: int, theirs: pl.DataFrame) -> None:
        """Note until when a row stands, what it was made of, and who stands beside."""
        self.until_us[place] = until_us
        self.made_of[place] = tuple(theirs.filter("permit")["record"].sort())
        for each in theirs["record"]:
            self.joined.setdefault(each, set()).add(place)


def _until(row: dict[str, object], marks: tuple[object, ...]) -> int:
    """Return until when a row stands: not at all if a mark is another one now."""
    if tuple(row[name] for name in MARKS) != marks:
        return 0
    until = row["until_us"]
    return until if isinstance(until, int) else _NEVER


@dataclass(slots=True)
class Shelf:
    """The snapshots that a process has open, by view."""

    _opened: dict[str, Opened] = field(default_factory=dict)
    _doors: tuple[Lock, ...] = field(default_factory=lambda: tuple(Lock() for _ in range(_DOORS)))

    def of(self, hub: Hub, view: str) -> Opened:
        """Return a view's snapshot, as it was when it was opened or brought on last.

        Raises:
            AccessRefused: there is none that may be read.

        """
        found = self._opened.get(view)
        return self.bring_on(hub, view) if found is None else found

    def has(self, view: str) -> bool:
        """Say whether a view's snapshot is open, so that `of` reads nothing."""
        return view in self._opened

    def bring_on(self, hub: Hub, view: str) -> Opened:
        """Bring a snapshot up to the present epoch; raises what `of` raises."""
        standing = hub.anchoring.standing()
        with self._doors[hash(view) % _DOORS]:
            opened, at = self._opened.get(view), hub.clock()
            with hub.reading() as session:
                epoch = current_epoch(session)
                if opened is not None and opened.usable(at=at) and opened.bring_on(session, epoch, at=at):
                    return opened
            self._opened.pop(view, None)
            self._opened[view] = _open(hub, view, standing, at=at)
            return self._opened[view]


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
    parts = permitted.decided.select("record", "entity", "permit")
    rows = rows.join(parts.select("record", "entity"), on="record", how="inner")
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
        raise AccessRefused("not_materialised", "Make its rows: `varde view materialise`")
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
    until = beside.select(pl.when(same).then(pl.col("until_us").fill_null(_NEVER)).otherwise(0)).to_series()
    parts = decided.join(beside.select("entity", "place"), on="entity", how="inner").sort("record")
    made_of = parts.filter("permit").group_by("place").agg("record")
    records = beside.select("place").join(made_of, on="place", how="left", maintain_order="left")["record"]
    pseudonyms = rows["pseudonym"].to_list()
    return Opened(
        snapshot=snapshot,
        rules=rules,
        rows=rows.select(feature.name for feature in rules.spec.released),
        marks=rows.select(MARKS),
        anchors=rows["record"].to_list(),
        entities=rows["entity"].to_list(),
        by_pseudonym=Places(pseudonyms, range(len(pseudonyms))),
        by_record=Places(parts["record"].to_list(), parts["place"].to_list()),
        joined={},
        until_us=until.to_list(),
        made_of=[tuple(each or ()) for each in records.to_list()],
        epoch=epoch,
    )
