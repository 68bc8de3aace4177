"""What was suggested, sealed in the lake beside scores: which action, of which options, with which chance.

A row lies under one record of its customer and names the others, so that an erasure of any of them takes it along. It
becomes visible in the transaction of its audit entry, or not at all.
"""

from typing import Final

import polars as pl

from hub.compose import Hub
from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.reading import reading
from hub.predictions.reviewing import ACTS, Deed
from hub.views.gateway import PSEUDONYM
from hub.views.spec import ViewSpec
from ingest.canonical.catalogue import lake_table_of
from ingest.canonical.snapshots import OTHERS
from ingest.store.identity import members_of
from ingest.store.record_set import record_sets_frame
from privacy.audit import AuditFields
from privacy.pseudonym import pseudonyms_of, resolve
from privacy.store.epoch import lock_epoch
from privacy.store.erasure import tombstones
from privacy.store.principal import Principal
from privacy.terms import BatchId, EntityKind, RecordId, random_id

TABLE: Final = "suggestions"
LOGGED: Final = ("need", "action", "channel", "propensity", "options")


def people_of(hub: Hub, spec: ViewSpec, pseudonyms: pl.Series) -> pl.DataFrame:
    """Lead pseudonyms back to record sets: pseudonym, record, others; whoever is nobody's is left out."""
    domains = hub.domains.live(hub.policy().purpose(spec.purpose).domain, at=hub.clock())
    with hub.reading() as session:
        sets = record_sets_frame(session, spec.grain).drop("revision")
    led = pl.DataFrame({PSEUDONYM: pseudonyms}).with_columns(entity=resolve(domains, pseudonyms, sets["entity"]))
    return led.join(sets, on="entity", how="inner", maintain_order="left").drop("entity")


def keep(hub: Hub, principal: Principal, module: str, spec: ViewSpec, rows: pl.DataFrame) -> int:
    """Append suggestions (pseudonym, as_of and `LOGGED`) with their audit entry; return how many customers were there.

    Whoever was erased since the rows were made is left out.
    """
    people = people_of(hub, spec, rows[PSEUDONYM])
    left = _canonical(people.join(rows, on=PSEUDONYM, how="inner"), module, spec)
    owner = _owner(spec)
    while True:
        batch_id = BatchId(random_id())
        staged = append(hub.lake, left, table=TABLE, batch_id=batch_id)
        with hub.unit_of_work() as session:
            lock_epoch(session)
            gone = tombstones(session)
            catalogue.stage(session, staged, batch_id=batch_id, at=hub.lake.clock(session))
            if gone.isdisjoint([*left[owner], *left[OTHERS].drop_nulls().explode()]):
                catalogue.publish(session, batch_id)
                fields = AuditFields(batch=batch_id, module=module, purpose=spec.purpose, rows=left.height)
                hub.audit(session, "model.suggest", principal.principal_id, fields)
                return left.height
            # An erasure came between: it could not see these rows. They never become visible; write the rest anew.
            catalogue.abort(session, batch_id, operation_id=random_id(), at=hub.lake.clock(session))
        closed = pl.Series(sorted(gone), dtype=pl.Binary).implode()
        beside = pl.col(OTHERS).list.eval(pl.element().is_in(closed)).list.any().fill_null(value=False)
        left = left.filter(~(pl.col(owner).is_in(closed) | beside))


def logged(hub: Hub, module: str, spec: ViewSpec) -> pl.DataFrame:
    """Read what was suggested, the newest of each customer and instant.

    Gives pseudonym (the present one), as_of, `LOGGED` and overridden: somebody dismissed it before the next.
    """
    owner = _owner(spec)
    with reading(hub.lake) as reader:
        mine = pl.col("module") == module
        found = reader.collect(reader.scan(TABLE).filter(mine).select(owner, "event_time", "suggested_at", *LOGGED))
        dismissed = reader.scan(ACTS).filter(mine, pl.col("act") == Deed.DISMISSED.value)
        overridden = reader.collect(dismissed.select(owner, at="event_time", overridden=pl.lit(value=True)))
    newest = found.sort("suggested_at").unique([owner, "event_time"], keep="last").sort("suggested_at", owner)
    later = overridden.sort("at")
    told = newest.join_asof(
        later, left_on="suggested_at", right_on="at", by=owner, strategy="forward", check_sortedness=False
    )
    until = pl.col("suggested_at").shift(-1).over(owner, order_by="suggested_at")
    said = pl.col("overridden").fill_null(value=False) & (until.is_null() | (pl.col("at") < until))
    rows = told.with_columns(overridden=said).rename({owner: "record", "event_time": "as_of"})
    with hub.reading() as session:
        homes = members_of(session, [RecordId(one) for one in rows["record"].unique().to_list()])
    led = rows.join(homes.select("record", "entity").unique("record"), on="record", how="inner")
    domain = hub.domain(hub.policy().purpose(spec.purpose).domain)
    named = led.with_columns(pseudonyms_of(domain, led["entity"]).alias(PSEUDONYM))
    return named.select(PSEUDONYM, "as_of", *LOGGED, "overridden").unique([PSEUDONYM, "as_of"], keep="last")


def _canonical(rows: pl.DataFrame, module: str, spec: ViewSpec) -> pl.DataFrame:
    given = rows.rename({"record": _owner(spec), "as_of": "event_time"}).with_columns(module=pl.lit(module))
    schema = lake_table_of(TABLE).schema
    return given.select(
        (pl.col(name) if name in given.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )


def _owner(spec: ViewSpec) -> str:
    return "person" if spec.grain is EntityKind.PERSON else "organisation"
