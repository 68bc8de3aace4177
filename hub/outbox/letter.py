"""A letter to a customer: written down in the transaction of the act that it tells of, sent later.

Its content and the address rest sealed under the key of the record that the address was found in, so that erasing the
person closes every letter to them, sent or not, in every copy. Nothing of this is a message that sells: kinds are a
closed list (`hub.outbox.letters`) of answers to what the person did (ADR 0036).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.outbox.letters import known_language, letters
from hub.outbox.store import SealedLetter, add_letter
from ingest.identity.comparable import comparable_email
from ingest.pipeline.revising import revision_cell
from ingest.store.identity import records_beside
from ingest.store.record import sealed_revisions
from privacy.audit import AuditFields
from privacy.keys import Key
from privacy.sealing import Cell, SealedTable, open_sealed, seal
from privacy.secret import SecretText
from privacy.terms import KeyId, PrincipalId, RecordId, random_id

CONTENT_FIELD: Final = 1
Tell = Callable[[bytes, int], object]
"""Tells the audit log, in the caller's transaction, that an act of this id opens so many documents."""

WORTH_TELLING: Final = timedelta(days=3)
"""How long a letter is tried where nobody said: then what it tells is found in the customer's own pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What to tell whom: one of the kinds, in a language, with its values. Sent not before, and not after.

    Raises:
        KeyError: there is no such kind, or the values are not those that it asks for.

    """

    to: RecordId
    kind: str
    language: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    not_before: datetime | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        asked = letters()[self.kind][known_language(self.language)].places
        if asked != set(self.values):
            raise KeyError(f"a letter of kind {self.kind} asks for {', '.join(sorted(asked)) or 'no values'}")


@dataclass(frozen=True, slots=True)
class Address:
    """A person's e-mail address as their newest revision has it, and the key that seals that."""

    record: RecordId
    email: SecretText = field(repr=False)
    key: Key


def enqueue(hub: Hub, session: Session, letter: Letter, *, by: PrincipalId) -> bytes | None:
    """Write a letter in the caller's transaction; return its id, None where the person has no e-mail address.

    The address is the person's own newest one: looked for in the record named, then in the others of the person.
    """
    others = sorted(set(records_beside(session, letter.to)) - {letter.to})

    def tell(act_id: bytes, count: int) -> None:
        hub.audit(session, "open_batch", by, AuditFields(act_id=act_id, opened=count, reason="letter"))

    found = find_addresses(hub, session, [letter.to, *others], tell)
    address = next((found[record] for record in (letter.to, *others) if record in found), None)
    return None if address is None else enqueue_to(hub, session, letter, address, by=by)


def enqueue_to(hub: Hub, session: Session, letter: Letter, address: Address, *, by: PrincipalId) -> bytes:
    """Write a letter to an address that was found already."""
    letter_id, at = random_id(), hub.clock()
    content = json.dumps({"to": address.email, "values": dict(letter.values)}).encode()
    sealed = SealedLetter(
        letter_id=letter_id,
        record_id=address.record,
        kind=letter.kind,
        language=known_language(letter.language),
        key_id=address.key.key_id,
        sealed=seal(content, key=address.key, cell=letter_cell(hub.instance, letter_id)),
        due_at=letter.not_before or at,
        expires_at=letter.expires_at or at + WORTH_TELLING,
    )
    add_letter(session, sealed, at=at)
    fields = AuditFields(act_id=letter_id, records=(address.record,), reason=letter.kind, outcome="waiting")
    hub.audit(session, "letter.write", by, fields)
    return letter_id


def find_addresses(hub: Hub, session: Session, records: list[RecordId], tell: Tell) -> dict[RecordId, Address]:
    """Open the newest revision of each record and take its e-mail address; who has none is absent.

    The audit entry, which says how many, is in the caller's transaction before anything is opened; nothing of what is
    found leaves before that is committed.
    """
    sealed = list(sealed_revisions(session, records))
    if not sealed:
        return {}
    act_id = random_id()
    tell(act_id, len(sealed))
    keys = hub.keystore.get([KeyId(key_id) for _, _, key_id, _ in sealed], act_id=act_id)
    found = {}
    for record, revision, key_id, document in sealed:  # a handful: the records of one person
        if (key := keys.get(KeyId(key_id))) is None:
            continue
        attributes = json.loads(open_sealed(document, key=key, cell=revision_cell(hub.instance, record, revision)))
        email = attributes.get("email")
        if email and comparable_email(email):
            found[record] = Address(record, SecretText(email.strip()), key)
    return found


def letter_cell(instance: bytes, letter_id: bytes) -> Cell:
    """Address the content of one letter."""
    return Cell(instance=instance, table=SealedTable.LETTER, field=CONTENT_FIELD, row=letter_id)
