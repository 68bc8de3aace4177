"""Opening what is sealed in a person's rows: in memory, for one audited act, each kind of cell in one place.

A new table with a column `sealed` stops every export, and a test, until it stands in `CELLS`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.compose import Hub
from hub.requests.reflection import HeldRows, TableUnclassified
from privacy.sealing import Cell, SealedTable, open_sealed
from privacy.terms import KeyId

SEALED: Final = "sealed"


@dataclass(frozen=True, slots=True)
class CellOf:
    """Where a table's sealed cell lies: its permanent number, and the columns of row and revision."""

    table: SealedTable
    row: str
    revision: str | None = None


CELLS: Final[Mapping[str, CellOf]] = {
    "record_revision": CellOf(SealedTable.RECORD_REVISION, "record_id", "revision"),
    "quarantine_row": CellOf(SealedTable.QUARANTINE_ROW, "row_id"),
    "record_correction": CellOf(SealedTable.RECORD_CORRECTION, "record_id", "number"),
    "outbox_letter": CellOf(SealedTable.LETTER, "letter_id"),
    "winback_letter": CellOf(SealedTable.WINBACK_LETTER, "letter_id", "revision"),
    "voice_alert": CellOf(SealedTable.VOICE_ALERT, "alert_id"),
    "held_text": CellOf(SealedTable.HELD_TEXT, "text_id"),
}
"""Every table of the control database with sealed rows about customers."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sealed cell of a person's rows, and the row that it lies in."""

    table: str
    row: Mapping[str, Any]

    @property
    def key_id(self) -> KeyId:
        """Name the key that opens it."""
        return KeyId(self.row["key_id"])

    def cell(self, instance: bytes) -> Cell:
        """Address it."""
        place = CELLS[self.table]
        revision = 0 if place.revision is None else int(self.row[place.revision])
        return Cell(instance=instance, table=place.table, field=1, row=self.row[place.row], revision=revision)


def sealed_of(held: Iterable[HeldRows]) -> list[Sealed]:
    """List the sealed cells of a person's rows.

    Raises:
        TableUnclassified: nobody said how the cells of a table are addressed.

    """
    found = []
    for each in held:
        if SEALED not in each.withheld:
            continue
        if each.table not in CELLS:
            raise TableUnclassified(each.table)
        # Of a letter that has left, or never will, the content is gone and the row stands.
        found += [Sealed(each.table, row) for row in each.rows if row[SEALED]]
    return found


def open_all(hub: Hub, sealed: Sequence[Sealed], *, act_id: bytes) -> list[tuple[Sealed, Any]]:
    """Open cells for an act that is in the audit log; one whose key was destroyed meanwhile is left out.

    A document comes as its JSON value, a text as text.
    """
    keys = hub.keystore.get(sorted({each.key_id for each in sealed}), act_id=act_id)
    found = []
    for each in sealed:
        key = keys.get(each.key_id)
        if key is not None:
            found.append((each, _value(open_sealed(each.row[SEALED], key=key, cell=each.cell(hub.instance)))))
    return found


def _value(opened: bytes) -> Any:  # noqa: ANN401 - JSON's own types
    text = opened.decode()
    try:
        return json.loads(text)
    except ValueError:
        return text
