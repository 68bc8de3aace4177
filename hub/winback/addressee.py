"""A letter and the person it goes to: opened in memory for an act that the log was told of, kept nowhere."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from hub.compose import Hub
from hub.winback.letters import SealedLetter
from ingest.identity.comparable import comparable_email
from ingest.pipeline.revising import revision_cell
from ingest.store.identity import records_beside_each
from ingest.store.record import sealed_revisions
from predict.winback.draft import Draft
from privacy.audit import AuditFields
from privacy.keys import Key
from privacy.sealing import Cell, SealedTable, open_sealed
from privacy.secret import SecretText
from privacy.store.principal import Principal
from privacy.terms import KeyId, RecordId, random_id

_NAMES: Final = ("given_name", "full_name")
_LONGEST_NAME: Final = 60
_NO_NAME: Final = re.compile(r"[/:@<>\[\]!?]|www\.|\.\w{2}")


@dataclass(frozen=True, slots=True)
class Addressee:
    """A person's own newest e-mail address, the name they go by, and the key of that record."""

    record: RecordId
    email: SecretText = field(repr=False)
    name: SecretText = field(repr=False)
    key: Key = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """A letter's text with what it was written for, and the key it is sealed under."""

    letter: SealedLetter
    content: Mapping[str, Any]
    key: Key = field(repr=False)

    @property
    def draft(self) -> Draft:
        """Return the text as `predict` judges it."""
        return draft_of(self.content)


def addressees(hub: Hub, records: Sequence[RecordId], by: Principal, *, why: str) -> dict[RecordId, Addressee]:
    """Open the newest revisions of some persons' records; who has no e-mail address is absent.

    The address is looked for in the record named, then in the others of the person. The audit entry, which says how
    many documents and `why`, is committed before anything is opened.
    """
    act_id = random_id()
    with hub.unit_of_work() as session:
        beside = {one: [one, *sorted(rest - {one})] for one, rest in records_beside_each(session, records).items()}
        sealed = list(sealed_revisions(session, sorted({each for rest in beside.values() for each in rest})))
        hub.audit(session, "open_batch", by.principal_id, AuditFields(act_id=act_id, opened=len(sealed), reason=why))
    keys = hub.keystore.get([KeyId(key_id) for _, _, key_id, _ in sealed], act_id=act_id)
    found: dict[RecordId, Addressee] = {}
    for record, revision, key_id, document in sealed:  # a letter's worth of people at a time
        key = keys.get(KeyId(key_id))
        if key is not None:
            told = json.loads(open_sealed(document, key=key, cell=revision_cell(hub.instance, record, revision)))
            email = told.get("email")
            if email and comparable_email(email):
                name = next((told[name] for name in _NAMES if told.get(name)), "")
                found[record] = Addressee(record, SecretText(email.strip()), SecretText(name_in_letters(name)), key)
    chosen = {one: next((found[each] for each in rest if each in found), None) for one, rest in beside.items()}
    return {one: each for one, each in chosen.items() if each is not None}


def letter_cell(hub: Hub, letter_id: bytes, revision: int) -> Cell:
    """Address the text of one revision of a letter."""
    return Cell(instance=hub.instance, table=SealedTable.WINBACK_LETTER, field=1, row=letter_id, revision=revision)


def opened_of(hub: Hub, letter: SealedLetter, key: Key) -> Opened:
    """Open a letter's text with its key."""
    cell = letter_cell(hub, letter.letter_id, letter.revision)
    return Opened(letter, json.loads(open_sealed(letter.sealed, key=key, cell=cell)), key)


def content_of(draft: Draft) -> dict[str, Any]:
    """Write a draft as plain JSON values."""
    return {
        "template": draft.template,
        "language": draft.language,
        "subject": draft.subject,
        "body": draft.body,
        "facts": dict(draft.facts),
        "authors": list(draft.authors),
        "changed_at": draft.changed_at.isoformat(),
    }


def draft_of(content: Mapping[str, Any]) -> Draft:
    """Read a draft back."""
    return Draft(
        template=content["template"],
        language=content["language"],
        subject=content["subject"],
        body=content["body"],
        facts=content["facts"],
        authors=tuple(content["authors"]),
        changed_at=datetime.fromisoformat(content["changed_at"]),
    )


def name_in_letters(name: str) -> str:
    """Write a name in one line, or none: it stands in letters that nobody reads any more, and may be anybody's text.

    Who fills a form in a stranger's name must not write to them by us: what looks like a link or a sentence is no name.
    """
    line = " ".join("".join(each if each.isprintable() else " " for each in name).split())
    return "" if len(line) > _LONGEST_NAME or _NO_NAME.search(line) else line
