"""A model after its training: its card, how far the world moved, its probabilities fitted anew, and who replaces it.

Reads go through the gate like any other. Fitting anew and replacing are audited acts; each leaves the earlier model's
file and row where they are, so that a score can be led back to the model that made it.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from hub.compose import Hub
from hub.errors import ChildFailed
from hub.predictions import store
from hub.predictions.child import ask
from hub.predictions.lessons import known_until, modelled, newest_cut, scoring_view_of, spec_of, verify_model
from hub.predictions.retraining import retrain_by
from hub.predictions.store import TrainedModel
from hub.predictions.teaching import keep_recalibrated, read_lessons, taught_at
from hub.views.gateway import Gateway
from hub.views.intent import Reader
from hub.views.use import prohibited_of
from predict.registry import DECLARED
from predict.wire import Message, arrow
from privacy.audit import AuditFields
from privacy.store.principal import Principal

_SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """What a model needs: how far things moved, and until when it is fitted and taught anew by its module's cadence.

    `drift` is what the module says (`predict.drift`): inputs, score, calibration, each with a light.
    """

    model: TrainedModel
    drift: dict[str, Any]
    recalibrate_by: datetime
    retrain_by: datetime

    def due(self, at: datetime) -> list[str]:
        """Say what is due at an instant, the weightier first; nothing is fitted anew before an outcome can judge it."""
        found = ["retrain"] if at >= self.retrain_by else []
        calibration = self.drift.get("calibration")
        if calibration is None:
            return found
        shifted = self.drift["light"] != "green" or calibration["light"] != "green"
        return [*found, "recalibrate"] if shifted or at >= self.recalibrate_by else found


def upkeep(hub: Hub, principal: Principal, module: str, *, language: str = "en") -> Upkeep:
    """Compare the present with what the current model was taught; two audited reads, of the present and of the past."""
    with hub.reading() as session:
        model = store.current_model(session, module)
    spec = spec_of(hub, view := scoring_view_of(model.view))
    verify_model(hub, model, spec)
    at = newest_cut(spec, known_until(hub, spec), hub.clock())
    present = Gateway(hub).read(Reader(principal=principal, module=module), view, purpose=spec.purpose, as_of=at)
    frame = modelled(present.frame.with_columns(as_of=pl.lit(at)), spec)
    labelled = read_lessons(hub, principal, module, view=model.view).labelled
    parts = {"artefact": _artefact(hub, model), "frame": arrow(frame), "labelled": arrow(labelled)}
    told = json.loads(ask("drift", module, _message(parts, language=language)).part("drift"))
    cadence, marked = DECLARED[module].cadence, retrain_by(hub, model)
    taught = taught_at(model) + timedelta(days=cadence.retrain_days)
    return Upkeep(
        model=model,
        drift=told,
        recalibrate_by=model.trained_at + timedelta(days=cadence.recalibrate_days),
        retrain_by=taught if marked is None else min(marked, taught),
    )


def recalibrate(hub: Hub, principal: Principal, module: str) -> tuple[bytes, dict[str, Any]]:
    """Fit the current model's probabilities to what happened since it learned; return the new model and its report.

    Raises:
        ChildFailed: no outcome is known yet that the model was not taught.

    """
    with hub.reading() as session:
        model = store.current_model(session, module)
    lessons = read_lessons(hub, principal, module, view=model.view)
    if lessons.released.spec.hash != model.spec_hash:
        raise ChildFailed(module, "ViewChanged", "the view changed since training: train the module again")
    parts = {"artefact": _artefact(hub, model), "labelled": arrow(lessons.labelled)}
    answer = ask("recalibrate", module, _message(parts))
    model_id = keep_recalibrated(hub, principal, model, answer, taught=lessons.released)
    return model_id, json.loads(answer.part("report"))


def compare(hub: Hub, principal: Principal, module: str, challenger: bytes | None = None) -> dict[str, Any]:
    """Judge the current model and a challenger (by default the newest other one) by cuts that neither was taught.

    Raises:
        ModelNotFound: there is no other model.
        ChildFailed: no such cut is known yet.

    """
    with hub.reading() as session:
        champion = store.current_model(session, module)
        other = store.get_model(session, module, challenger) if challenger else store.newest_other(session, champion)
    lessons = read_lessons(hub, principal, module, view=champion.view)
    parts = {"champion": _artefact(hub, champion), "challenger": _artefact(hub, other)}
    message = _message(parts | {"labelled": arrow(lessons.labelled)}, seed=_SEED)
    told: dict[str, Any] = json.loads(ask("compare", module, message).part("comparison"))
    return told | {"champion_id": champion.model_id.hex(), "challenger_id": other.model_id.hex()}


def adopt(hub: Hub, principal: Principal, module: str, model_id: bytes) -> None:
    """Make a model the current one of its module; audited, and undone by adopting the other."""
    with hub.unit_of_work() as session:
        model = store.get_model(session, module, model_id)
        store.adopt(session, model)
        fields = AuditFields(model=model_id.hex(), view=model.view)
        hub.audit(session, "model.adopt", principal.principal_id, fields)


def card(hub: Hub, module: str, *, language: str = "en") -> dict[str, bytes]:
    """Return the card of the current model as `card` (JSON), `markdown` and `html`; it names nobody."""
    with hub.reading() as session:
        model = store.current_model(session, module)
    spec = spec_of(hub, model.view)
    purpose, cadence = hub.policy().purpose(spec.purpose), DECLARED[module].cadence
    context = {
        "language": language,
        "model_id": model.model_id.hex(),
        "trained_at": taught_at(model).isoformat(),
        "retrain_by": None if model.retrain_by is None else model.retrain_by.isoformat(),
        "cadence": {"recalibrate_days": cadence.recalibrate_days, "retrain_days": cadence.retrain_days},
        "view": model.view,
        "view_version": model.view_version,
        "purpose": str(purpose.id),
        "legal_basis": purpose.legal_basis.value,
        "prohibited_uses": list(prohibited_of(purpose)),
    }
    return dict(ask("card", module, Message(context, {"artefact": _artefact(hub, model)})).parts)


def _artefact(hub: Hub, model: TrainedModel) -> bytes:
    return store.read_artefact(hub.settings.models_folder, model)


def _message(parts: dict[str, bytes], **fields: object) -> Message:
    kinds = {name: "arrow" if name in {"frame", "labelled"} else "json" for name in parts}
    return Message(fields, parts, kinds)
