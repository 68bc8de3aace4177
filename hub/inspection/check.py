"""Check a view on real data before anybody approves it: audited first, built as a release is, and nothing leaves.

The entry is committed before the lake is opened; if it cannot be, nothing is read. What was found is kept under the
hashes of all that an approval binds, with an entry of its own that names its SHA-256.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.inspection.cells import cells_of
from hub.inspection.cost import cost_of
from hub.inspection.differencing import Read, differences, no_differences
from hub.inspection.figures import OUTSIDE, Figures, Plan, plan_of, read, without_few, written
from hub.inspection.groups import diversity_of, groups_of, unique_rows
from hub.inspection.ladder import ladder_of
from hub.inspection.lineage import lineage_of, unused
from hub.inspection.search import least_loss
from hub.lake.catalogue import files_of
from hub.lake.terms import FileState
from hub.predictions.lessons import newest_cut
from hub.predictions.store import TrainedModel, all_models
from hub.recipients.store import live_recipients
from hub.retention.sight import RETENTION
from hub.views.budget import spent_of
from hub.views.checked import Check, add_check, bound_of, find_check
from hub.views.compile import check_past
from hub.views.folding import SUBJECT
from hub.views.load import load_spec
from hub.views.preview import Preview, Previewed, previewed
from hub.views.quota import period_around
from hub.views.registry import MAY_SUBMIT
from hub.views.release import released
from hub.views.spec import ViewSpec
from hub.views.version import Version, ViewState, newest_version
from privacy.audit import AuditFields
from privacy.minimisation import hide_groups_below
from privacy.store.principal import Principal
from privacy.terms import PrincipalId, Role, random_id

_SEES_FEW: Final = frozenset({Role.DPO, Role.OWNER})
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A check: of which rules, when, at which instant, and its figures as the principal may see them."""

    check_id: bytes
    spec_hash: bytes
    checked_at: datetime
    as_of: datetime
    figures: Figures


def check(hub: Hub, name: str, principal: Principal, *, as_of: datetime | None = None) -> Checked:
    """Check what was submitted of a view (else what is approved), at an instant of its grid; by default the newest.

    An approval rests on checks at the newest instant alone: one that the asker chose may lie before the small groups.

    Raises:
        AccessRefused: the role may not, or somebody else wrote the view.
        CutRefused: the instant is off the grid, or still to come.

    """
    with hub.reading() as session:
        spec = load_spec(checkable(session, name, principal).spec)
        models = all_models(session)
        recipients = [each.name for each in live_recipients(session) if spec.purpose in each.purposes]
        newest, spent = newest_instant(session, spec, hub.clock()), spent_of(session, spec)
    instant = as_of or newest
    check_past(spec, instant, at=hub.clock())
    check_id = random_id()
    with hub.unit_of_work() as session:
        fields = replace(_fields(spec, check_id), role=principal.role, as_of=instant)
        hub.audit(session, "view.check", principal.principal_id, fields)
    found = previewed(hub, spec, [period_around(spec.grid, instant - _TICK)[0], instant])
    kept = Check(
        check_id=check_id,
        view=spec.name,
        version=spec.version,
        spec_hash=spec.hash,
        purpose_hash=bound_of(spec, found.policy).purpose_hash,
        reach_hash=bound_of(spec, found.policy).reach_hash,
        as_of=instant,
        checked_at=hub.clock(),
        checked_by=principal.principal_id,
        epoch=found.epoch,
        figures=written(_figures(spec, found, models, recipients, spent)),
    )
    _note(hub, kept, _fields(spec, check_id), principal.principal_id, newest)
    return _shown(kept, principal)


def last_check(hub: Hub, name: str, principal: Principal) -> Checked | None:
    """Return the newest check under the rules that hold now of what was submitted (else approved), if there is one.

    Raises:
        AccessRefused: as `check`.

    """
    with hub.reading() as session:
        spec = load_spec(checkable(session, name, principal).spec)
        found = find_check(session, spec.name, bound_of(spec, hub.policy()))
    return None if found is None else _shown(found, principal)


def checkable(session: Session, name: str, principal: Principal) -> Version:
    """Return the version that a principal may check: any for DPO and owner, their own for authors.

    Raises:
        AccessRefused: there is none, the role may not, or somebody else wrote it.

    """
    if principal.role not in _SEES_FEW | MAY_SUBMIT:
        raise AccessRefused("role_may_not_check", "Ask the DPO, the owner or the author of the view")
    states = (ViewState.SUBMITTED, ViewState.APPROVED)
    row = next((row for state in states if (row := newest_version(session, name, state)) is not None), None)
    if row is None:
        raise AccessRefused("nothing_submitted", "Submit the view first: `varde view submit FILE`")
    if principal.role not in _SEES_FEW:
        if principal.person_id != row.author_person:
            raise AccessRefused("not_the_author", "Ask the DPO, the owner or the author of the view")
        if not principal.may_use(purpose=row.purpose, view=row.name):
            raise AccessRefused("credential_not_bound", f"Ask for a grant on purpose {row.purpose} and view {row.name}")
    return row


def _figures(
    spec: ViewSpec, found: Previewed, models: list[TrainedModel], recipients: list[str], spent: int
) -> Figures:
    """Measure; the pieces say how."""
    newest, quasi = found.at_instants[-1], spec.quasi_identifiers
    cells = cells_of(spec, *found.at_instants, spent=spent)
    leaving = [_leaving_rows(spec, each) for each in found.at_instants]
    banded = _generalised(spec, leaving[-1])
    first, last = (_as_released(spec, each) for each in leaving)
    by_row, no_moves = cells is None, no_differences(first.as_of, last.as_of)
    released_names = [each.name for each in spec.released] if by_row else []
    threads = lineage_of(spec, models, {*found.policy.purpose(spec.purpose).recipients, *recipients})
    absent = dict(found.absent) | ({RETENTION: newest.withheld} if newest.withheld else {})
    outside = found.permitted - newest.frame[SUBJECT].n_unique() - newest.withheld
    return Figures(
        view=spec.name,
        version=spec.version,
        k=spec.k,
        quasi_identifiers=quasi,
        customers=found.permitted + sum(found.absent.values()),
        rows=newest.frame.height if cells is None else cells.released or 0,
        lost=absent | ({OUTSIDE: outside} if outside else {}),
        unique=unique_rows(last.frame, [name for name in last.frame.columns if name not in last.names])
        if by_row
        else 0,
        groups=groups_of(banded, quasi, k=spec.k),
        diversity=diversity_of(last.frame, quasi, [name for name in released_names if name not in quasi]),
        plan=_plan(spec, newest) if quasi else None,
        differences=differences(first, last, found.events, quasi, k=spec.k) if by_row else no_moves,
        lineage=threads,
        unused=unused(threads),
        cost=cost_of(spec, found.files, as_of=newest.as_of),
        cells=cells,
    )


def _leaving_rows(spec: ViewSpec, preview: Preview) -> Preview:
    """Return the rows that leave: of a summary none do, whatever its figures are made of."""
    return preview if spec.summary is None else replace(preview, frame=preview.frame.select(SUBJECT).clear())


def _plan(spec: ViewSpec, preview: Preview) -> Plan:
    features = {each.name: each for each in spec.released if each.name in spec.quasi_identifiers}
    ladders = {name: ladder_of(feature, preview.frame[name]) for name, feature in features.items()}
    return plan_of(least_loss(preview.frame, ladders, k=spec.k))


def _generalised(spec: ViewSpec, preview: Preview) -> pl.DataFrame:
    """Release the quasi-identifiers as the spec says; texts are levels already."""
    quasi = [each for each in spec.released if each.name in spec.quasi_identifiers]
    numbers = [each for each in quasi if preview.frame.schema[each.name] != pl.String]
    return preview.frame.with_columns(released(each) for each in numbers)


def _as_released(spec: ViewSpec, preview: Preview) -> Read:
    frame = _generalised(spec, preview)
    if spec.quasi_identifiers:
        frame = hide_groups_below(frame.lazy(), spec.quasi_identifiers, k=spec.k).collect()
    return Read(preview.as_of, frame, (SUBJECT,) if spec.key is None else (SUBJECT, spec.key.name))


def newest_instant(session: Session, spec: ViewSpec, at: datetime) -> datetime:
    """Return the newest instant of the grid that has seen all that is known, never after now."""
    live = [file for table in spec.tables for file in files_of(session, table=table, states=[FileState.LIVE])]
    last = max((file.max_event_at for file in live), default=at)
    return newest_cut(spec, min(last + _TICK, at), at)


def _note(hub: Hub, check: Check, fields: AuditFields, by: PrincipalId, newest: datetime) -> None:
    """Tell of a check in the log, by its digest; keep it for an approval to rest on if it is of the newest instant."""
    digest = hashlib.sha256(check.figures.encode()).hexdigest()
    with hub.accounted() as session:
        if check.as_of == newest:
            add_check(session, check)
        hub.audit(session, "view.check.complete", by, replace(fields, rows=read(check.figures).rows, sha256=digest))


def _shown(kept: Check, principal: Principal) -> Checked:
    figures = read(kept.figures)
    return Checked(
        check_id=kept.check_id,
        spec_hash=kept.spec_hash,
        checked_at=kept.checked_at,
        as_of=kept.as_of,
        figures=figures if principal.role in _SEES_FEW else without_few(figures),
    )


def _fields(spec: ViewSpec, check_id: bytes) -> AuditFields:
    return AuditFields(
        act_id=check_id,
        view=spec.name,
        view_version=spec.version,
        view_hash=spec.hash.hex(),
        purpose=spec.purpose,
    )
