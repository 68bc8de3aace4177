"""What an alert says rests sealed under a key of its own, owned by the record of whoever wrote: an erasure ends both.

Sealed is of what kind the message was, which of *our* words fired, and on whose desk it lies: no word of the message.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from hub.alerts.store import SealedAlert
from hub.compose import Hub
from privacy.keys import Key, KeyColumn, KeyKind
from privacy.sealing import Cell, SealedTable, open_sealed, seal
from privacy.terms import KeyId, RecordId

_FIELD: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Of which kinds a message is, the gravest first, by which of our words, and who is to answer."""

    kinds: tuple[str, ...]
    words: tuple[str, ...]
    owner: str
    escalate_to: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Read it back."""
        lists = {name: tuple(told[name]) for name in ("kinds", "words")}
        return cls(owner=told["owner"], escalate_to=told["escalate_to"], **lists)

    def told(self) -> bytes:
        """Write it down."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__}, ensure_ascii=False).encode()


def draw_keys(hub: Hub, records: Sequence[RecordId]) -> list[Key]:
    """Make a key durable for an alert of each record; the caller shreds those that serve nothing in the end."""
    column = KeyColumn.drawn(KeyKind.RECORD, records, None)
    hub.keystore.add_column(column)
    drawn = zip(column.key_ids, column.each(), strict=True)
    return [Key(key_id=key_id, kind=KeyKind.RECORD, secret=secret) for key_id, secret in drawn]


def seal_said(hub: Hub, alert_id: bytes, said: Said, key: Key) -> bytes:
    """Seal what an alert says."""
    return seal(said.told(), key=key, cell=_cell(hub, alert_id))


def open_said(hub: Hub, alerts: Sequence[SealedAlert], *, act_id: bytes) -> dict[bytes, Said]:
    """Open what alerts say, by id, for an act that is in the log; one whose key is gone is absent."""
    keys = hub.keystore.get([KeyId(one.key_id) for one in alerts], act_id=act_id)
    there = [one for one in alerts if KeyId(one.key_id) in keys]
    opened = {
        one.alert_id: open_sealed(one.sealed, key=keys[KeyId(one.key_id)], cell=_cell(hub, one.alert_id))
        for one in there
    }
    return {alert_id: Said.of(json.loads(told)) for alert_id, told in opened.items()}


def _cell(hub: Hub, alert_id: bytes) -> Cell:
    return Cell(instance=hub.instance, table=SealedTable.VOICE_ALERT, field=_FIELD, row=alert_id)
