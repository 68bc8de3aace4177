"""What a person has said, newest first: one line an act, though it was entered on each of their records."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from privacy.receipt import RecordedAct
from privacy.store.receipt import recorded_acts
from privacy.terms import ActChannel, ConsentAct, PurposeId, RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One act: when, about what (`*`: every purpose), by which way, under which notice; and which receipt tells of it.

    `until`: when a consent that was given lapses by itself.
    """

    at: datetime
    recorded_at: datetime
    purpose: PurposeId
    act: ConsentAct
    channel: ActChannel
    notice: str | None
    until: datetime | None
    language: str
    receipt: bytes


def history_for(session: Session, records: Sequence[RecordId], named: RecordId) -> list[Said]:
    """List what stands in the ledger of a person's records; of an act on several, the receipt of `named` counts."""
    told: dict[tuple[object, ...], RecordedAct] = {}
    for act in recorded_acts(session, records):
        key = act.event, act.purpose, act.recorded_at
        if key not in told or act.record_id == named:
            told[key] = act
    return [_said(act) for act in told.values()]


def _said(act: RecordedAct) -> Said:
    return Said(
        at=act.event.at,
        recorded_at=act.recorded_at,
        purpose=act.purpose,
        act=act.event.act,
        channel=act.event.channel,
        notice=act.event.notice_version,
        until=act.event.until,
        language=act.language,
        receipt=act.receipt_id,
    )
