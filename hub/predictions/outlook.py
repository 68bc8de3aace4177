"""What service tells beside scores, through the gate: cases to come by day and topic, seats that fill up, visits.

Nothing of it is trained beforehand or kept: each is made of the rows of one audited read, in the confined child. Visits
need the current model of maintenance.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from hub.compose import Hub
from hub.predictions import store
from hub.predictions.child import ask
from hub.predictions.lessons import (
    by_row,
    known_until,
    modelled,
    newest_cut,
    of_rows,
    scoring_view_of,
    spec_of,
    verify_model,
)
from hub.views.gateway import PSEUDONYM, Gateway, Released
from hub.views.intent import Reader
from hub.views.registry import readable_spec
from hub.views.spec import ViewSpec
from predict.wire import Message, arrow

CASES: Final = "service_cases"
SEATS: Final = "service_seats"
SERVICE: Final = "service"
MAINTENANCE: Final = "maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What the module tells (`predict.service.answers`): `rows`, and `told`, plain JSON values that hold for all.

    `machines`: of visits, one row a machine; else None.
    """

    as_of: datetime
    rows: pl.DataFrame
    told: dict[str, Any]
    released: Released
    machines: pl.DataFrame | None = None


def load(hub: Hub, who: Reader, *, ahead: int, holidays: Collection[date], view: str = CASES) -> Outlook:
    """Foretell cases by day and topic: days, topics, means and intervals, nobody's row.

    Raises:
        AccessRefused: the gate said no.
        ChildFailed: there are too few cases to tell.

    """
    released, at = _read(hub, who, view)
    cases = released.frame.select("case_age_days", "case_category")
    fields = {"until": at.date().isoformat(), "ahead": ahead, "holidays": _told(holidays)}
    return _asked("load", SERVICE, Message(fields, {"cases": arrow(cases)}, {"cases": "arrow"}), (released, at))


def limits(hub: Hub, who: Reader, *, view: str = SEATS) -> Outlook:
    """Tell when each customer's seats are full; raises AccessRefused where the gate says no."""
    released, at = _read(hub, who, view)
    names = {"days_ago": "days_since_change", "seats": "seats_counted", "seat_limit": "seats_allowed"}
    changes = released.frame.select(PSEUDONYM, **names)
    fields = {"until": at.date().isoformat()}
    return _asked("limits", SERVICE, Message(fields, {"changes": arrow(changes)}, {"changes": "arrow"}), (released, at))


def visits(hub: Hub, who: Reader, *, holidays: Collection[date]) -> Outlook:
    """Plan visits to machines that are due, by the current model of maintenance.

    Raises:
        ModelNotFound: none has been trained.
        AccessRefused: the gate said no, or the view changed since the training.

    """
    with hub.reading() as session:
        model = store.current_model(session, MAINTENANCE)
    spec = spec_of(hub, view := scoring_view_of(model.view))
    verify_model(hub, model, spec)
    released, at = _read(hub, who, view)
    frame = modelled(released.frame.with_columns(as_of=pl.lit(at)), spec)
    whose = by_row(released.frame.with_columns(owner=PSEUDONYM), spec).select(PSEUDONYM, "owner")
    parts = {"artefact": store.read_artefact(hub.settings.models_folder, model)}
    parts |= {"frame": arrow(frame), "whose": arrow(whose)}
    kinds = {"artefact": "json", "frame": "arrow", "whose": "arrow"}
    fields = {"until": at.date().isoformat(), "holidays": _told(holidays)}
    return _asked("visits", MAINTENANCE, Message(fields, parts, kinds), (released, at))


def _read(hub: Hub, who: Reader, view: str) -> tuple[Released, datetime]:
    """Read a view at the newest instant of its grid."""
    with hub.reading() as session:
        spec = readable_spec(session, hub.policy(), view, at=hub.clock())
    at = newest_cut(spec, known_until(hub, spec), hub.clock())
    return Gateway(hub).read(who, view, purpose=spec.purpose, as_of=at), at


def _asked(asked: str, module: str, message: Message, read: tuple[Released, datetime]) -> Outlook:
    answer, (released, at) = ask(asked, module, message), read
    machines = answer.frame("machines") if "machines" in answer.parts else None
    return Outlook(
        as_of=at,
        rows=answer.frame("rows"),
        told=json.loads(answer.part("told")),
        released=released,
        machines=None if machines is None else _apart(machines, released.spec),
    )


def _apart(machines: pl.DataFrame, spec: ViewSpec) -> pl.DataFrame:
    return of_rows(machines, spec).rename({PSEUDONYM: "owner"})


def _told(days: Collection[date]) -> list[str]:
    return [day.isoformat() for day in sorted(days)]
