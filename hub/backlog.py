"""What should have been done by now for people, said to whoever examines the home.

Letters that do not leave, recipients who were not told (Article 19), balancing tests that nobody looked at again.
"""

from datetime import timedelta
from typing import Final

from hub.compose import Hub
from hub.finding import Finding, State
from hub.outbox.store import undelivered
from hub.recipients.store import NoticeState, count_notices
from hub.views.version import count_due
from privacy.gates import is_review_due

_PATIENCE: Final = timedelta(hours=1)
"""A mail server may be down for a while; an answer that waits longer is somebody's right that waits."""
_CODES: Final = "one_time_code"
"""A code that nobody fetched in ten minutes is worth nothing, and its expiry is no fault."""


def letters(hub: Hub) -> Finding:
    """Count the letters that wait for long, and those that will never leave."""
    with hub.reading() as session:
        found = undelivered(session, since=hub.clock() - _PATIENCE, but=_CODES)
    if not found.waiting and not found.given_up:
        return Finding("letters", State.OK, "none waits for long, none was refused")
    told = f"{found.waiting} wait for more than an hour, {found.given_up} were refused or given up"
    server = "" if hub.settings.mail else "Set VARDE_MAIL; "
    return Finding("letters", State.WARNING, told, f"{server}`varde outbox list` shows them: tell them yourself")


def notices(hub: Hub) -> Finding:
    """Count the notices to recipients that were given up."""
    with hub.reading() as session:
        counted = count_notices(session)
    untold = sum(counted.get(each, 0) for each in (NoticeState.REFUSED, NoticeState.EXPIRED, NoticeState.UNNAMED))
    if untold:
        told = f"{untold} notices reached no recipient (Article 19)"
        return Finding("recipients", State.WARNING, told, "`varde recipient notices` shows them: tell them another way")
    waiting = counted.get(NoticeState.WAITING, 0)
    return Finding("recipients", State.OK, f"{waiting} notices on their way, none given up")


def reviews(hub: Hub) -> Finding:
    """Name the purposes whose balancing test should have been looked at again."""
    on = hub.clock().date()
    due = sorted(each.id for each in hub.policy().purposes if is_review_due(each, on=on))
    if due:
        remedy = "Weigh anew, write lia_date and lia_review_by, then `varde policy plan` and `apply`"
        return Finding("policy_reviews", State.WARNING, f"overdue: {', '.join(due)}", remedy)
    return Finding("policy_reviews", State.OK, "every balancing test is within its review")


def view_reviews(hub: Hub) -> Finding:
    """Count the approved views whose review is due: an approval that runs out closes whoever reads by it."""
    with hub.reading() as session:
        due = count_due(session, at=hub.clock())
    if due:
        remedy = "`varde view list` shows which: check them, submit a new version, approve it before they run out"
        return Finding("view_reviews", State.WARNING, f"{due} approved views are due for review", remedy)
    return Finding("view_reviews", State.OK, "no approved view is due for review")
