"""Texts read through the gate for a module that hears them: what customers wrote, redacted, for one purpose.

The view of messages is approved by itself, and its reads are counted by itself. Where it is not approved, a module does
without, and says so in its report; every other refusal is a refusal. Texts go to the child process and stay there:
what comes back holds none.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.predictions import store
from hub.predictions.child import ask
from hub.predictions.lessons import known_until, newest_cut
from hub.views.gateway import Gateway, Released
from hub.views.intent import Reader, reader_of
from hub.views.registry import readable_spec
from predict.registry import DECLARED
from predict.wire import Message, arrow
from privacy.store.principal import Principal

_NOT_THERE: Final = frozenset({"view_not_approved", "approval_expired"})
AS_OF: Final = "as_of"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was heard in texts at an instant, a row a message under pseudonyms, and the release that it came of."""

    as_of: datetime
    rows: pl.DataFrame
    released: Released


def find_texts(hub: Hub, who: Reader) -> pl.DataFrame | None:
    """Read the texts of a module at the newest instant of their view; None where it reads none or none may be read."""
    if who.module is None or not DECLARED[who.module].texts:
        return None
    try:
        at, released = _read(hub, who, None)
    except AccessRefused as refused:
        if refused.because in _NOT_THERE:
            return None
        raise
    return released.frame.with_columns(pl.lit(at).alias(AS_OF))


def hear(hub: Hub, who: Principal | Reader, module: str, *, as_of: datetime | None = None) -> Heard:
    """Hear every text that the view releases at `as_of`; by default at the newest instant of its grid.

    Raises:
        AccessRefused: the gate said no, the module reads no texts, or its view is not approved.
        ChildFailed: the module refused.

    """
    if not DECLARED[module].texts:
        raise AccessRefused("no_texts", "Only modules that declare a view of texts hear any")
    with hub.reading() as session:
        model = store.current_model(session, module)
    at, released = _read(hub, replace(reader_of(who), module=module), as_of)
    artefact = store.read_artefact(hub.settings.models_folder, model)
    parts = {"artefact": artefact, "texts": arrow(released.frame)}
    answer = ask("hear", module, Message({}, parts, {"artefact": "json", "texts": "arrow"}))
    return Heard(as_of=at, rows=answer.frame("heard"), released=released)


def find_earlier(hub: Hub, module: str) -> bytes | None:
    """Return the artefact of a module's current model, whose topics a new one goes on with; None: it hears none."""
    if not DECLARED[module].texts:
        return None
    with hub.reading() as session:
        model = next((each for each in store.all_models(session) if each.module == module and each.current), None)
    return None if model is None else store.read_artefact(hub.settings.models_folder, model)


def _read(hub: Hub, who: Reader, as_of: datetime | None) -> tuple[datetime, Released]:
    view = DECLARED[who.module or ""].texts
    with hub.reading() as session:
        spec = readable_spec(session, hub.policy(), view, at=hub.clock())
    at = as_of or newest_cut(spec, known_until(hub, spec), hub.clock())
    return at, Gateway(hub).read(who, view, purpose=spec.purpose, as_of=at)
