"""What a model is taught, read through the gate, and how what it became is kept: file, row, members and audit entry."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from hub.accesses import manifest_of
from hub.compose import Hub
from hub.errors import AccessRefused
from hub.predictions import store
from hub.predictions.hearing import find_earlier, find_texts
from hub.predictions.lessons import (
    described,
    families_of,
    known_since,
    known_until,
    labelled_cuts,
    modelled,
    segments_in,
    spec_of,
    verify_label,
    well_filled,
)
from hub.predictions.source_checks import find_faults
from hub.predictions.store import TrainedModel
from hub.predictions.triggers import Triggers, kept_triggers
from hub.views.compile import AS_OF
from hub.views.gateway import Gateway, Released
from hub.views.intent import Reader
from predict.registry import DECLARED
from predict.wire import Message, arrow
from privacy.audit import AuditFields
from privacy.store.principal import Principal
from privacy.terms import random_id

TAUGHT_AT: Final = "taught_at"
_MONTH: Final = timedelta(days=365.25 / 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """Every cut of a view whose outcome is known, as it was released; `months` is how far the records reach back.

    `texts` are what customers wrote, where the module hears any and may; `value` is what the company says of value;
    `earlier` is the model that it goes on with, `triggers` what brings its need up, and `themes` are the company's own.
    `faults` are what `varde source check` found last in files of the view's tables.
    """

    released: Released
    cuts: list[datetime]
    months: float
    texts: pl.DataFrame | None = None
    value: Mapping[str, Any] = field(default_factory=dict)
    earlier: bytes | None = None
    triggers: Triggers = ()
    themes: Mapping[str, Any] | None = None
    faults: Sequence[Mapping[str, Any]] = ()

    @property
    def labelled(self) -> pl.DataFrame:
        """Return the rows as a module knows them, labels included."""
        return modelled(self.released.frame, self.released.spec)

    def message(self, *, seed: int) -> Message:
        """Say to the child what there is to learn."""
        spec = self.released.spec
        fields = {
            "horizon_days": spec.label.horizon_days if spec.label else None,
            "seed": seed,
            "capacity": None,
            "history_months": self.months,
            "features": described(spec),
            "families": families_of(spec),
            "triggers": list(self.triggers),
            "value": dict(self.value),
            "faults": list(self.faults),
        }
        if self.themes is not None:
            fields["themes"] = dict(self.themes)
        parts = {"frame": arrow(self.labelled)}
        segments = segments_in(self.released.frame, spec)
        if segments is not None:
            parts["segments"] = arrow(segments)
        if self.texts is not None:
            parts["texts"] = arrow(self.texts)
        kinds = dict.fromkeys(parts, "arrow")
        if self.earlier is not None:
            parts["earlier"], kinds["earlier"] = self.earlier, "json"
        return Message(fields, parts, kinds)


def read_lessons(
    hub: Hub, principal: Principal, module: str, *, view: str | None = None, until: datetime | None = None
) -> Lessons:
    """Read what there is to learn from; with `until` only what was known by then.

    Raises:
        AccessRefused: the gate said no, the view teaches another label, or there is not enough history for one cut.

    """
    view = view or DECLARED[module].view
    spec = spec_of(hub, view)
    verify_label(spec, module)
    since, known = known_since(hub, spec), known_until(hub, spec)
    known = known if until is None else min(known, until)
    cuts = labelled_cuts(spec, since=since, known_until=known)
    if not cuts or spec.label is None:
        raise AccessRefused("no_labelled_cut", "There is not enough history yet for one horizon after the first month")
    reader = Reader(principal=principal, module=module)
    released = Gateway(hub).read_training(reader, view, purpose=spec.purpose, cuts=cuts, known_until=known)
    heard = find_texts(hub, reader) if until is None else None  # what is read now was not known then
    filled = well_filled(released.frame, cuts)
    begun = since if filled == cuts else filled[0] - _MONTH
    frame = released.frame.filter(pl.col(AS_OF) >= filled[0])
    return Lessons(
        released=replace(released, frame=frame),
        cuts=filled,
        months=(known - begun) / _MONTH,
        texts=heard,
        value=hub.settings.value,
        earlier=find_earlier(hub, module),
        triggers=kept_triggers(hub, module),
        faults=find_faults(hub.settings.checks_folder, spec.tables),
    )


def keep_model(hub: Hub, principal: Principal, module: str, answer: Message, *, taught: Released) -> bytes:
    """Keep a model that learned from a release as the module's current one; return its id."""
    row = _written(hub, principal, module, answer, taught)
    with hub.unit_of_work() as session:
        members, revision = manifest_of(hub, session, taught.release_id, row["model_id"])
        store.add_model(session, row | {"members": members, "crosswalk_revision": revision})
        hub.audit(session, "model.train", principal.principal_id, _told(row, taught))
    return bytes(row["model_id"])


def keep_challenger(hub: Hub, principal: Principal, module: str, answer: Message, *, taught: Released) -> bytes:
    """Keep a model beside the current one, to be compared with it; return its id."""
    row = _written(hub, principal, module, answer, taught)
    with hub.unit_of_work() as session:
        members, revision = manifest_of(hub, session, taught.release_id, row["model_id"])
        store.add_challenger(session, row | {"members": members, "crosswalk_revision": revision})
        hub.audit(session, "model.train", principal.principal_id, _told(row, taught))
    return bytes(row["model_id"])


def keep_recalibrated(
    hub: Hub, principal: Principal, earlier: TrainedModel, answer: Message, *, taught: Released
) -> bytes:
    """Keep a model whose probabilities were fitted anew; it learned from whom the earlier one did, and from these."""
    row = _written(hub, principal, earlier.module, answer, taught) | {"retrain_by": earlier.retrain_by}
    told = json.loads(row["report"]) | {TAUGHT_AT: taught_at(earlier).isoformat()}
    known = None if earlier.members is None else (earlier.model_id, earlier.members)
    with hub.unit_of_work() as session:
        members, revision = manifest_of(hub, session, taught.release_id, row["model_id"], beside=known)
        kept = {"members": members, "crosswalk_revision": revision, "report": json.dumps(told, sort_keys=True)}
        store.add_model(session, row | kept)
        hub.audit(session, "model.recalibrate", principal.principal_id, _told(row, taught))
    return bytes(row["model_id"])


def taught_at(model: TrainedModel) -> datetime:
    """Return when a model learned last; fitting its probabilities anew teaches it nothing."""
    told = json.loads(model.report).get(TAUGHT_AT)
    return model.trained_at if told is None else datetime.fromisoformat(told)


def _written(hub: Hub, principal: Principal, module: str, answer: Message, taught: Released) -> dict[str, Any]:
    """Write the model's file and return its row, members left out."""
    spec, model_id = taught.spec, random_id()
    return {
        "model_id": model_id,
        "module": module,
        "view": spec.name,
        "view_version": spec.version,
        "spec_hash": spec.hash,
        "trained_at": hub.clock(),
        "trained_by": principal.principal_id,
        "training_release": taught.release_id,
        "file_sha256": store.write_artefact(hub.settings.models_folder, model_id, answer.part("artefact")),
        "report": answer.part("report").decode(),
    }


def _told(row: dict[str, Any], taught: Released) -> AuditFields:
    rows, release = taught.frame.height, taught.release_id
    return AuditFields(model=row["model_id"].hex(), view=row["view"], act_id=release, rows=rows)
