"""The next best action through the gate: whom a need came up for, who may be reached, what to do, and what it brought.

A suggestion is logged with its chance before anybody sees it. What is believed of an action is learned anew each time
from the log and from outcomes that the gate gives now: there is no state that could outlive an objection or an erasure.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import polars as pl

from hub.compose import Hub
from hub.contact.release import Outreach, release_check
from hub.errors import AccessRefused
from hub.predictions import store
from hub.predictions.child import ask
from hub.predictions.lessons import (
    customers_of,
    known_until,
    modelled,
    newest_cut,
    on_grid,
    scoring_view_of,
    verify_model,
)
from hub.predictions.suggested import keep, logged, people_of
from hub.views.gateway import PSEUDONYM, Gateway, Released
from hub.views.intent import Reader
from hub.views.spec import ViewSpec
from predict.registry import DECLARED
from predict.wire import Message, arrow
from privacy.audit import AuditFields
from privacy.terms import ContactChannel, RecordId

REACH: Final = "reach_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Of which actions to choose (`predict.next_need.action`), in which language to say why, with which seed."""

    catalogue: Mapping[str, Any]
    language: str = "en"
    seed: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """`rows`: one a customer (`predict.next_need.suggest`) and why in words; `learned_from`: past suggestions used."""

    rows: pl.DataFrame
    released: Released
    kept: int
    learned_from: int


def suggest(hub: Hub, who: Reader, module: str, question: Question) -> Suggested:
    """Choose an action for each customer of whom a need came up, and log what was chosen with its chance.

    Raises:
        AccessRefused: the gate said no.
        ChildFailed: the catalogue was refused, or the module suggests nothing; its reason is told.

    """
    with hub.reading() as session:
        model = store.current_model(session, module)
    spec = customers_of(hub, scoring_view_of(model.view))
    verify_model(hub, model, spec)
    at = newest_cut(spec, known_until(hub, spec), hub.clock())
    seen = _followed(hub, who, module)
    released = Gateway(hub).read(who, spec.name, purpose=spec.purpose, as_of=at)
    frame = modelled(released.frame.with_columns(as_of=pl.lit(at)), spec)
    parts = {
        "artefact": store.read_artefact(hub.settings.models_folder, model),
        "frame": arrow(frame),
        "reach": arrow(_reach(hub, spec, frame[PSEUDONYM], question.catalogue)),
        "seen": arrow(seen.filter(~pl.col("overridden")).select("need", "action", "bought")),
    }
    fields = {"catalogue": dict(question.catalogue), "at": hub.clock().isoformat(), "language": question.language}
    kinds = {name: "json" if name == "artefact" else "arrow" for name in parts}
    rows = ask("suggest", module, Message(fields | {"seed": question.seed}, parts, kinds)).frame("suggestions")
    chosen = rows.filter(pl.col("options") != "").with_columns(suggested_at=pl.lit(hub.clock()))
    kept = keep(hub, who.principal, module, spec, chosen)
    return Suggested(rows=rows, released=released, kept=kept, learned_from=seen.height)


def worth(hub: Hub, who: Reader, module: str, catalogue: Mapping[str, Any]) -> dict[str, Any]:
    """Say what four ways of choosing are worth a customer, by what was suggested and what followed.

    Raises:
        AccessRefused: the gate said no.
        ChildFailed: too few suggestions have an outcome that is known.

    """
    log = _followed(hub, who, module)
    message = Message({"catalogue": dict(catalogue)}, {"log": arrow(log)}, {"log": "arrow"})
    told: dict[str, Any] = json.loads(ask("worth", module, message).part("worth"))
    return told


def _followed(hub: Hub, who: Reader, module: str) -> pl.DataFrame:
    """Join suggestions whose window is over with what followed, read through the gate; nobody's where none is."""
    with hub.reading() as session:
        model = store.current_model(session, module)
    spec = customers_of(hub, model.view)
    if spec.label is None:
        raise AccessRefused("no_label", "The view of the current model teaches nothing")
    with hub.unit_of_work() as session:  # before the lake is read
        fields = AuditFields(module=module, view=spec.name, purpose=spec.purpose)
        hub.audit(session, "model.suggested", who.principal.principal_id, fields)
    window, until = timedelta(days=spec.label.starts_days + spec.label.horizon_days), known_until(hub, spec)
    log = logged(hub, module, spec).filter(pl.col("as_of") + window <= until)
    cuts = [cut for cut in log["as_of"].unique().sort().to_list() if on_grid(cut, spec.grid)]
    if not cuts:
        return log.clear().with_columns(bought=pl.lit(None, dtype=pl.Boolean))
    released = Gateway(hub).read_training(who, spec.name, purpose=spec.purpose, cuts=cuts, known_until=until)
    label = pl.col(DECLARED[module].label.name).cast(pl.Boolean)
    return log.join(released.frame.select(PSEUDONYM, "as_of", bought=label), on=[PSEUDONYM, "as_of"], how="inner")


def _reach(hub: Hub, spec: ViewSpec, pseudonyms: pl.Series, catalogue: Mapping[str, Any]) -> pl.DataFrame:
    """Say by which of the catalogue's channels each may be reached now; a plan, and no leave to write."""
    people, named = people_of(hub, spec, pseudonyms), catalogue.get("channels")
    wanted = set(named) if isinstance(named, Mapping) else set()
    found, records = people.select(PSEUDONYM, "record"), [RecordId(one) for one in people["record"]]
    purpose, at = hub.policy().purpose(spec.purpose), hub.clock()
    with hub.reading() as session:
        for channel in (one for one in ContactChannel if one.value in wanted):
            checked = release_check(session, records, Outreach(channel=channel, purpose=purpose, at=at))
            reached = checked.select("record", pl.col("because").is_null().alias(f"{REACH}{channel.value}"))
            found = found.join(reached, on="record", how="left", maintain_order="left")
    return found.drop("record")
