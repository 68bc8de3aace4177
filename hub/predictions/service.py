"""Train, score and report through the gate: frames out under the purpose's pseudonyms, scores back under the same.

A module sees what its view releases and nothing else. Scores enter the sealed lake like any event; each carries the
crosswalk revision of its customer, so that a merge or an erasure voids it at once.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from hub.accesses import learned_from
from hub.compose import Hub
from hub.predictions import store
from hub.predictions.child import ask
from hub.predictions.lessons import (
    known_until,
    modelled,
    newest_cut,
    scoring_view_of,
    spec_of,
    verify_model,
)
from hub.predictions.retraining import retrain_by
from hub.predictions.scores import write_scores
from hub.predictions.teaching import Lessons, keep_challenger, keep_model, read_lessons
from hub.predictions.triggers import Triggers
from hub.views.gateway import Gateway, Released
from hub.views.intent import Reader, reader_of
from ingest.store.ordinal import ordinals_of
from predict.wire import Message, arrow
from privacy.store.principal import Principal
from privacy.terms import RecordId

_MONTH: Final = timedelta(days=365.25 / 12)
_DEFAULT_SEED: Final = 7
RULE: Final = "rule"


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
    `is_rule`: there was too little to learn from, and a documented rule stands in: not a model.
    """

    as_of: datetime
    scores: pl.DataFrame
    reasons: pl.DataFrame
    released: Released
    written: int
    retrain_by: datetime | None = None
    is_rule: bool = False


def readiness(  # noqa: PLR0913 - what was asked of a module, and how it is told
    hub: Hub,
    principal: Principal,
    module: str,
    *,
    view: str | None = None,
    faults: Sequence[Mapping[str, Any]] = (),
    language: str = "en",
) -> dict[str, Any]:
    """Judge what there is to learn from, without learning: the verdict of `predict.readiness`; raises as `train`.

    What `varde source check` found last in files of the view's tables is judged along; `faults` stand in for it.
    """
    lessons = read_lessons(hub, principal, module, view=view)
    message = replace(lessons, faults=faults or lessons.faults).message(seed=_DEFAULT_SEED)
    asked = replace(message, fields={**message.fields, "language": language})
    told: dict[str, Any] = json.loads(ask("readiness", module, asked).part("readiness"))
    return told


def train(  # noqa: PLR0913 - what a module is taught by
    hub: Hub,
    principal: Principal,
    module: str,
    *,
    view: str | None = None,
    seed: int = _DEFAULT_SEED,
    triggers: Triggers | None = None,
    themes: Mapping[str, Any] | None = None,
) -> Trained:
    """Train a module on every cut of a view whose outcome is known; by default on the module's own view.

    The model becomes the module's current one. `triggers`: what brings its need up; None: as its current model has it.
    `themes` are the company's own (`hub.predictions.company_file`); None: those of the current model go on.

    Raises:
        AccessRefused: the gate said no, the view teaches another label, or there is not enough history for one cut.
        ChildFailed: the module refused, for example with too few customers; its reason is told.

    """
    lessons = replace(read_lessons(hub, principal, module, view=view), themes=themes)
    taught_by = lessons if triggers is None else replace(lessons, triggers=triggers)
    answer = ask("train", module, taught_by.message(seed=seed))
    return _trained(lessons, answer, keep_model(hub, principal, module, answer, taught=lessons.released))


def challenge(hub: Hub, principal: Principal, module: str, *, view: str | None = None, until: datetime) -> Trained:
    """Train as `train` does, on what was known at an instant, and keep the model beside the current one."""
    lessons = read_lessons(hub, principal, module, view=view, until=until)
    answer = ask("train", module, lessons.message(seed=_DEFAULT_SEED))
    return _trained(lessons, answer, keep_challenger(hub, principal, module, answer, taught=lessons.released))


def _trained(lessons: Lessons, answer: Message, model_id: bytes) -> Trained:
    report, rows = json.loads(answer.part("report")), lessons.released.frame.height
    return Trained(model_id=model_id, report=report, cuts=lessons.cuts, rows=rows)


def score(
    hub: Hub, who: Principal | Reader, module: str, *, as_of: datetime | None = None, language: str = "en"
) -> Scored:
    """Score every customer that the view releases at `as_of`; by default at the newest instant of its grid.

    A model that learned from `x_training` scores by `x_scoring`: the same columns, with reads of their own. Scores lie
    by customer; those of a customer's machines are shown and not kept.
    """
    reader = replace(reader_of(who), module=module)
    with hub.reading() as session:
        model = store.current_model(session, module)
    spec = spec_of(hub, view := scoring_view_of(model.view))
    verify_model(hub, model, spec)
    at = as_of or newest_cut(spec, known_until(hub, spec), hub.clock())
    released = Gateway(hub).read(reader, view, purpose=spec.purpose, as_of=at)
    frame = modelled(released.frame.with_columns(as_of=pl.lit(at)), spec)
    parts = {"artefact": store.read_artefact(hub.settings.models_folder, model), "frame": arrow(frame)}
    message = Message({"capacity": None, "language": language}, parts, {"artefact": "json", "frame": "arrow"})
    answer = ask("score", module, message)
    scores, reasons = answer.frame("scores"), answer.frame("reasons")
    written = 0 if spec.key else write_scores(hub, reader.principal, scores, released, model)
    return Scored(
        as_of=at,
        scores=scores,
        reasons=reasons,
        released=released,
        written=written,
        retrain_by=retrain_by(hub, model),
        is_rule=json.loads(model.report).get("family") == RULE,
    )


def models_of(hub: Hub, records: Sequence[RecordId]) -> list[bytes]:
    """List the models that learned from one of a person's records, newest first: for recalls and retraining.

    To be asked before the person is erased: afterwards nothing leads from the person to any model.
    """
    with hub.reading() as session:
        ordinals = ordinals_of(session, records)["ordinal"].to_list()
        models = [model for model in store.all_models(session) if model.members is not None]
    return [m.model_id for m in models if learned_from(hub, m.model_id, m.members or b"", ordinals)]


def report(hub: Hub, module: str, *, language: str = "en") -> dict[str, bytes]:
    """Return the report of the current model as `report` (JSON), `markdown` and `html`."""
    with hub.reading() as session:
        model = store.current_model(session, module)
    artefact = store.read_artefact(hub.settings.models_folder, model)
    return dict(ask("report", module, Message({"language": language}, {"artefact": artefact})).parts)
