"""Which value is used where sources say different things of a person: told to that person, in their own export."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.requests.opening import Sealed
from ingest.identity.correction import read
from ingest.pipeline.surviving import Made, Opened, Whose, facts_of
from ingest.store.said import Said
from ingest.survivorship.golden import survive
from ingest.survivorship.rules import Rules
from privacy.terms import EntityId, EntityKind, RecordId

_DOCUMENTS: Final = "record_revision"
_CORRECTIONS: Final = "record_correction"
_TOLD: Final = ("attribute", "value", "source", "said_at", "decided_by", "agreeing", "differing")
_ONE: Final = EntityId(bytes(16))
"""Stands for the person: all of the records are theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    """A person's opened cells, the source of each of their records, the rules in force, and the hub's country."""

    cells: Sequence[tuple[Sealed, Any]] = field(repr=False)
    sources: Mapping[bytes, str]
    rules: Rules
    country: str


def chosen_of(what: Choosing) -> list[dict[str, Any]]:
    """Say of each detail which value is used, whose word it is, why, and how many records say the same or another.

    A purpose that may not use one of the sources chooses among the others.
    """
    opened = _opened(what)
    whose = Whose(entities=dict.fromkeys(opened.documents, _ONE), kind=EntityKind.PERSON, country=what.country)
    return survive(facts_of(opened, whose), what.rules).select(_TOLD).to_dicts()


def _opened(what: Choosing) -> Opened:
    """Take the newest document of each record: corrections are in it already, and say here whose word a value is."""
    newest: dict[RecordId, tuple[Mapping[str, Any], Any]] = {}
    made: defaultdict[RecordId, list[Made]] = defaultdict(list)
    for cell, value in sorted(what.cells, key=_order):
        if cell.table == _DOCUMENTS:
            newest[RecordId(cell.row["record_id"])] = (cell.row, value)
        elif cell.table == _CORRECTIONS:
            made[RecordId(cell.row["record_id"])].append((cell.row["corrected_at"], read(value)))
    said = tuple(
        Said(
            record_id=record,
            revision=row["revision"],
            key_id=row["key_id"],
            sealed=row["sealed"],
            said_at=row["arrived_at"],
            source=what.sources[record],
        )
        for record, (row, _) in sorted(newest.items())
    )
    documents = {record: json.dumps(value).encode() for record, (_, value) in newest.items()}
    return Opened(said=said, documents=documents, corrections=made, count=len(newest))


def _order(each: tuple[Sealed, Any]) -> tuple[int, int]:
    """Order documents by revision and corrections by number, the oldest first: databases promise no order."""
    row = each[0].row
    return int(row.get("revision", 0)), int(row.get("number", 0))
