"""Past alerts beside what happened since, and what somebody did about them.

Scores lie sealed in the lake; outcomes are read through the gate, as labels of the view that the model learned from,
at the very instants that were scored. Only who may be read now is reviewed: whoever objected or was erased is in no
later figure. What leaves for the child process are pseudonyms, and what comes back are figures.
"""

import json
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import polars as pl

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.reading import reading
from hub.predictions import store
from hub.predictions.child import ask
from hub.predictions.lessons import customers_of, known_until, on_grid, scoring_view_of
from hub.predictions.scores import TABLE as SCORES
from hub.views.admission import note_refusal, verify_may_read
from hub.views.gateway import PSEUDONYM, Gateway
from hub.views.intent import Reader
from hub.views.spec import ViewSpec
from ingest.canonical.catalogue import lake_table_of
from ingest.canonical.snapshots import OTHERS
from ingest.store.identity import anchors_frame
from ingest.store.record_set import record_sets_frame
from predict.registry import DECLARED
from predict.review import COLUMNS
from predict.wire import Message, arrow
from privacy.audit import AuditFields
from privacy.pseudonym import pseudonyms_of, resolve
from privacy.store.epoch import lock_epoch
from privacy.store.erasure import tombstones
from privacy.store.principal import Principal
from privacy.terms import BatchId, EntityKind, random_id

ACTS: Final = "score_acts"


class Deed(StrEnum):
    """What somebody did about a score."""

    CONTACTED = "contacted"
    OFFERED = "offered"
    HELPED = "helped"
    DISMISSED = "dismissed"


def act(hub: Hub, principal: Principal, module: str, pseudonym: bytes, deed: Deed) -> None:
    """Note that somebody acted on a score: a row sealed in the lake beside it, in the transaction of its audit entry.

    Raises:
        AccessRefused: the credential is not bound to the module's view and purpose, or the pseudonym is nobody's of it.

    """
    spec = _scored_by(hub, module)
    _verify_bound(hub, principal, spec)
    domains = hub.domains.live(hub.policy().purpose(spec.purpose).domain, at=hub.clock())
    with hub.reading() as session:
        anchors = record_sets_frame(session, spec.grain)
    given = pl.DataFrame({PSEUDONYM: [pseudonym]}, schema={PSEUDONYM: pl.Binary})
    entity = resolve(domains, given[PSEUDONYM], anchors["entity"])
    whose = anchors.filter(pl.col("entity").is_in(entity.drop_nulls().implode()))
    if whose.is_empty():
        raise _nobody()
    values = {_owner(spec): pl.col("record"), "event_time": pl.lit(hub.clock()), "module": pl.lit(module)}
    values |= {"act": pl.lit(deed.value), OTHERS: pl.col(OTHERS)}
    schema = lake_table_of(ACTS).schema
    row = whose.select(values.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in schema.items())
    batch_id = BatchId(random_id())
    staged = append(hub.lake, row, table=ACTS, batch_id=batch_id)
    with hub.unit_of_work() as session:
        lock_epoch(session)
        catalogue.stage(session, staged, batch_id=batch_id, at=hub.lake.clock(session))
        erased = not tombstones(session).isdisjoint([row[_owner(spec)][0], *row[OTHERS].explode().drop_nulls()])
        if erased:  # it came between and could not see the row: its file is the catalogue's to take away
            catalogue.abort(session, batch_id, operation_id=random_id(), at=hub.lake.clock(session))
        else:
            catalogue.publish(session, batch_id)
            fields = AuditFields(batch=batch_id, module=module, purpose=spec.purpose, outcome=deed.value, rows=1)
            hub.audit(session, "model.act", principal.principal_id, fields)
    if erased:
        raise _nobody()


def review(hub: Hub, principal: Principal, module: str) -> dict[str, Any]:
    """Join every alert whose window is over with what happened, month by month (`predict.review`).

    Raises:
        AccessRefused: the gate said no, or no score has an outcome that is known yet.

    """
    with hub.reading() as session:
        model = store.current_model(session, module)
        promised = {each.model_id: _promised(each) for each in store.all_models(session) if each.module == module}
    spec = customers_of(hub, model.view)
    if spec.label is None:
        raise AccessRefused("no_label", "The view of the current model teaches nothing")
    _verify_bound(hub, principal, spec)
    with hub.unit_of_work() as session:  # before the lake is read
        fields = AuditFields(module=module, view=spec.name, purpose=spec.purpose)
        hub.audit(session, "model.review", principal.principal_id, fields)
    window = timedelta(days=spec.label.starts_days + spec.label.horizon_days)
    until = known_until(hub, spec)
    scores = _scores(hub, module, spec, before=until - window)
    cuts = [cut for cut in scores["event_time"].unique().sort().to_list() if on_grid(cut, spec.grid)]
    if not cuts:
        raise AccessRefused("no_outcome_known", f"Score first; an alert is judged {window.days} days after its instant")
    reader = Reader(principal=principal, module=module)
    released = Gateway(hub).read_training(reader, spec.name, purpose=spec.purpose, cuts=cuts, known_until=until)
    label = DECLARED[module].label.name
    outcomes = released.frame.select(PSEUDONYM, "as_of", outcome=pl.col(label).cast(pl.Boolean))
    known = promised.items()
    figures = pl.DataFrame(list(known), schema={"model_id": pl.Binary, "promised": pl.Float64}, orient="row")
    alerts = (
        scores.rename({"event_time": "as_of"})
        .join(outcomes, on=[PSEUDONYM, "as_of"], how="inner")
        .join(figures, on="model_id", how="left")
        .pipe(with_acts, acts_of(hub, module, spec), window)
        .select(*COLUMNS)
    )
    told: dict[str, Any] = json.loads(ask("review", module, _message(alerts)).part("review"))
    return told


def _scores(hub: Hub, module: str, spec: ViewSpec, *, before: datetime) -> pl.DataFrame:
    """Read the newest score of each customer and instant whose window is over, of their present set of records."""
    owner = _owner(spec)
    with hub.reading() as session:
        anchors = anchors_frame(session, spec.grain)
    with reading(hub.lake) as reader:
        rows = reader.scan(SCORES, until=before + timedelta(microseconds=1)).filter(pl.col("module") == module)
        found = reader.collect(
            rows.select(owner, "event_time", "scored_at", "model_id", "probability", "band", "crosswalk_revision")
        )
    newest = found.sort("scored_at").unique([owner, "event_time"], keep="last")
    current = anchors.rename({"record": owner, "revision": "crosswalk_revision"})
    valid = newest.join(current, on=[owner, "crosswalk_revision"], how="inner")
    domain = hub.domain(hub.policy().purpose(spec.purpose).domain)
    return valid.with_columns(pseudonyms_of(domain, valid["entity"]).alias(PSEUDONYM))


def acts_of(hub: Hub, module: str, spec: ViewSpec) -> pl.DataFrame:
    """Read what was done and when, by the customer who has any of the records that were acted on; a dismissal is none.

    A deed names every record that its customer had: who was merged or split since keeps it.
    """
    owner = _owner(spec)
    with hub.reading() as session:
        sets = record_sets_frame(session, spec.grain)
    with reading(hub.lake) as reader:
        rows = reader.scan(ACTS).filter(pl.col("module") == module, pl.col("act") != Deed.DISMISSED.value)
        found = reader.collect(rows.select(owner, OTHERS, acted_at=pl.col("event_time")))
    records = _each_record(sets, "record").select("entity", "record")
    whose = _each_record(found, owner).rename({owner: "record"})
    return whose.join(records, on="record", how="inner").select("entity", "acted_at").unique()


def _each_record(rows: pl.DataFrame, first: str) -> pl.DataFrame:
    """Give a row for each record of a set: the first one and the others."""
    alone = rows.drop(OTHERS)
    further = rows.filter(pl.col(OTHERS).list.len() > 0).with_columns(pl.col(OTHERS).alias(first)).drop(OTHERS)
    return pl.concat([alone, further.explode(first).select(alone.columns)])


def with_acts(alerts: pl.DataFrame, acts: pl.DataFrame, window: timedelta) -> pl.DataFrame:
    """Say of each alert whether somebody acted within its window."""
    near = alerts.select(PSEUDONYM, "as_of", "entity").join(acts, on="entity", how="inner")
    within = near.filter(pl.col("acted_at") >= pl.col("as_of"), pl.col("acted_at") < pl.col("as_of") + window)
    acted = within.select(PSEUDONYM, "as_of").unique().with_columns(acted=pl.lit(value=True))
    joined = alerts.join(acted, on=[PSEUDONYM, "as_of"], how="left")
    return joined.with_columns(pl.col("acted").fill_null(value=False))


def _scored_by(hub: Hub, module: str) -> ViewSpec:
    with hub.reading() as session:
        model = store.current_model(session, module)
    return customers_of(hub, scoring_view_of(model.view))


def _owner(spec: ViewSpec) -> str:
    return "person" if spec.grain is EntityKind.PERSON else "organisation"


def _verify_bound(hub: Hub, principal: Principal, spec: ViewSpec) -> None:
    """Refuse a credential that may not read the view, before anybody is looked for."""
    try:
        verify_may_read(principal, spec.name, spec.purpose)
    except AccessRefused as refused:
        note_refusal(hub, principal, spec.purpose, refused)
        raise


def _nobody() -> AccessRefused:
    return AccessRefused("pseudonym_of_nobody", "Use a pseudonym as the newest scoring gave it")


def _promised(model: store.TrainedModel) -> float | None:
    told = json.loads(model.report).get("figures", {}).get("model")
    return None if told is None else float(told["precision_at_capacity"])


def _message(alerts: pl.DataFrame) -> Message:
    return Message({}, {"alerts": arrow(alerts)}, {"alerts": "arrow"})
