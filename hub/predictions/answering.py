"""Suggested answers: threads that wait are read through the gate, and what became of suggestions is kept in the log.

Nothing is sent from here. What a colleague did with an answer is an audit entry that names the answer and the outcome,
nobody else: so a library is judged, and no customer and no thread is in it.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib.resources import files
from typing import Any, Final

import polars as pl

from hub.compose import Hub
from hub.errors import StudyNotFound
from hub.predictions import studies
from hub.predictions.child import ask
from hub.predictions.voice_tasks import PURPOSE, verify_may, verify_may_look
from hub.predictions.voicing import VIEWS, renamed
from hub.views.gateway import Gateway, Released
from hub.views.intent import Reader
from hub.views.quota import period_around
from hub.views.registry import readable_spec
from predict.wire import Message, arrow
from privacy.audit import AuditFields
from privacy.store.audit import entries
from privacy.store.epoch import lock_epoch
from privacy.store.principal import Principal

STUDY: Final = "answers"
ACTION: Final = "voice.answer"
MOST_JUDGED: Final = 10_000
"""So many of the newest outcomes judge a library."""
_VIEW, _PREFIX = VIEWS["replies"]


class Outcome(StrEnum):
    """What a colleague did with a suggested answer, or with a candidate for the page of questions."""

    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"
    TAKEN_OVER = "taken_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to suggest from: the library, a company's own themes, the language of the page, how many threads to show."""

    library: Mapping[str, Any]
    themes: Mapping[str, Any] | None = None
    language: str = "en"
    shown: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """Suggestions, a row a waiting thread; counts and candidates for questions; the page; and the release."""

    as_of: datetime
    rows: pl.DataFrame
    told: Mapping[str, Any]
    html: bytes
    released: Released


def shipped_library() -> str:
    """Return the answers that come with Varde, as text to edit."""
    return files("hub.predictions").joinpath("library.yaml").read_text(encoding="utf-8")


def suggest(hub: Hub, who: Reader, wish: Wish, *, as_of: datetime | None = None) -> Suggested:
    """Suggest an answer for each thread that waits at an instant; by default at the newest one of the view's grid.

    Raises:
        AccessRefused: the gate said no.
        ChildFailed: the library does not make sense.

    """
    with hub.reading() as session:
        spec = readable_spec(session, hub.policy(), _VIEW, at=hub.clock())
    at = as_of or period_around(spec.grid, hub.clock())[0]
    released = Gateway(hub).read(who, _VIEW, purpose=spec.purpose, as_of=at)
    fields = {"language": wish.language, "library": dict(wish.library), "shown": wish.shown, "judged": judged(hub)}
    if wish.themes is not None:
        fields["themes"] = dict(wish.themes)
    asked = Message(fields, {"replies": arrow(renamed(released.frame, _PREFIX))}, {"replies": "arrow"})
    answer = ask("study", STUDY, asked)
    told = json.loads(answer.part("told"))
    names = {str(one["name"]) for one in wish.library["answers"]} | {str(one["key"]) for one in told["faq"]}
    with hub.unit_of_work() as session:
        lock_epoch(session)  # of two pages at once the second sees what the first noted
        studies.note_offered(session, names, at=hub.clock())
    return Suggested(
        as_of=at,
        rows=answer.frame("suggestions"),
        told=told,
        html=answer.part("html"),
        released=released,
    )


def note(hub: Hub, principal: Principal, answer: str, outcome: Outcome) -> None:
    """Note what became of a suggested answer, by its name, or of a candidate, by its key.

    Raises:
        AccessRefused: the credential may not use the purpose.
        StudyNotFound: no page of suggestions had that: whatever was typed does not reach the log.

    """
    verify_may(hub, principal)
    with hub.unit_of_work() as session:
        if not studies.was_offered(session, answer):
            raise StudyNotFound("no page of suggestions had that", "Names stand on the page of `varde voice answers`")
        fields = AuditFields(purpose=PURPOSE, reason=answer, outcome=outcome.value)
        hub.audit(session, ACTION, principal.principal_id, fields)


def look(hub: Hub, principal: Principal) -> dict[str, dict[str, int]]:
    """Say how often each answer was accepted, edited, rejected or taken over: of answers, never of colleagues.

    Raises:
        AccessRefused: the credential may not use the purpose, and is no DPO's.

    """
    verify_may_look(hub, principal)
    return judged(hub)


def judged(hub: Hub) -> dict[str, dict[str, int]]:
    """Count outcomes by answer, of the newest `MOST_JUDGED`."""
    with hub.reading() as session:
        found = [entry.fields for _, entry in entries(session, action=ACTION, limit=MOST_JUDGED)]
    counts = Counter((str(each.reason), str(each.outcome)) for each in found)
    return {
        name: {outcome: count for (other, outcome), count in counts.items() if other == name}
        for name in sorted({name for name, _ in counts})
    }
