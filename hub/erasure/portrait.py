"""What there is of some people before they are erased: counted once, kept with the intent, told by the certificate."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from sqlmodel import Session

from hub.accesses import recipients_of
from hub.compose import Hub
from hub.erasure.reach import count_kept, count_rest, grounds_of
from hub.predictions.service import models_of
from hub.retention.holds import holds_on
from ingest.store.erasure import count_rows
from privacy.terms import RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """Counts by table and by kind of key; who received the data (`purpose/view`); which models learned from it (hex).

    `kept` names what stays in the control database, and on which ground; `kept_rows` counts it, by table.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    keys: Mapping[str, int] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    kept_rows: Mapping[str, int] = field(default_factory=dict)
    recipients: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The portrait as canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))


def portrait_of(text: str) -> Portrait:
    """Read a portrait; an erasure of before they were kept has an empty one."""
    if not text:
        return Portrait()
    found = json.loads(text)
    return Portrait(**found | {"recipients": tuple(found["recipients"]), "models": tuple(found["models"])})


def take_portrait(hub: Hub, records: Sequence[RecordId]) -> Portrait:
    """Count what there is of some records; changes nothing."""
    with hub.reading() as session:
        rows = count_rows(session, records) | count_rest(session, records)
        recipients = recipients_of(hub, session, records)
        kept = count_kept(session, records)
        grounds = grounds_of(kept) | _held(hub, session, records)
    return Portrait(
        rows={table: count for table, count in sorted(rows.items()) if count},
        keys=hub.keystore.count_owned(records),
        kept=grounds,
        kept_rows=kept,
        recipients=tuple(recipients),
        models=tuple(model.hex() for model in models_of(hub, records)),
    )


def _held(hub: Hub, session: Session, records: Sequence[RecordId]) -> dict[str, str]:
    return {
        f"hold {hold.hold_id.hex()}": f"legal hold until {hold.ends_at.date().isoformat()} on {hold.table}"
        for hold in holds_on(session, records, at=hub.clock())
    }
