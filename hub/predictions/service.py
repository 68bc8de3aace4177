"""Train, score and report through the gate: frames out under the purpose's pseudonyms, scores back under the same.

A module sees what its view releases and nothing else. Scores enter the sealed lake like any event; each carries the
crosswalk revision of its customer, so that a merge or an erasure voids it at once.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from hub.accesses import learned_from, manifest_of
from hub.compose import Hub
from hub.errors import AccessRefused
from hub.lake.catalogue import files_of
from hub.lake.terms import FileState
from hub.predictions import store
from hub.predictions.child import ask
from hub.predictions.retraining import retrain_by
from hub.predictions.scores import write_scores
from hub.predictions.store import TrainedModel
from hub.views.gateway import Gateway, Released
from hub.views.intent import Reader, reader_of
from hub.views.load import load_spec
from hub.views.registry import readable_spec
from hub.views.release import dtype_of
from hub.views.spec import Grid, ViewSpec, header_of
from hub.views.version import find_version
from ingest.store.ordinal import ordinals_of
from predict.registry import DECLARED
from predict.wire import Message, arrow
from privacy.audit import AuditFields
from privacy.store.principal import Principal
from privacy.terms import RecordId, random_id

_MOST_CUTS: Final = 36
_DEFAULT_SEED: Final = 7
_TRAINING: Final = "_training"
_SCORING: Final = "_scoring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model that was trained: its id, and the report of what it can and cannot do."""

    model_id: bytes
    report: dict[str, Any]
    cuts: list[datetime]
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Scores that were written back, and the reasons in words, for whoever may see pseudonyms.

    `retrain_by`: by when the model is to be trained anew, because somebody it learned from has left; else None.
    """

    as_of: datetime
    scores: pl.DataFrame
    reasons: pl.DataFrame
    released: Released
    written: int
    retrain_by: datetime | None = None


def train(
    hub: Hub, principal: Principal, module: str, *, view: str | None = None, seed: int = _DEFAULT_SEED
) -> Trained:
    """Train a module on every cut of a view whose outcome is known; by default on the module's own view.

    Raises:
        AccessRefused: the gate said no, the view teaches another label, or there is not enough history for one cut.
        ChildFailed: the module refused, for example with too few customers; its reason is told.

    """
    view = view or DECLARED[module].view
    spec = _spec(hub, view)
    _verify_label(spec, module)
    known_until = _known_until(hub, spec)
    cuts = labelled_cuts(spec, since=_known_since(hub, spec), known_until=known_until)
    if not cuts or spec.label is None:
        raise AccessRefused("no_labelled_cut", "There is not enough history yet for one horizon after the first month")
    reader = Reader(principal=principal, module=module)
    released = Gateway(hub).read_training(reader, view, purpose=spec.purpose, cuts=cuts, known_until=known_until)
    message = Message(
        {"horizon_days": spec.label.horizon_days, "seed": seed, "capacity": None, "features": described(spec)},
        {"frame": arrow(_modelled(released.frame))},
        {"frame": "arrow"},
    )
    answer = ask("train", module, message)
    model_id = random_id()
    digest = store.write_artefact(hub.settings.models_folder, model_id, answer.part("artefact"))
    row = {
        "model_id": model_id,
        "module": module,
        "view": view,
        "view_version": spec.version,
        "spec_hash": spec.hash,
        "trained_at": hub.clock(),
        "trained_by": principal.principal_id,
        "training_release": released.release_id,
        "file_sha256": digest,
        "report": answer.part("report").decode(),
    }
    with hub.unit_of_work() as session:
        members, revision = manifest_of(hub, session, released.release_id, model_id)
        store.add_model(session, row | {"members": members, "crosswalk_revision": revision})
        fields = AuditFields(model=model_id.hex(), view=view, act_id=released.release_id, rows=released.frame.height)
        hub.audit(session, "model.train", principal.principal_id, fields)
    return Trained(model_id=model_id, report=json.loads(answer.part("report")), cuts=cuts, rows=released.frame.height)


def score(
    hub: Hub, who: Principal | Reader, module: str, *, as_of: datetime | None = None, language: str = "en"
) -> Scored:
    """Score every customer that the view releases at `as_of`; by default at the newest instant of its grid.

    A model that learned from `x_training` scores by `x_scoring`: the same columns, with reads of their own.
    """
    reader = replace(reader_of(who), module=module)
    with hub.reading() as session:
        model = store.current_model(session, module)
    spec = _spec(hub, view := scoring_view_of(model.view))
    _verify_model(hub, model, spec)
    at = as_of or newest_cut(spec, _known_until(hub, spec), hub.clock())
    released = Gateway(hub).read(reader, view, purpose=spec.purpose, as_of=at)
    frame = _modelled(released.frame.with_columns(as_of=pl.lit(at)))
    parts = {"artefact": store.read_artefact(hub.settings.models_folder, model), "frame": arrow(frame)}
    message = Message({"capacity": None, "language": language}, parts, {"artefact": "json", "frame": "arrow"})
    answer = ask("score", module, message)
    scores, reasons = answer.frame("scores"), answer.frame("reasons")
    written = write_scores(hub, reader.principal, scores, spec, model)
    return Scored(
        as_of=at,
        scores=scores,
        reasons=reasons,
        released=released,
        written=written,
        retrain_by=retrain_by(hub, model),
    )


def models_of(hub: Hub, records: Sequence[RecordId]) -> list[bytes]:
    """List the models that learned from one of a person's records, newest first: for recalls and retraining.

    To be asked before the person is erased: afterwards nothing leads from the person to any model.
    """
    with hub.reading() as session:
        ordinals = ordinals_of(session, records)["ordinal"].to_list()
        models = [model for model in store.all_models(session) if model.members is not None]
    return [m.model_id for m in models if learned_from(hub, m.model_id, m.members or b"", ordinals)]


def report(hub: Hub, module: str) -> dict[str, bytes]:
    """Return the report of the current model as `report` (JSON), `markdown` and `html`."""
    with hub.reading() as session:
        model = store.current_model(session, module)
    artefact = store.read_artefact(hub.settings.models_folder, model)
    return dict(ask("report", module, Message({}, {"artefact": artefact})).parts)


def scoring_view_of(view: str) -> str:
    """Name the view by which a model scores that learned from a view."""
    stem = view.removesuffix(_TRAINING)
    return view if stem == view else f"{stem}{_SCORING}"


def described(spec: ViewSpec) -> list[dict[str, object]]:
    """Say of each released number what a module may know: name, unit, role and words."""
    levels = {feature.name for feature in spec.released if dtype_of(feature) == pl.String}
    return [{**entry, "role": entry["role"] or "plain"} for entry in header_of(spec) if entry["name"] not in levels]


def labelled_cuts(spec: ViewSpec, *, since: datetime, known_until: datetime) -> list[datetime]:
    """List the grid's month starts after the first month of history whose label windows end in the known past."""
    if spec.label is None:
        return []
    horizon = timedelta(days=spec.label.starts_days + spec.label.horizon_days)
    first = _next_month(_next_month(since))
    cuts = []
    while first + horizon <= known_until:
        cuts.append(first)
        first = _next_month(first)
    return cuts[-_MOST_CUTS:]


def newest_cut(spec: ViewSpec, known_until: datetime, now: datetime) -> datetime:
    """Return the instant of the view's grid to score at: the first one that has seen all that is known.

    If that lies in the future (the month is still running, or something was dated ahead), the last one that does not.
    """
    known_until = min(known_until, now)
    latest, following = _around(spec.grid, known_until)
    if latest == known_until:
        return latest
    return following if following <= now else latest


def _around(grid: Grid, at: datetime) -> tuple[datetime, datetime]:
    """Return the grid's instants at or before, and after, an instant."""
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if grid is Grid.MONTH:
        return midnight.replace(day=1), _next_month(midnight)
    step = timedelta(days=7 if grid is Grid.WEEK else 1)
    latest = midnight - timedelta(days=midnight.weekday() if grid is Grid.WEEK else 0)
    return latest, latest + step


def _next_month(at: datetime) -> datetime:
    start = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (start + timedelta(days=32)).replace(day=1)


def _spec(hub: Hub, view: str) -> ViewSpec:
    with hub.reading() as session:
        spec = readable_spec(session, hub.policy(), view, at=hub.clock())
    if spec.key is not None or spec.summary is not None:  # scores lie by customer: one row each, not several, not none
        raise AccessRefused("rows_are_no_customers", "Use a view of person or organisation grain")
    return spec


def _known_since(hub: Hub, spec: ViewSpec) -> datetime:
    """Return the first event time in the tables that say who is a customer."""
    return min((file.min_event_at for file in _files(hub, spec)), default=hub.clock())


def _known_until(hub: Hub, spec: ViewSpec) -> datetime:
    """Return the end of what is known: just after the last event that makes somebody a customer, never after now."""
    last = max((file.max_event_at for file in _files(hub, spec)), default=hub.clock())
    return min(last + timedelta(microseconds=1), hub.clock())


def _files(hub: Hub, spec: ViewSpec) -> list[Any]:
    tables = {rows.table for rows in spec.population.any_of}
    with hub.reading() as session:
        return [f for table in tables for f in files_of(session, table=table, states=[FileState.LIVE])]


def _modelled(frame: pl.DataFrame) -> pl.DataFrame:
    """Give a module the three types it knows: whole numbers, real numbers and flags. Levels are for reports alone."""
    return frame.drop(pl.selectors.string()).with_columns(
        pl.col(pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.Int8, pl.Int16, pl.Int32).cast(pl.Int64),
        pl.col(pl.Float32).cast(pl.Float64),
    )


def _verify_model(hub: Hub, model: TrainedModel, spec: ViewSpec) -> None:
    """Refuse a model that learned other columns, or of other customers, than a view has."""
    same = model.spec_hash == spec.hash
    if model.view != spec.name:
        with hub.reading() as session:
            found = find_version(session, model.view, model.view_version)
        taught = None if found is None else load_spec(found.spec)
        same = taught is not None and taught.hash == model.spec_hash and _counted(taught) == _counted(spec)
    if not same:
        raise AccessRefused("model_of_other_view_version", "The view changed since training: train the module again")


def _verify_label(spec: ViewSpec, module: str) -> None:
    """Refuse a view that teaches something else than the module foretells, or nothing."""
    wanted, taught = DECLARED[module].label.name, None if spec.label is None else spec.label.name
    if taught != wanted:
        remedy = f"Module {module} learns the label {wanted}; view {spec.name} teaches {taught or 'none'}"
        raise AccessRefused("label_of_other_module", remedy)


def _counted(spec: ViewSpec) -> tuple[object, ...]:
    """Return what decides who is a row of a view and what stands in it."""
    return spec.features, spec.population, spec.grain, spec.key, spec.purpose, spec.quasi_identifiers, spec.k
