"""Whether every request is answered in time, said to whoever examines the home."""

from datetime import timedelta
from typing import Final

from hub.compose import Hub
from hub.finding import Finding, State
from hub.requests.steps import seat_here
from privacy.request import SubjectRequest
from privacy.store.request import open_requests

SOON: Final = timedelta(days=7)
"""A request is soon due in the last week: time enough to ask a colleague, or to extend."""

_CHECK: Final = "requests"


def lateness(hub: Hub) -> Finding:
    """Count the requests that are late or soon due."""
    today = seat_here(hub).today(hub.clock())
    with hub.reading() as session:
        waiting = open_requests(session)
    late = sum(each.is_overdue(today) for each in waiting)
    soon = len(due_within(waiting, hub)) - late
    remedy = "`varde request list --due` shows them; answer, or extend within the first month"
    if late:
        found = f"{late} are late (Article 12(3)), {soon} due within {SOON.days} days"
        return Finding(_CHECK, State.FAULT, found, remedy)
    if soon:
        return Finding(_CHECK, State.WARNING, f"{soon} are due within {SOON.days} days", remedy)
    return Finding(_CHECK, State.OK, f"{len(waiting)} wait for an answer, none is late or due within {SOON.days} days")


def due_within(waiting: list[SubjectRequest], hub: Hub) -> list[SubjectRequest]:
    """Return those of some requests that are late or soon due."""
    last = seat_here(hub).today(hub.clock()) + SOON
    return [each for each in waiting if each.is_open and each.due_on is not None and each.due_on <= last]
