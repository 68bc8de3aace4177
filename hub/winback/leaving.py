"""The last step of a letter: leave to write, the contact noted, name, address and link put in, the outcome kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.anchors.standing import verify_open
from hub.compose import Hub
from hub.contact.release import Outreach, release_in
from hub.mail import LETTERS
from hub.opt_outs import Mailing, Recipient, unsubscribe_headers
from hub.outbox.post import Post
from hub.winback.acts import keep_acts
from hub.winback.addressee import Addressee, Opened
from hub.winback.letters import LEASE, LetterState, change_letter, end_letter, has_left
from hub.winback.people import PURPOSE, purpose_of
from ingest.store.identity import records_beside
from predict.winback.due import QUIET_DAYS
from predict.winback.said import NAME, UNSUBSCRIBE
from privacy.audit import AuditFields
from privacy.contact import Unreached
from privacy.store.contact import take_back_contacts
from privacy.store.epoch import lock_epoch
from privacy.store.principal import Principal
from privacy.terms import BatchId, ContactChannel, PrincipalId, RecordId

LINK_LASTS: Final = timedelta(days=90)
SOON: Final = {
    Unreached.OUTSIDE_HOURS.value: timedelta(hours=1),
    Unreached.TOO_OFTEN.value: timedelta(days=1),  # each try costs one of the view's reads of a day
}
"""What is in the way for some hours or days only, and when it is tried again."""
_APPROVED: Final = (LetterState.APPROVED,)
NOT_NOW: Final = "may not be written to now"
TWICE: Final = "another letter to the same customer left just now"
CHANGED: Final = "changed, refused or taken by somebody else at this moment"


@dataclass(frozen=True, slots=True)
class Leaving:
    """A letter that may leave as far as text, approval and sequence go, and the person it goes to."""

    opened: Opened
    person: Addressee = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    noted_since: datetime | None = None
    """When leave was asked for: the contact that was noted then is taken back if the server did not take the mail."""


def let_leave(hub: Hub, one: Leaving, by: Principal) -> Leaving | str:
    """Ask once more under the epoch's lock whether a letter may leave, and make it `leaving`; else say why it did not.

    It is asked for each letter just before it is handed over: a no that is acknowledged while others are carried holds.

    Raises:
        AccessRefused: an anchor knows more than this hub, or the role may not issue links.
        SettingsInvalid: VARDE_PUBLIC_URL is missing: no letter leaves without a link to say no by.

    """
    purpose, at, letter = purpose_of(hub), hub.clock(), one.opened.letter
    record = RecordId(letter.record_id)
    verify_open(hub.anchoring.standing(), purpose)
    outreach = Outreach(channel=ContactChannel.EMAIL, purpose=purpose, at=at)
    with hub.unit_of_work() as session:
        lock_epoch(session)
        beside = records_beside(session, record)
        if one.person.record not in beside:
            return CHANGED  # joined or parted since the address was looked for
        if has_left(session, letter, beside, since=at - timedelta(days=QUIET_DAYS)):
            # Records that were joined while another program sends: its letters were not among those judged beside this.
            return TWICE if end_letter(session, letter, LetterState.STOPPED, at=at, among=_APPROVED) else CHANGED
        leaving = {"state": LetterState.LEAVING.value, "due_at": at + LEASE}
        if not change_letter(session, letter, _APPROVED, **leaving):
            return CHANGED  # refused, changed or taken by somebody else since it was read
        why = release_in(hub, session, [record], outreach, by)["because"].item()
        if why in SOON:
            again = {"state": LetterState.APPROVED.value, "due_at": at + SOON[why]}
            change_letter(session, letter, (LetterState.LEAVING,), **again)
            return NOT_NOW
        if why is not None:
            end_letter(session, letter, LetterState.STOPPED, at=at)
            return NOT_NOW
        mailing = Mailing(purposes=frozenset({PURPOSE}), until=at + LINK_LASTS)
        (headers,) = unsubscribe_headers(hub, session, mailing, [Recipient(one.person.record, one.person.email)], by)
    return Leaving(one.opened, one.person, headers, noted_since=at)


def take_back(session: Session, one: Leaving) -> None:
    """Forget the contact that was noted when a letter was to leave: the server said that it did not take it."""
    if one.noted_since is not None:
        record = RecordId(one.opened.letter.record_id)
        email = ContactChannel.EMAIL
        take_back_contacts(session, [record], channel=email, purpose=PURPOSE, since=one.noted_since)


def mail_of(hub: Hub, post: Post, leaving: Leaving) -> EmailMessage:
    """Write the mail in memory; its Message-ID is the letter's for life, its link says no to win-back (RFC 8058)."""
    draft, letter = leaving.opened.draft, leaving.opened.letter
    link = leaving.headers["List-Unsubscribe"].strip("<>")
    name = leaving.person.name
    bare = (draft.subject, draft.body) if name else (one.replace(f" {NAME}", "") for one in (draft.subject, draft.body))
    subject, body = (text.replace(NAME, name).replace(UNSUBSCRIBE, link) for text in bare)
    mail = EmailMessage(policy=LETTERS)
    mail["From"], mail["To"], mail["Subject"] = post.sender, leaving.person.email, " ".join(subject.split())
    mail["Date"] = hub.clock()
    mail["Message-ID"] = f"<{letter.letter_id.hex()}@{post.domain}>"
    for header, value in leaving.headers.items():
        mail[header] = value
    mail.set_content(body)
    mail["Content-Language"] = draft.language  # after the content, which clears headers of its name
    return mail


def note_sent(hub: Hub, opened: Opened, state: LetterState, actor: PrincipalId) -> None:
    """Note in one transaction that a letter left, or may have: the step in the lake, the empty row, the audit entry."""
    content, letter, at = opened.content, opened.letter, hub.clock()
    with hub.reading() as session:
        others = sorted(set(records_beside(session, letter.record_id)) - {letter.record_id})
    named = ("plan", "step", "channel", "reason", "value_minor")
    row = {
        "record": [letter.record_id],
        "others": [others or None],
        "act": ["sent"],
        **{name: [content[name]] for name in named},
    }
    frame = pl.DataFrame(row, schema_overrides={"record": pl.Binary, "others": pl.List(pl.Binary)}, strict=False)

    def deed(session: Session, batch: BatchId, _count: int) -> None:
        end_letter(session, letter, state, at=at)
        fields = AuditFields(act_id=letter.letter_id, batch=batch, purpose=PURPOSE, outcome=state.value)
        hub.audit(session, "winback.send", actor, fields)

    keep_acts(hub, frame, bytes.fromhex(content["campaign"]), deed, at=at)
