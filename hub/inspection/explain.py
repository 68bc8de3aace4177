"""Why one person is in a view, or not: the rule that fired first at the gate, in a sentence, and since when.

For the DPO alone: whether somebody is in a view is itself told about them. The look is audited before anything is read,
and stands in the person's own list of accesses.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.compose import Hub
from hub.consents import Subject
from hub.errors import AccessRefused
from hub.inspection.check import newest_instant
from hub.inspection.figures import OUTSIDE
from hub.inspection.reason import in_words, selection_in_words
from hub.me.standing import Stand, stands_of
from hub.me.why import since_of
from hub.retention.sight import RETENTION
from hub.views.compile import check_past
from hub.views.load import load_spec
from hub.views.preview import Presence, presence
from hub.views.registry import readable_spec
from hub.views.spec import ViewSpec
from hub.views.version import ViewState, newest_version
from privacy.audit import AuditFields
from privacy.store.principal import Principal
from privacy.terms import EntityKind, Role

IN_VIEW: Final = "in_view"
COUNTS_TOWARDS: Final = "counts_towards_organisation"
IN_FIGURES: Final = "counts_in_figures"
_MAY_EXPLAIN: Final = frozenset({Role.DPO})


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Where a person stands in a view at an instant: `rule` is the one that fired, `words` say it, `since` dates it.

    `since` is None where nothing that happened on a day made it so. `closed` names the rule by which nobody may read
    the view now, whoever is in it.
    """

    view: str
    version: int
    purpose: str
    as_of: datetime
    present: bool
    rule: str
    words: str
    since: datetime | None
    closed: str | None


def verify_may_explain(by: Principal) -> None:
    """Refuse whoever is not the DPO, before anybody is looked up.

    Raises:
        AccessRefused: names whom to ask.

    """
    if by.role not in _MAY_EXPLAIN:
        raise AccessRefused("role_may_not_explain", "Ask the DPO")


def explain(hub: Hub, subject: Subject, name: str, by: Principal, *, as_of: datetime | None = None) -> Explained:
    """Explain why one person is in a view, or not, at an instant of its grid; by default the newest.

    Raises:
        AccessRefused: the role may not, several people are meant, or there is no such view.
        CutRefused: the instant is off the grid, or still to come.

    """
    verify_may_explain(by)
    subject.verify_one_person()
    at = hub.clock()
    with hub.reading() as session:
        states = (ViewState.APPROVED, ViewState.SUBMITTED)
        row = next((row for state in states if (row := newest_version(session, name, state)) is not None), None)
        if row is None:
            raise AccessRefused("view_not_approved", "See `varde view list`")
        spec = load_spec(row.spec)
        instant = as_of or newest_instant(session, spec, at)
    check_past(spec, instant, at=at)
    with hub.unit_of_work() as session:
        fields = AuditFields(view=spec.name, view_version=spec.version, purpose=spec.purpose, records=subject.records)
        hub.audit(session, "view.explain", by.principal_id, fields)
    with hub.reading() as session:
        stands = stands_of(session, hub.policy(), subject.records, at=at)
        stand = next(each for each in stands if each.purpose.id == spec.purpose)
        closed = _closed(hub, name, at)
    rule, words, since = _because(hub, spec, stand, subject, instant)
    return Explained(
        view=spec.name,
        version=spec.version,
        purpose=spec.purpose,
        as_of=instant,
        present=rule in {IN_VIEW, IN_FIGURES, COUNTS_TOWARDS},
        rule=rule,
        words=words,
        since=since,
        closed=closed,
    )


def _because(
    hub: Hub, spec: ViewSpec, stand: Stand, subject: Subject, as_of: datetime
) -> tuple[str, str, datetime | None]:
    """Return rule, sentence and date: the decision comes first, then retention, then who is a row at all."""
    basis = stand.purpose.legal_basis
    if stand.refused is not None:
        return stand.refused, in_words(stand.refused), since_of(basis, stand.refused, stand.said)
    permitted = since_of(basis, None, stand.said)
    if spec.grain is not EntityKind.PERSON:
        return COUNTS_TOWARDS, in_words(COUNTS_TOWARDS), permitted
    found = presence(hub, spec, subject.records, as_of)
    if found.row:
        rule = IN_VIEW if spec.summary is None else IN_FIGURES
        return rule, in_words(rule), permitted
    if found.withheld:
        return RETENTION, in_words(RETENTION), None
    return _outside(spec, found, as_of)


def _outside(spec: ViewSpec, found: Presence, as_of: datetime) -> tuple[str, str, datetime | None]:
    """Say by which line of the population: an event that takes them out, else none of those that bring one in."""
    if found.out_by is not None:
        place, last = found.out_by
        whom = selection_in_words(spec.population.none_of[place])
        since = None if last is None else as_of - timedelta(days=last)
        return OUTSIDE, f"The view leaves out whoever has {whom}; they have.", since
    wanted = " or ".join(selection_in_words(rows) for rows in spec.population.any_of) or "events that it counts"
    return OUTSIDE, f"The view is of those who have {wanted}; they have not.", None


def _closed(hub: Hub, name: str, at: datetime) -> str | None:
    try:
        with hub.reading() as session:
            readable_spec(session, hub.policy(), name, at=at)
    except AccessRefused as refused:
        return refused.because
    return None
