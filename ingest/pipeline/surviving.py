"""Golden records of some records: read sealed, opened in memory for an audited act of the caller's, and told.

Nothing is stored: which value stands follows from who the members are, which of them may be used, and the rules, all
of that moment (ADR 0060). The caller decides whose records may be read and tells the audit log how many documents
will be opened (`Sealed.count`), before it opens them.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlmodel import Session

from ingest.canonical.identity import attributes_of
from ingest.identity.correction import Correction, form_of, read
from ingest.pipeline.corrections import correction_cell
from ingest.pipeline.ports import Ports
from ingest.pipeline.revising import revision_cell
from ingest.store.correction import SealedCorrection, sealed_corrections
from ingest.store.said import Said, sealed_sayings
from ingest.store.survivorship import find_rules
from ingest.survivorship.facts import CORRECTIONS, TOLD, Facts
from ingest.survivorship.rules import Rules
from privacy.sealing import open_sealed
from privacy.terms import EntityId, EntityKind, KeyId, RecordId

_TOLD: Final = TOLD | {"document": pl.String()}
Made = tuple[datetime, Correction]
"""A correction and when it was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What some records say and the corrections of it, sealed, with the rules in force when it was read."""

    said: tuple[Said, ...]
    corrections: tuple[SealedCorrection, ...]
    rules: Rules

    @property
    def count(self) -> int:
        """Say how many documents there are to be opened."""
        return len(self.said) + len(self.corrections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The same in clear, without those whose key is gone; never printed.

    `documents` and `corrections` (oldest first) are by record; `count` is how many documents were opened.
    """

    said: tuple[Said, ...]
    documents: Mapping[RecordId, bytes] = field(repr=False)
    corrections: Mapping[RecordId, Sequence[Made]] = field(repr=False)
    count: int


def sealed_of(session: Session, records: Sequence[RecordId]) -> Sealed:
    """Read what golden records of some records are made of; nothing is opened."""
    return Sealed(
        said=tuple(sealed_sayings(session, records)),
        corrections=tuple(sealed_corrections(session, records)),
        rules=find_rules(session),
    )


def open_said(sealed: Sealed, ports: Ports, *, act_id: bytes) -> Opened:
    """Open what was read, for an act that is in the audit log; one loop over documents, because each has its key."""
    ids = [KeyId(each.key_id) for each in sealed.said] + [KeyId(each.key_id) for each in sealed.corrections]
    keys = ports.keys.get(ids, act_id=act_id)
    documents = {
        each.record_id: open_sealed(
            each.sealed, key=key, cell=revision_cell(ports.instance, each.record_id, each.revision)
        )
        for each in sealed.said
        if (key := keys.get(KeyId(each.key_id))) is not None
    }
    corrections: defaultdict[RecordId, list[Made]] = defaultdict(list)
    for each in sealed.corrections:
        if (key := keys.get(KeyId(each.key_id))) is not None:
            cell = correction_cell(ports.instance, each.record_id, each.number)
            made = read(json.loads(open_sealed(each.sealed, key=key, cell=cell)))
            corrections[each.record_id].append((each.corrected_at, made))
    opened = len(documents) + sum(map(len, corrections.values()))
    said = tuple(each for each in sealed.said if each.record_id in documents)
    return Opened(said=said, documents=documents, corrections=corrections, count=opened)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Whose golden records are told: the entity of each record, of one kind; `country` reads numbers that name none."""

    entities: Mapping[RecordId, EntityId]
    kind: EntityKind
    country: str


def facts_of(opened: Opened, whose: Whose) -> Facts:
    """Lay opened documents side by side; each attribute is a column, as text."""
    columns = {
        "entity": [whose.entities[each.record_id] for each in opened.said],
        "record": [each.record_id for each in opened.said],
        "source": [each.source for each in opened.said],
        "revision": [each.revision for each in opened.said],
        "said_at": [each.said_at for each in opened.said],
        "document": [opened.documents[each.record_id].decode() for each in opened.said],
    }
    attributes = pl.Struct(dict.fromkeys(attributes_of(whose.kind), pl.String))
    told = pl.DataFrame(columns, schema=_TOLD).with_columns(pl.col("document").str.json_decode(attributes))
    standing = [
        (record, name, at)
        for record, made in opened.corrections.items()
        if record in opened.documents
        for name, at in standing_corrections(json.loads(opened.documents[record]), made).items()
    ]
    return Facts(
        told=told.unnest("document"),
        corrections=pl.DataFrame(standing, schema=CORRECTIONS, orient="row"),
        kind=whose.kind,
        country=whose.country[:2],
    )


def standing_corrections(document: Mapping[str, Any], made: Sequence[Made]) -> dict[str, datetime]:
    """Say which attributes of a document are still as their newest correction has them, and when that was made.

    A value that a source never said before is news and takes a correction's place (ADR 0037); then it is no longer the
    customer's word.
    """
    newest = {name: (at, each.value) for at, correction in made for name, each in correction.items()}
    return {name: at for name, (at, value) in newest.items() if form_of(document.get(name)) == form_of(value)}
