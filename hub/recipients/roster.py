"""Who receives data from us, for which purposes: added and removed by the owner or the DPO, each time audited.

Address and signing secret rest sealed; the secret is shown once, to whoever adds the recipient.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.recipients.address import RecipientUnfit, place_of
from hub.recipients.store import Recipient, RecipientKind, add_recipient, live_recipients, recipients, remove_recipient
from hub.recipients.webhook import SECRET_BYTES
from privacy.audit import AuditFields
from privacy.keys import KeyKind
from privacy.purposes import Policy
from privacy.sealing import Cell, SealedTable, open_sealed, seal
from privacy.secret import Secret, SecretText
from privacy.store.principal import Principal
from privacy.terms import PurposeId, Role, random_id

_FIELD: Final = 1
_LONGEST: Final = 100
_MAY: Final = frozenset({Role.OWNER, Role.DPO})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecipient:
    """A recipient as somebody enters it."""

    name: str
    kind: RecipientKind
    url: str = field(repr=False)
    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a recipient is reached, and with what it is signed."""

    url: str = field(repr=False)
    secret: bytes = field(repr=False)


def verify_may_change(by: Principal) -> None:
    """Refuse whoever may not say who receives data.

    Raises:
        AccessRefused: names the roles to ask.

    """
    if by.role not in _MAY:
        raise AccessRefused("role_may_not_change_recipients", "Ask the owner or the DPO")


def verify_new(hub: Hub, new: NewRecipient) -> None:
    """Refuse a recipient that cannot be kept.

    Raises:
        RecipientUnfit: name, address or purposes cannot be used.
        PurposeUnknown: the policy has no such purpose.

    """
    if not new.name.strip() or len(new.name) > _LONGEST or not new.name.isprintable():
        raise RecipientUnfit("name cannot be used", f"Use up to {_LONGEST} printable letters")
    if not new.purposes:
        raise RecipientUnfit("purposes are missing", "Name at least one purpose of the policy")
    place_of(new.url)
    policy = hub.policy()
    for purpose in new.purposes:
        policy.purpose(PurposeId(purpose))


def enter(hub: Hub, new: NewRecipient, by: Principal) -> tuple[Recipient, bytes]:
    """Keep a recipient; return it with its signing secret, which is not shown again.

    Raises:
        AccessRefused: the role may not.
        RecipientUnfit: it cannot be kept, or one of that name is there.
        PurposeUnknown: the policy has no such purpose.

    """
    verify_may_change(by)
    verify_new(hub, new)
    recipient_id, secret = random_id(), secrets.token_bytes(SECRET_BYTES)
    content = json.dumps({"url": new.url, "secret": secret.hex()}).encode()
    recipient = Recipient(
        recipient_id=recipient_id,
        name=new.name,
        kind=new.kind,
        purposes=tuple(sorted(set(new.purposes))),
        sealed=seal_here(hub, SealedTable.RECIPIENT, recipient_id, content),
        added_at=hub.clock(),
    )
    with hub.unit_of_work() as session:
        if any(each.name == new.name for each in live_recipients(session)):
            raise RecipientUnfit("name is taken", "Choose another, or remove that one first")
        add_recipient(session, recipient)
        for fields in _fields(hub, recipient, by):
            hub.audit(session, "recipient.add", by.principal_id, fields)
    return recipient, Secret(secret)


def leave(hub: Hub, name: str, by: Principal) -> Recipient:
    """Remove a recipient that has nothing any more; what waits for it is told still.

    Raises:
        AccessRefused: the role may not.
        RecipientUnfit: there is none of that name.

    """
    verify_may_change(by)
    with hub.unit_of_work() as session:
        found = find_live(session, name)
        remove_recipient(session, found.recipient_id, at=hub.clock())
        for fields in _fields(hub, found, by):
            hub.audit(session, "recipient.remove", by.principal_id, fields)
    return found


def find_live(session: Session, name: str) -> Recipient:
    """Find a recipient that was not removed.

    Raises:
        RecipientUnfit: there is none of that name.

    """
    found = next((each for each in live_recipients(session) if each.name == name), None)
    if found is None:
        raise RecipientUnfit("name is unknown", "`varde recipient list` shows them")
    return found


def endpoints(hub: Hub, session: Session, wanted: Sequence[bytes]) -> dict[bytes, Endpoint]:
    """Open where some recipients are reached."""
    found = {}
    for each in recipients(session):
        if each.recipient_id in wanted:
            content = json.loads(open_here(hub, SealedTable.RECIPIENT, each.recipient_id, each.sealed))
            secret = Secret(bytes.fromhex(content["secret"]))
            found[each.recipient_id] = Endpoint(SecretText(content["url"]), secret)
    return found


def seal_here(hub: Hub, table: SealedTable, row: bytes, content: bytes) -> bytes:
    """Seal what belongs to this room under the hub's own key."""
    return seal(content, key=hub.named_key(KeyKind.INSTANCE, "labels"), cell=_cell(hub, table, row))


def open_here(hub: Hub, table: SealedTable, row: bytes, sealed: bytes) -> bytes:
    """Open what belongs to this room."""
    return open_sealed(sealed, key=hub.named_key(KeyKind.INSTANCE, "labels"), cell=_cell(hub, table, row))


def _cell(hub: Hub, table: SealedTable, row: bytes) -> Cell:
    return Cell(instance=hub.instance, table=table, field=_FIELD, row=row)


def prohibited_by(policy: Policy, recipient: Recipient) -> dict[str, tuple[str, ...]]:
    """Return what each purpose of a recipient prohibits, as the policy in force says."""
    listed = {each.id: tuple(sorted(use.value for use in each.prohibited_uses)) for each in policy.purposes}
    return {purpose: listed.get(PurposeId(purpose), ()) for purpose in recipient.purposes}


def _fields(hub: Hub, recipient: Recipient, by: Principal) -> list[AuditFields]:
    """Return what the log says of a recipient: one entry a purpose, with the list that it takes the rows under."""
    return [
        AuditFields(
            act_id=recipient.recipient_id,
            purpose=purpose,
            reason=recipient.kind.value,
            role=by.role,
            prohibited_uses=prohibited,
        )
        for purpose, prohibited in prohibited_by(hub.policy(), recipient).items()
    ]
