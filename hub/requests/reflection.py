"""Every row of the control database that is about a person, by reflection over the tables that there are.

A table joins by itself when one of its columns leads to a person; a column of it joins by itself unless the name is on
a list of what is held back, with the reason that the person is told. A table that leads to nobody must be named in
`NOT_ABOUT`: one that is neither stops every export, and a test, until somebody says which it is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import MetaData, Table, select
from sqlmodel import Session, SQLModel

from hub.errors import HubError
from ingest.store.erasure import key_indexes_of
from ingest.store.identity import entity_of_record
from privacy.store.request import requests_of
from privacy.terms import RecordId

_CHUNK: Final = 500
WAYS: Final = ("record_id", "person_record", "subject_index", "entity_id", "request_id")
"""Columns that lead to a person, the first that a table has: a record, a keyed source key, an entity, a request."""

NOT_ABOUT: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("audit_anchor", "audit_arrival", "audit_body", "audit_checkpoint", "audit_continuation", "audit_gap"),
        "the audit log; what it tells of a person stands under accesses",
    ),
    **dict.fromkeys(("audit_head", "audit_leaf", "audit_node"), "hashes of the audit log"),
    **dict.fromkeys(("batch", "batch_metric", "category_value"), "figures of whole deliveries"),
    **dict.fromkeys(("denial_window", "login_note", "principal"), "credentials of those who work here"),
    **dict.fromkeys(("epoch", "instance", "ordinal_counter", "kept_key", "unwrap_tally"), "counters and keys"),
    **dict.fromkeys(("lake_file", "lake_head", "lake_intent", "lake_lease"), "the catalogue of the lake's files"),
    **dict.fromkeys(("legal_hold", "legal_hold_lift"), "what is held and why; whose records stands in their own table"),
    **dict.fromkeys(("model_version", "view_version", "view_release", "policy_version"), "models, views and rules"),
    "view_snapshot": "which snapshots of a view there are; whose rows they hold says the lake",
    "view_spend": "what releases of figures spent of a view's privacy budget",
    "view_answer": "figures of many with noise, as they were released; no row of anybody",
    "view_check": "counts over everybody, of what a view would release; no row of anybody",
    **dict.fromkeys(("voice_study", "finding_verdict", "voice_task"), "figures of many, and what was done about them"),
    "offered_answer": "names of approved answers, and when each was last shown",
    "heard_file": "which files of the lake were looked through for critical messages",
    "survivorship_version": "rules by which one of several values is chosen, for everybody",
    **dict.fromkeys(("pseudonymisation_domain", "pseudonymisation_domain_approval"), "rules of pseudonyms"),
    **dict.fromkeys(("reveal", "release_members"), "who was looked at stands under accesses"),
    **dict.fromkeys(("erasure", "retention_run"), "counts of what was deleted"),
    "ledger_entry": "a copy, by random reference, of acts that stand in their own tables, kept for restores",
    "record_index": "digests, under a key, of details that stand in clear under identity",
    "match_run": "which digests were written together",
    "match_block": "digests, under a key, of details that stand in clear under identity",
    "match_frequency": "how many customers share a common value; no value is counted that a few carry",
    "match_model": "shares and counts that a model learned; no value of a record",
    "match_serving": "which version of key and form everybody is found by",
    "match_edge": "how alike two records are, in numbers; which records are one person stands under records",
    "change": "which record an act concerned, by number; the acts stand in their own tables",
    **dict.fromkeys(("notice", "reconsent_decision"), "texts of notices, and what was decided on them for everybody"),
    **dict.fromkeys(("winback_campaign", "winback_template"), "rules and texts for everybody; arms stand in the lake"),
    "winback_look": "who of us read a letter before it was sent; the letter stands in its own table",
    "recipient_mark": "up to where the ledger was read, for telling recipients",
    "recipient": "who receives data from us; what they were told of a person stands under their notices",
    "source_ground": "what each source's contract declares",
    **dict.fromkeys(
        ("suppression_entry", "suppression_lift"),
        "digests, under a key, of what must not be used again; it says nothing but no",
    ),
}
"""Tables that are about no customer, each with its reason."""

_DIGEST: Final = "digest"  # technical: of no meaning to anybody without the key
_COLLEAGUE: Final = "colleague"  # their data (CJEU C-579/21)
_OTHER: Final = "other"
WITHHELD: Final[Mapping[str, str]] = {
    **dict.fromkeys(("proven_digest", "identifier_digest"), _DIGEST),
    **dict.fromkeys(
        ("key_id", "token", "tokens", "token_hash", "content_index", "key_index", "subject_index", "proven_index"),
        _DIGEST,
    ),
    **dict.fromkeys(("handle_hash", "identifier_index", "short_digest", "long_digest", "claim"), _DIGEST),
    **dict.fromkeys(
        ("actor", "decided_by", "reviewed_by", "reviewer_person", "approved_by", "approver_person", "acknowledged_by"),
        _COLLEAGUE,
    ),
    **dict.fromkeys(("principal_id", "person_id", "requested_by", "closed_by"), _COLLEAGUE),
    **dict.fromkeys(("organisation_record", "other_record", "merged_into", "from_entity", "to_entity"), _OTHER),
    **dict.fromkeys(("own", "imported", "ended"), "head"),
    "sealed": "sealed",
    "envelope": "envelope",
}
"""Columns that are held back wherever they stand, each with its reason: a word of section `withheld`."""
_WITHHELD_OF: Final[Mapping[str, Mapping[str, str]]] = {"match_form": dict.fromkeys(("number", "keys"), _DIGEST)}
"""The same of one table alone, where the name means something else in others."""


class TableUnclassified(HubError):
    """A table that no rule says anything of: an export without it could be incomplete."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"table {table}: nothing says whether it is about people. Give it a record_id, or name it in "
            "hub.requests.reflection.NOT_ABOUT with the reason"
        )
        self.table = table


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRows:
    """The rows of one table that are about a person, whole; `shown` are the columns that leave, `meaning` in words."""

    table: str
    meaning: str
    shown: tuple[str, ...]
    withheld: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]


def way_of(table: Table) -> str | None:
    """Return the column that leads from a table to a person, None if the table is about nobody.

    Raises:
        TableUnclassified: no rule says.

    """
    if table.name in NOT_ABOUT:
        return None
    found = next((name for name in WAYS if name in table.columns), None)
    if found is None:
        raise TableUnclassified(table.name)
    return found


def held_rows(session: Session, records: Sequence[RecordId], metadata: MetaData = SQLModel.metadata) -> list[HeldRows]:
    """Read every row about a person from every table, by table name; tables without such a row are left out.

    `records` are all records of the person.

    Raises:
        TableUnclassified: a table that no rule says anything of.

    """
    keys = _keys(session, records)
    ways = {name: way for name, table in sorted(metadata.tables.items()) if (way := way_of(table)) is not None}
    found = (_held(session, metadata.tables[name], way, keys[way]) for name, way in ways.items())
    return [each for each in found if each.rows]


def _keys(session: Session, records: Sequence[RecordId]) -> dict[str, list[bytes]]:
    entities = {entity for record in records if (entity := entity_of_record(session, record)) is not None}
    plain = [bytes(record) for record in records]
    return {
        "record_id": plain,
        "person_record": plain,
        "subject_index": key_indexes_of(session, records),
        "entity_id": [bytes(entity) for entity in entities],
        "request_id": [request.request_id for request in requests_of(session, records)],
    }


def withheld_of(table: Table) -> dict[str, str]:
    """Return the columns of a table that are held back, each with its reason."""
    rules = {**WITHHELD, **_WITHHELD_OF.get(table.name, {})}
    return {column.name: rules[column.name] for column in table.columns if column.name in rules}


def _held(session: Session, table: Table, way: str, keys: Sequence[bytes]) -> HeldRows:
    columns = [column.name for column in table.columns]
    withheld = withheld_of(table)
    return HeldRows(
        table=table.name,
        meaning=_meaning(table),
        shown=tuple(name for name in columns if name not in withheld and name != way),
        withheld=withheld,
        rows=list(_rows(session, table, way, keys)),
    )


def _rows(session: Session, table: Table, way: str, keys: Sequence[bytes]) -> Iterator[Mapping[str, Any]]:
    for start in range(0, len(keys), _CHUNK):
        query = select(table).where(table.columns[way].in_(list(keys[start : start + _CHUNK])))
        yield from (dict(row) for row in session.execute(query).mappings())


def _meaning(table: Table) -> str:
    """Return the first line of what the table's own class says of it."""
    for kind in _classes():
        if getattr(kind, "__tablename__", None) == table.name and kind.__doc__:
            return kind.__doc__.strip().splitlines()[0]
    return table.name


def _classes() -> Iterable[type]:
    return SQLModel.__subclasses__()
