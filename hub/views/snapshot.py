"""A view's rows made once and kept, sealed in the lake, so that one customer's can be read at once.

Rules kept here:
- nothing leaves: rows go from the gate's build into the sealed lake, under record ids; each carries the marks of the
  records that it was made of, and the crosswalk revision of its customer;
- a row names every record that it was made of, so that an erasure of any of them takes it along, and one that parts
  from the others, too (`hub.views.withdrawal`);
- one customer, one row: where figures are of several people, one who leaves would change the row of others, so only
  views of persons without groups and without a key are kept;
- whoever is erased while rows are written comes before them: they are made anew, as scores are;
- the rows of the view's earlier snapshots are taken out of the lake at once;
- a snapshot serves on the day that it was made (UTC): by the next, retention may have ended rows that it was made of.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.errors import AccessRefused, ReadContended
from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.writing import discard
from hub.views.built import Built
from hub.views.gateway import Gateway
from hub.views.mark import marks_of
from hub.views.packing import packed
from hub.views.quota import Asked, period_around, verify_reads_left
from hub.views.registry import readable_spec
from hub.views.snapshot_store import Snapshot, add_snapshot
from hub.views.spec import Grid, ViewSpec
from hub.views.withdrawal import withdraw_quietly
from ingest.canonical.snapshots import OTHERS, SNAPSHOTS
from ingest.store.identity import anchors_frame
from privacy.audit import AuditFields
from privacy.store.epoch import bump_epoch, lock_epoch
from privacy.store.erasure import tombstones
from privacy.store.principal import Principal
from privacy.terms import BatchId, EntityKind, Role, random_id

_MAY_KEEP: Final = frozenset({Role.OWNER, Role.ENGINEER, Role.SERVICE})
_ATTEMPTS: Final = 5


def materialise(hub: Hub, by: Principal, view: str, *, as_of: datetime | None = None) -> Snapshot:
    """Make and keep a view's rows at an instant of its grid, the newest unless one is given.

    Raises:
        AccessRefused: the role, the credential or the view does not allow it, or the reads of its period are used up.
        CutRefused: `as_of` is not on the view's grid.
        ReadContended: people were erased faster than rows could be written.

    """
    spec = keepable(hub, by, view)
    with hub.reading() as session:  # before a long build; asked again under the lock
        verify_reads_left(hub, session, spec, Asked(as_of=as_of or hub.clock()))
    at = as_of or period_around(spec.grid, hub.clock())[0]
    for _ in range(_ATTEMPTS):
        started = hub.clock()  # retention was asked on this day, however long the build takes
        built = Gateway(hub).build(view, purpose=spec.purpose, as_of=at)
        made = Snapshot(
            snapshot_id=random_id(),
            view=view,
            version=built.spec.version,
            spec_hash=built.spec.hash,
            as_of=at,
            made_at=(now := hub.clock()),
            expires_at=min(now + timedelta(days=built.spec.expires_days), period_around(Grid.DAY, started)[1]),
            epoch=built.epoch,
            rows=built.frame.height,
        )
        if (kept := _published(hub, by, built, made)) is not None:
            withdraw_quietly(hub, view)
            return kept
    raise ReadContended(view)


def keepable(hub: Hub, by: Principal, view: str) -> ViewSpec:
    """Return the spec of a view whose rows a principal may make and keep now; raises what `materialise` raises."""
    with hub.reading() as session:
        spec = readable_spec(session, hub.policy(), view, at=hub.clock())
    if by.role not in _MAY_KEEP:
        raise AccessRefused("role_may_not_materialise", "Ask the owner, an engineer or the service account")
    if not by.may_use(purpose=spec.purpose, view=view):
        raise AccessRefused("credential_not_bound", f"Ask for a grant on purpose {spec.purpose} and view {spec.name}")
    if spec.grain is not EntityKind.PERSON or spec.groups_rows or spec.key or spec.summary:
        raise AccessRefused("figures_of_several", "Read it as a whole: who leaves changes the rows of others")
    return spec


def _published(hub: Hub, by: Principal, built: Built, made: Snapshot) -> Snapshot | None:
    """Write the rows, then make them visible in one transaction; None if somebody in them was erased meanwhile."""
    batch_id = BatchId(random_id())
    rows = _rows(hub, built, made)
    staged = append(hub.lake, rows, table=SNAPSHOTS.name, batch_id=batch_id)
    try:
        with hub.unit_of_work() as session:
            lock_epoch(session)
            verify_reads_left(hub, session, built.spec, Asked(as_of=made.as_of))
            catalogue.stage(session, staged, batch_id=batch_id, at=hub.lake.clock(session))
            if not tombstones(session).isdisjoint([*rows["person"], *rows[OTHERS].drop_nulls().explode()]):
                catalogue.abort(session, batch_id, operation_id=random_id(), at=hub.lake.clock(session))
                return None
            catalogue.publish(session, batch_id)
            made = _entered(session, made)
            _audited(hub, session, by, made, built.purpose.id)
    except AccessRefused:
        discard(hub.lake, staged)
        raise
    return made


def _audited(hub: Hub, session: Session, by: Principal, made: Snapshot, purpose: str) -> None:
    fields = AuditFields(
        act_id=made.snapshot_id,
        view=made.view,
        view_version=made.version,
        view_hash=made.spec_hash.hex(),
        purpose=purpose,
        as_of=made.as_of,
        rows=made.rows,
        epoch=made.epoch,
        role=by.role,
    )
    hub.audit(session, "view.materialise", by.principal_id, fields)


def _entered(session: Session, made: Snapshot) -> Snapshot:
    """Enter a snapshot under an epoch of its own: whoever serves the one before looks again."""
    entered = replace(made, epoch=bump_epoch(session, (), kind="snapshot"))
    add_snapshot(session, entered)
    return entered


def _rows(hub: Hub, built: Built, made: Snapshot) -> pl.DataFrame:
    """Return a built frame as rows of the lake."""
    with hub.reading() as session:
        revisions = anchors_frame(session, built.spec.grain).select("entity", "revision")
    features = built.frame.select("entity", *packed(built.spec))
    marked = features.join(marks_of(built.permitted.decided), on="entity", how="inner")
    rows = marked.join(revisions, on="entity", how="inner").join(_others(built), on="entity", how="left")
    values = {
        "person": pl.col("record"),
        "organisation": pl.lit(None),
        "event_time": pl.lit(made.made_at),
        "event_id": pl.lit(None),
        "view": pl.lit(made.view),
        "as_of": pl.lit(made.as_of),
        "snapshot": pl.lit(made.snapshot_id),
        "crosswalk_revision": pl.col("revision"),
    }
    schema = SNAPSHOTS.schema
    return rows.select(values.get(name, pl.col(name)).cast(dtype).alias(name) for name, dtype in schema.items())


def _others(built: Built) -> pl.DataFrame:
    """Return, of entities of several records, those that a row is made of beside the least, which it lies under."""
    records = built.permitted.records.filter(pl.len().over("entity") > 1).sort("record")
    return records.group_by("entity", maintain_order=True).agg(pl.col("record").slice(1).alias(OTHERS))
