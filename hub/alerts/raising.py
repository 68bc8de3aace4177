"""Look through what came in: read once through the gate, judged by rules in a confined child, kept as alerts.

Rules kept:
- texts leave through the gate alone, under the view's purpose, each once; withheld ones are null there;
- alerts and the marks of the files that were looked through are one transaction: after a crash anywhere the files are
  looked through again, and a message of which there is an alert gets no second one;
- under the epoch's lock nobody of the alerts has changed since the release: who said no meanwhile has none;
- while a delivery settles, files are looked through but not marked: who is new in it is read by nobody yet
  (`hub.alerts.patience` says how often).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import polars as pl
from sqlmodel import Session

from hub.alerts.arrivals import Unheard, arrived
from hub.alerts.own_words import own_words
from hub.alerts.patience import may_wait
from hub.alerts.rules import KINDS, AlertRule, rules_of
from hub.alerts.sealing import Said, draw_keys, seal_said
from hub.alerts.store import AlertState, SealedAlert, add_alerts, note_heard, raised_events
from hub.compose import Hub
from hub.errors import ReadContended
from hub.lake.catalogue import files_of
from hub.lake.terms import FileState
from hub.predictions.child import ask
from hub.views.arrival import ARRIVED_AT, ArrivedIn
from hub.views.gateway import Gateway, Released
from hub.views.intent import Reader
from hub.views.keyed import names_of_keys
from hub.views.quota import Asked
from hub.views.registry import readable_spec
from hub.views.spec import ViewSpec
from ingest.store.visible import settling_since
from predict.wire import Message, arrow
from privacy.audit import AuditFields
from privacy.keys import Key
from privacy.store.epoch import lock_epoch, records_changed_since
from privacy.store.principal import Principal
from privacy.terms import ID_BYTES, FileId, PersonId, PrincipalId, RecordId, Role, random_id

VIEW: Final = "satisfaction_alerts"
PURPOSE: Final = "satisfaction"
STUDY: Final = "alerts"
TABLE: Final = "messages"
_HUB: Final = PrincipalId(bytes(ID_BYTES))
_AHEAD: Final = timedelta(days=1)
"""A source's clock may be ahead of ours: a message of an hour to come is read now, for its file is marked now."""
_ATTEMPTS: Final = 5
_AT_ONCE: Final = 50_000
"""Texts that a child is given at a time."""
_Judged = tuple[Released, pl.DataFrame, set[FileId]]
"""What was read, what of it is critical, and the files that it came from."""

ITSELF: Final = Principal(
    principal_id=_HUB,
    person_id=PersonId(bytes(ID_BYTES)),
    role=Role.SERVICE,
    purposes=frozenset({PURPOSE}),
    views=frozenset({VIEW}),
)
"""Who reads when the service looks by itself: bound to this one view and purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look found: so many messages read, so many alerts that are new."""

    messages: int = 0
    raised: int = 0


def look(hub: Hub, principal: Principal = ITSELF) -> Looked:
    """Look through the messages that came in since the last look; without any nothing is read or logged.

    Raises:
        AccessRefused: the view is not approved, or the credential may not read it.
        SettingsInvalid: alerts.yaml or themes.yaml makes no sense.
        ReadContended: who wrote kept changing what may be read of them.

    """
    rules, words = rules_of(hub), own_words(hub)
    with hub.reading() as session:
        spec = readable_spec(session, hub.policy(), VIEW, at=hub.clock())
    for attempt in range(_ATTEMPTS):
        with hub.reading() as session:
            files = files_of(session, table=TABLE, states=[FileState.LIVE])
            there, settling = frozenset(file.file_id for file in files), settling_since(session) is not None
            waiting = arrived(session, files, at=hub.clock()).values()
            by, at = principal.principal_id, hub.clock()
            if not waiting or (not attempt and may_wait(session, VIEW, waiting, by=by, at=at)):
                return Looked()
        unheard = Unheard(hub, there)
        found = _looked(hub, principal, spec, unheard, words)
        if found is not None:
            released, alerts, files_read = found
            marked = unheard.made_of_heard | (set() if settling else files_read | unheard.passed_over)
            looked = _kept(hub, principal, (released, alerts, marked), rules)
            if looked is not None:
                return looked
    raise ReadContended(VIEW)


def _looked(
    hub: Hub, principal: Principal, spec: ViewSpec, unheard: Unheard, words: Mapping[str, Any]
) -> _Judged | None:
    """Read and judge; None where pseudonyms were renewed meanwhile."""
    gateway = Gateway(hub)
    arrivals = ArrivedIn(hub.clock() + _AHEAD, unheard)
    reader = Reader(principal=principal, module=PURPOSE)
    source = partial(gateway.build_with, VIEW, spec.purpose, arrivals)
    released = gateway.release_built(reader, VIEW, spec.purpose, Asked(as_of=hub.clock()), source)
    gateway.complete(released, principal)
    hub.reached("alerts_read")
    alerts = _judged(hub, spec, (released, words), arrivals)
    hub.reached("alerts_judged")
    return None if alerts is None else (released, alerts, set(arrivals.files))


def _judged(
    hub: Hub, spec: ViewSpec, asked: tuple[Released, Mapping[str, Any]], arrivals: ArrivedIn
) -> pl.DataFrame | None:
    """Say which messages are critical: person, event_id, arrived_at, kinds, words; None where names have changed."""
    released, words = asked
    parts = [
        ask("study", STUDY, Message({"themes": words}, {"texts": arrow(part)}, {"texts": "arrow"})).frame("alerts")
        for part in released.frame.iter_slices(_AT_ONCE)
        if part.height
    ]
    found = pl.concat(parts) if parts else pl.DataFrame(schema={"message": pl.Binary()})
    if found.is_empty():
        return found
    domain = hub.domain(hub.policy().purpose(spec.purpose).domain)
    owned = arrivals.owned.drop_nulls()
    named = owned.with_columns(message=names_of_keys(owned["event_id"], "message", domain))
    alerts = found.join(named.unique("message"), on="message", how="inner")
    return alerts if alerts.height == found.height else None  # pseudonyms were renewed since the release


def _kept(
    hub: Hub,
    principal: Principal,
    found: _Judged,
    rules: dict[str, AlertRule],
) -> Looked | None:
    """Keep alerts and marks in one transaction; keys first, so that nothing rests under one that a crash lost."""
    released, alerts, files = found
    rows, at = alerts.to_dicts(), hub.clock()
    records = [RecordId(row["person"]) for row in rows]
    keys = draw_keys(hub, records)
    with hub.unit_of_work() as session:  # a commit whose end nobody knows leaves the keys, which are their owners'
        lock_epoch(session)
        fresh: list[SealedAlert] | None = None
        if _unchanged(session, released, records):
            known = raised_events(session, [row["event_id"] for row in rows])
            each = zip(rows, keys, strict=True)
            fresh = [_alert(hub, row, key, rules, at) for row, key in each if row["event_id"] not in known]
            add_alerts(session, fresh)
            live = {file.file_id for file in files_of(session, table=TABLE, states=[FileState.LIVE])}
            note_heard(session, files, live=live, at=at)
            fields = AuditFields(act_id=released.release_id, purpose=PURPOSE, rows=len(fresh))
            hub.audit(session, "alert.raise", principal.principal_id, fields)
    used = {one.key_id for one in fresh or []}
    hub.keystore.shred([key.key_id for key in keys if key.key_id not in used])
    hub.reached("alerts_kept")
    return None if fresh is None else Looked(messages=released.frame.height, raised=len(fresh))


def _unchanged(session: Session, released: Released, records: list[RecordId]) -> bool:
    """Say, under the epoch's lock, whether nothing of some records has changed since a release."""
    changed = records_changed_since(session, released.epoch) if records else set()
    return changed is not None and changed.isdisjoint(records)


def _alert(hub: Hub, row: dict[str, Any], key: Key, rules: dict[str, AlertRule], at: datetime) -> SealedAlert:
    kinds = tuple(kind for kind in KINDS if kind in row["kinds"])
    rule, alert_id = rules[kinds[0]], random_id()
    said = Said(kinds=kinds, words=tuple(row["words"]), owner=rule.owner, escalate_to=rule.escalate_to)
    due = at + rule.acknowledge
    return SealedAlert(
        alert_id=alert_id,
        record_id=RecordId(row["person"]),
        event_id=row["event_id"],
        key_id=key.key_id,
        sealed=seal_said(hub, alert_id, said, key),
        state=AlertState.OPEN.value,
        arrived_at=row[ARRIVED_AT],
        raised_at=at,
        due_at=due,
        escalate_at=due + rule.escalate,
        tell_at=at,
    )
