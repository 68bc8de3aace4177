"""Finding many people at once by what a list calls them: some statements for all, not some for each."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hub.compose import Hub
from hub.consents import Subject, find_subject
from hub.errors import SubjectNotFound
from ingest.store.identity import records_beside_each
from ingest.store.record import find_records
from privacy.terms import ID_BYTES, RecordId

_ATTRIBUTES: Final = frozenset({"email", "phone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Who was found, each once; how many identifiers nobody carries, and how many several people share."""

    subjects: tuple[Subject, ...]
    unknown: int
    shared: int


def subjects_of(hub: Hub, identifiers: Iterable[str]) -> Named:
    """Find whom identifiers mean, as `hub.consents.find_subject` does for one."""
    wanted = list(dict.fromkeys(identifiers))
    by_attribute = [each for each in wanted if each.partition(":")[0] in _ATTRIBUTES]
    found: dict[RecordId, Subject] = {}
    unknown = shared = 0
    for each in by_attribute:  # rare in lists; each is looked up under an index of its own
        try:
            subject = find_subject(hub, each)
        except SubjectNotFound:
            unknown += 1
            continue
        shared += subject.entities > 1
        if subject.entities == 1:
            found[subject.records[0]] = subject
    named = [each for each in wanted if each.partition(":")[0] not in _ATTRIBUTES]
    records = _records_of(hub, named)
    with hub.reading() as session:
        beside = records_beside_each(session, records)
    people = {tuple(sorted(all_of_them)) for all_of_them in beside.values() if all_of_them}
    found |= {person[0]: Subject(records=person) for person in people}
    missing = len(named) - sum(1 for record in records if beside.get(record))
    return Named(subjects=tuple(found[first] for first in sorted(found)), unknown=unknown + missing, shared=shared)


def _records_of(hub: Hub, identifiers: list[str]) -> list[RecordId]:
    """Return the record of each source key or record id that is known."""
    indexes = hub.indexes()
    keys: defaultdict[str, list[str]] = defaultdict(list)
    records: list[RecordId] = []
    for each in identifiers:
        source, colon, key = each.partition(":")
        if colon:
            keys[source].append(key)
        elif (record := _record_id(source)) is not None:
            records.append(record)
    tokens = [indexes.source_key(source).token_of(key) for source, of_source in keys.items() for key in of_source]
    with hub.reading() as session:
        return records + list(find_records(session, tokens).values())


def _record_id(word: str) -> RecordId | None:
    try:
        found = bytes.fromhex(word)
    except ValueError:
        return None
    return RecordId(found) if len(found) == ID_BYTES else None
