"""A mailbox as an anchor: the note is sent to the DPO, where no administrator of the hub can take it back.

It cannot be read back by us, so nothing is compared at start-up; the DPO compares a mail by
`varde audit verify --note FILE`. How mail leaves the machine: `hub.mail`.
"""

import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import Final

from hub.anchors.anchor import Level, Outcome, Sighting, Statement
from hub.mail import MailServer, connection

_TEXT: Final = """\
This is a checkpoint of the audit log {origin}.

It states that the log has {size} entries, and which. Keep this mail: with the attached file you can show later that
none of these entries was changed, removed or put in. To compare, save the attachment and run on the hub:

    varde audit verify --note FILE

Nothing about any person is in here. What happens after this checkpoint is proven only by the next one.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAnchor:
    """Checkpoints by e-mail, from one address to one address."""

    recipient: str
    sender: str
    server: MailServer
    every: timedelta
    level: Level = Level.ANCHORED

    @property
    def name(self) -> str:
        """The mail server: an address is about a person."""
        return f"mail:{self.server.host}"

    def look(self, statement: Statement) -> Sighting:  # noqa: ARG002 - the protocol's signature; a mailbox is not read
        """Say that a mailbox cannot be read back."""
        return Sighting(outcome=Outcome.UNREADABLE)

    def publish(self, statement: Statement) -> Sighting:
        """Send the newest checkpoint."""
        head, note = statement.signed, statement.note
        if head is None or note is None:
            return Sighting(outcome=Outcome.EMPTY)
        message = EmailMessage()
        message["From"], message["To"] = self.sender, self.recipient
        message["Subject"] = f"Checkpoint of the audit log, {head.size} entries"
        message["Date"] = statement.at
        message.set_content(_TEXT.format(origin=statement.key.name, size=head.size))
        message.add_attachment(
            note.encode(),
            maintype="text",
            subtype="plain",
            filename=f"checkpoint-{head.size}.note",
            params={"charset": "utf-8"},
        )
        try:
            with connection(self.server) as smtp:
                smtp.send_message(message)
        except smtplib.SMTPResponseException as exc:
            return Sighting(outcome=Outcome.REFUSED, why=f"smtp_{exc.smtp_code}")
        except smtplib.SMTPNotSupportedError:
            return Sighting(outcome=Outcome.REFUSED, why="no_starttls")
        except (OSError, smtplib.SMTPException) as exc:
            return Sighting(outcome=Outcome.UNREACHABLE, why=type(exc).__name__)
        return Sighting(outcome=Outcome.PUBLISHED, size=head.size, note=note)

    def notes(self, origin: str) -> Iterator[str]:  # noqa: ARG002 - as in look
        """Read nothing: the notes are in a mailbox of somebody else's."""
        return iter(())
