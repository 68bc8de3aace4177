"""Scores written back: pseudonyms resolved inside the hub.

Rules kept here:
- a score lies sealed in the lake under one record of its customer and names the others, so that an erasure of any of
  them takes it along;
- it is of one set of records: where that changed since the rows left, nothing is written, and once it changes later,
  the score is void. No read shows it from then on; `hub.views.withdrawal` takes it out.
"""

from datetime import datetime
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.lake import catalogue
from hub.lake.append import append
from hub.predictions.store import TrainedModel
from hub.views.gateway import PSEUDONYM, Released
from hub.views.spec import ViewSpec
from hub.views.withdrawal import withdraw_quietly
from ingest.canonical.catalogue import lake_table_of
from ingest.canonical.snapshots import OTHERS
from ingest.store.ordinal import crosswalk_revision
from ingest.store.record_set import record_sets_frame
from privacy.audit import AuditFields
from privacy.pseudonym import resolve
from privacy.store.epoch import lock_epoch
from privacy.store.erasure import tombstones
from privacy.store.principal import Principal
from privacy.store.release_members import find_members
from privacy.terms import BatchId, EntityKind, random_id

TABLE: Final = "scores"


def write_scores(hub: Hub, principal: Principal, scores: pl.DataFrame, released: Released, model: TrainedModel) -> int:
    """Append scores of released rows to the sealed lake and note the act; return how many customers were still there.

    A pseudonym that points to nobody any more (erased meanwhile), or to another set of records than was released, is
    dropped: aliases resolve here, never outward. The domain's key may have been rotated since the rows left: every live
    version is tried.
    """
    spec = released.spec
    domains = hub.domains.live(hub.policy().purpose(spec.purpose).domain, at=hub.clock())
    while True:
        with hub.reading() as session:
            known = find_members(session, released.release_id)
            since = crosswalk_revision(session) if known is None else known.crosswalk_revision
            anchors = _open_sets(session, spec.grain, since)
        scored = scores.drop(OTHERS, strict=False).with_columns(
            entity=resolve(domains, scores[PSEUDONYM], anchors["entity"])
        )
        frame = _canonical(scored.join(anchors, on="entity", how="inner"), spec, model, hub.clock())
        batch_id = BatchId(random_id())
        staged = append(hub.lake, frame, table=TABLE, batch_id=batch_id)
        with hub.unit_of_work() as session:
            lock_epoch(session)
            catalogue.stage(session, staged, batch_id=batch_id, at=hub.lake.clock(session))
            if _anybody_erased(session, frame, spec.grain):
                # An erasure came between: it could not see these rows. They never become visible; write them anew.
                catalogue.abort(session, batch_id, operation_id=random_id(), at=hub.lake.clock(session))
                continue
            catalogue.publish(session, batch_id)
            fields = AuditFields(batch=batch_id, model=model.model_id.hex(), purpose=spec.purpose, rows=frame.height)
            hub.audit(session, "model.score", principal.principal_id, fields)
        withdraw_quietly(hub, model.view)
        return frame.height


def _open_sets(session: Session, kind: EntityKind, since: int) -> pl.DataFrame:
    """Return the record sets that have not changed since a revision and of which nobody is closed.

    A closed record stays in its set until its erasure is carried out, and that can wait for hours.
    """
    sets = record_sets_frame(session, kind).filter(pl.col("revision") <= since)
    closed = pl.Series(sorted(tombstones(session)), dtype=pl.Binary).implode()
    beside = pl.col(OTHERS).list.eval(pl.element().is_in(closed)).list.any().fill_null(value=False)
    return sets.filter(~(pl.col("record").is_in(closed) | beside))


def _anybody_erased(session: Session, frame: pl.DataFrame, grain: EntityKind) -> bool:
    owner = "person" if grain is EntityKind.PERSON else "organisation"
    return not tombstones(session).isdisjoint([*frame[owner], *frame[OTHERS].drop_nulls().explode()])


def _canonical(rows: pl.DataFrame, spec: ViewSpec, model: TrainedModel, scored_at: datetime) -> pl.DataFrame:
    owner, other = ("person", "organisation") if spec.grain is EntityKind.PERSON else ("organisation", "person")
    values = {
        owner: pl.col("record"),
        other: pl.lit(None),
        "event_time": pl.col("as_of"),
        "event_id": pl.lit(None),
        "module": pl.lit(model.module),
        "model_id": pl.lit(model.model_id),
        "scored_at": pl.lit(scored_at),
        "crosswalk_revision": pl.col("revision"),
    }
    schema = lake_table_of(TABLE).schema
    return rows.select(values.get(name, pl.col(name)).cast(dtype).alias(name) for name, dtype in schema.items())
