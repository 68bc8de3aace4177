"""Redaction of rows: the text, who wrote it and in which thread go in, what the lake keeps comes out.

The person's own attributes (names, e-mail, phone, street) are opened in memory to be taken out of what they wrote; the
opening is one audit entry with its count. In a thread a placeholder's number is a keyed digest of thread and value, cut
to six digits: the same person has the same one in every message, in whatever batch, and no value is kept to tell it by.
"""

import json
from collections import defaultdict
from typing import Final, NamedTuple

import polars as pl

from ingest.pipeline.opening import open_documents
from ingest.pipeline.ports import Ports
from ingest.store import identity
from privacy.redaction.redactor import REDACTOR_VERSION, redact
from privacy.redaction.thread import Threads
from privacy.terms import RecordId

THREAD: Final = "thread_ref"
"""The column of a canonical table that says which messages are one exchange."""


def redacted_rows(rows: pl.DataFrame, ports: Ports) -> pl.DataFrame:
    """Redact `text` of rows with `person` (Binary) and `thread_ref` (Int64, both may be null or `thread_ref` absent).

    Columns text_redacted, withheld, redactor_version: one row per row, in order.
    """
    own = _own_attributes(rows["person"], ports)
    threads = None
    if THREAD in rows.columns:
        writers = [each.entity for each in own]
        threads = Threads(rows[THREAD].to_list(), ports.indexes.placeholder().tokens_of, writers)
    outcome = redact(rows["text"], own=[each.values for each in own], threads=threads)
    return outcome.frame.with_columns(redactor_version=pl.lit(REDACTOR_VERSION, dtype=pl.Int32))


class _Writer(NamedTuple):
    """The person who wrote a text: the entity, as far as one is known, and the values to take out of the text."""

    entity: bytes | None
    values: list[str]


def _own_attributes(writers: pl.Series, ports: Ports) -> list[_Writer]:
    """Open what any record of each row's person says: the values to take out of the text.

    The desk may know the number only, and the shop the name: both are the person's.
    """
    people = [RecordId(record) for record in writers.drop_nulls().unique().to_list()]
    with ports.read_only() as session:
        members = identity.members_of(session, people)
    entity_of = dict(members.select("record", "entity").iter_rows())
    values: dict[bytes, list[str]] = defaultdict(list)
    for record, document in open_documents(members["record"].to_list(), ports).items():
        values[entity_of[record]] += [str(value) for value in json.loads(document).values() if value]
    entities = [entity_of.get(record) for record in writers.to_list()]
    return [_Writer(entity, values.get(entity or b"", [])) for entity in entities]
