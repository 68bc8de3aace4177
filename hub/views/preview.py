"""What a view would release, built for figures only: the gate's own decision, scans and plan, and nothing leaves.

No identity is opened and no pseudonym derived: rows carry ordinals that mean nothing outside the process. All instants
are built for the same permitted customers from one snapshot, so that what differs between two of them are events.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from hub.anchors.standing import verify_open
from hub.compose import Hub
from hub.lake.reading import Reader, reading
from hub.lake.terms import CatalogueFile
from hub.retention.sight import Sight
from hub.views.feature import Aggregate, Op, Rows, Shape
from hub.views.folding import RECORD, SUBJECT, Permitted
from hub.views.permission import permitted_set
from hub.views.spec import Population, ViewSpec
from hub.views.summary_rows import compile_rows
from ingest.store.identity import entity_of_record
from privacy.purposes import Policy
from privacy.store.epoch import current_epoch
from privacy.store.policy import find_policy
from privacy.terms import EntityKind, RecordId

EVENTS: Final = "events"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A view at one instant: `subject` (UInt32) and the features; quasi-identifiers are not generalised yet.

    `withheld` counts customers all of whose rows are past their time.
    """

    as_of: datetime
    frame: pl.DataFrame
    withheld: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """A view at some instants, at one epoch.

    - `policy`: in force at that epoch;
    - `permitted`: customers who may be read, in the population or not; `absent`: the others by rule;
    - `events`: `subject` and how many events of the view's tables lie between the first and the last instant;
    - `files`: what of the lake was at hand.
    """

    epoch: int
    policy: Policy
    permitted: int
    absent: dict[str, int]
    at_instants: tuple[Preview, ...]
    events: pl.DataFrame
    files: tuple[CatalogueFile, ...]


def previewed(hub: Hub, spec: ViewSpec, instants: Sequence[datetime]) -> Previewed:
    """Build a view at some instants of its grid, oldest first, as the gate would now.

    Raises:
        AccessRefused: the home is behind its anchors and the purpose waits for the DPO.
        CutRefused: an instant is off the grid.

    """
    at, standing = hub.clock(), hub.anchoring.standing()
    asked = [(_exact(spec), as_of) for as_of in instants]
    asked.append((_counting(spec, instants[-1] - instants[0]), instants[-1]))
    with reading(hub.lake) as reader:
        with hub.reading() as session:
            policy = find_policy(session) or hub.policy()
            declared = policy.purpose(spec.purpose)
            verify_open(standing, declared)
            epoch = current_epoch(session)
            found = permitted_set(session, declared, spec.grain, at=at)
            acting = None
            if spec.grain is not EntityKind.PERSON:
                acting = permitted_set(session, declared, EntityKind.PERSON, at=at).records.lazy().select(RECORD)
            sights = [Sight(reader, policy, spec.purpose, at=at) for _ in asked]
            for sight in sights:
                sight.know_records(session, spec.tables)
        subjects = found.records.with_columns(pl.col("entity").rank("dense").cast(pl.UInt32).alias(SUBJECT))
        seen = _Seen(reader, subjects, Permitted(subjects.lazy(), acting, policy.minimum_redactor_version))
        *views, between = (seen.built(sight, *each) for sight, each in zip(sights, asked, strict=True))
    total = pl.sum_horizontal(pl.exclude(SUBJECT)).alias(EVENTS)
    return Previewed(
        epoch=epoch,
        policy=policy,
        permitted=subjects[SUBJECT].n_unique(),
        absent=found.absent,
        at_instants=tuple(views),
        events=between.frame.select(SUBJECT, total),
        files=tuple(reader.snapshot.files),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Whether one person's permitted records make a row at an instant, and if not why.

    `withheld`: all that is held of them is past its time. `out_by` is the place of the first selection of the
    population's `none_of` that they have, and how many days ago their last such event was: None of what stands.
    """

    row: bool
    withheld: bool
    out_by: tuple[int, int | None] | None = None


def presence(hub: Hub, spec: ViewSpec, records: Sequence[RecordId], as_of: datetime) -> Presence:
    """Build one person's row of a view of person grain, from the records that may be read now."""
    at = hub.clock()
    with reading(hub.lake) as reader:
        with hub.reading() as session:
            policy = find_policy(session) or hub.policy()
            entities = {entity_of_record(session, record) for record in records} - {None}
            who = pl.Series(sorted(bytes(each) for each in entities if each is not None), dtype=pl.Binary)
            purpose = policy.purpose(spec.purpose)
            found = permitted_set(session, purpose, EntityKind.PERSON, at=at, entities=who).records
            sights = [Sight(reader, policy, spec.purpose, at=at) for _ in range(2)]
            for sight in sights:
                sight.know_records(session, spec.tables)
        subjects = found.with_columns(pl.lit(0, dtype=pl.UInt32).alias(SUBJECT))
        seen = _Seen(reader, subjects, Permitted(subjects.lazy(), redactor=policy.minimum_redactor_version))
        built = seen.built(sights[0], spec, as_of)
        row = built.frame.height > 0
        out_by = None
        if spec.population.none_of and not row:
            out_by = _out_by(spec, seen.built(sights[1], _lasting(spec), as_of).frame.drop(SUBJECT).row(0))
    return Presence(row=row, withheld=built.withheld > 0, out_by=out_by)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One permitted set and one snapshot, asked for several frames."""

    reader: Reader
    subjects: pl.DataFrame
    permitted: Permitted

    def built(self, sight: Sight, spec: ViewSpec, as_of: datetime) -> Preview:
        """Build one frame."""
        tables = {table: sight.parts(table, until=as_of) for table in spec.tables}
        with self.reader.refusals():
            frame = compile_rows(spec, tables, self.permitted, as_of=as_of).collect()
        return Preview(as_of=as_of, frame=frame, withheld=sight.withheld(self.subjects, frame, spec.grain.value))


def _exact(spec: ViewSpec) -> ViewSpec:
    """Take the generalisation off the quasi-identifiers, so that any other can be tried on them."""
    quasi = set(spec.quasi_identifiers)
    features = (
        replace(each, shape=Shape(rare_below=each.shape.rare_below)) if each.name in quasi else each
        for each in spec.features
    )
    return replace(spec, features=tuple(features))


def _counting(spec: ViewSpec, span: timedelta) -> ViewSpec:
    """Make the view that counts each table's events of the last days, whatever their kind."""
    days = max(1, span.days)
    tables = sorted({feature.rows.table for feature in spec.aggregates})
    counts = tuple(Aggregate(name=table, op=Op.COUNT, rows=Rows(table=table, window_days=days)) for table in tables)
    plain = replace(spec, population=Population(), label=None, quasi_identifiers=(), texts={}, key=None, summary=None)
    return replace(plain, features=counts)


def _lasting(spec: ViewSpec) -> ViewSpec:
    """Make the view that tells how long ago the last event of each selection was, or how much of it stands."""
    features = tuple(
        Aggregate(name=f"last_{place}", op=Op.COUNT if rows.latest_of else Op.DAYS_SINCE, rows=rows)
        for place, rows in enumerate(spec.population.none_of)
    )
    plain = replace(spec, population=Population(), label=None, quasi_identifiers=(), texts={}, key=None, summary=None)
    return replace(plain, features=features)


def _out_by(spec: ViewSpec, found: tuple[int | None, ...]) -> tuple[int, int | None] | None:
    """Return the first selection that takes somebody out."""
    for place, (rows, value) in enumerate(zip(spec.population.none_of, found, strict=True)):
        if rows.latest_of is None and value is not None:
            return place, value
        if rows.latest_of is not None and value:
            return place, None
    return None
