"""What people write about a proposal rests sealed, and redacted: it is free text, and redaction may miss a name."""

from typing import Final

from hub.compose import Hub
from privacy.keys import KeyKind
from privacy.sealing import Cell, SealedTable, open_sealed, seal

LONGEST: Final = 2_000
"""Characters."""
_FIELD: Final = 1


def seal_evidence(hub: Hub, verdict_id: bytes, text: str) -> bytes:
    """Seal a text under the hub's own key, for the one verdict that it belongs to."""
    return seal(text.encode(), key=hub.named_key(KeyKind.INSTANCE, "labels"), cell=_cell(hub, verdict_id))


def open_evidence(hub: Hub, verdict_id: bytes, sealed: bytes) -> str:
    """Open the text of a verdict."""
    return open_sealed(sealed, key=hub.named_key(KeyKind.INSTANCE, "labels"), cell=_cell(hub, verdict_id)).decode()


def _cell(hub: Hub, verdict_id: bytes) -> Cell:
    return Cell(instance=hub.instance, table=SealedTable.FINDING_EVIDENCE, field=_FIELD, row=verdict_id)
