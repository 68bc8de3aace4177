"""The way out of the house: one mail at a time to the configured mail server, and what it said to it.

Whatever a mail server says may repeat the address, so only its code, or the class of the error, goes any further.
"""

import re
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum
from typing import Final, Protocol
from urllib.parse import parse_qsl, urlsplit

from hub.errors import SettingsInvalid
from hub.mail import MailServer, connection
from hub.settings import Settings

DEFAULT_PORT: Final = 587
_PERMANENT: Final = 500  # RFC 5321 section 4.2.1: the client should not repeat the same request
_ADDRESS: Final = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_WRITTEN: Final = "Use smtp://HOST:587?from=ADDRESS"


class Outcome(StrEnum):
    """What came of handing over a mail."""

    TAKEN = "taken"
    REFUSED = "refused"  # for good: this address or this content
    LATER = "later"
    OUR_FAULT = "our_fault"  # our own address or login: no letter leaves until the setting is mended


@dataclass(frozen=True, slots=True)
class Answer:
    """What the mail server did with a mail, and in which word or code that can be told."""

    outcome: Outcome
    why: str = ""


class Carrier(Protocol):
    """Somebody who carries mails out while it is open."""

    def carry(self, mail: EmailMessage) -> Answer:
        """Hand over one mail."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """The mail server for letters, and from whom they are."""

    server: MailServer
    sender: str

    @contextmanager
    def open(self) -> Iterator[Carrier]:
        """Connect once for several mails.

        Raises:
            OSError, smtplib.SMTPException: as `hub.mail.connection`.

        """
        with connection(self.server) as smtp:
            yield _SmtpCarrier(smtp)

    @property
    def domain(self) -> str:
        """Whose Message-IDs letters carry: the sender's domain."""
        return self.sender.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class _SmtpCarrier:
    _smtp: smtplib.SMTP

    def carry(self, mail: EmailMessage) -> Answer:
        """Hand over one mail; a connection that broke is told as "later" and every mail after it, too."""
        try:
            self._smtp.send_message(mail)
        except smtplib.SMTPRecipientsRefused as exc:
            return _answer_to(max(code for code, _ in exc.recipients.values()))
        except smtplib.SMTPSenderRefused as exc:
            return _answer_to(exc.smtp_code, refused=Outcome.OUR_FAULT)
        except smtplib.SMTPResponseException as exc:
            return _answer_to(exc.smtp_code)
        except smtplib.SMTPNotSupportedError:
            return Answer(Outcome.REFUSED, "no_smtputf8")
        except (OSError, smtplib.SMTPException) as exc:
            return Answer(Outcome.LATER, type(exc).__name__)
        return Answer(Outcome.TAKEN)


def post_of(settings: Settings) -> Post | None:
    """Return the configured mail server, None where no letters are sent.

    Raises:
        SettingsInvalid: the address cannot be used; says how it is written.

    """
    if settings.mail is None:
        return None
    parts = urlsplit(settings.mail)
    options = dict(parse_qsl(parts.query))
    sender = options.pop("from", "")
    try:
        port = parts.port or DEFAULT_PORT
    except ValueError:
        raise SettingsInvalid("VARDE_MAIL", "the port is no port", _WRITTEN) from None
    if parts.scheme != "smtp" or not parts.hostname or options or not _ADDRESS.fullmatch(sender):
        raise SettingsInvalid("VARDE_MAIL", "it is malformed", _WRITTEN)
    user, password = settings.smtp_login or (None, None)
    return Post(server=MailServer(host=parts.hostname, port=port, user=user, password=password), sender=sender)


def sender_refused(answer: Answer) -> SettingsInvalid:
    """Say that the mail server will not send for us, whatever the letter."""
    why = f"the mail server refuses its sender ({answer.why})"
    return SettingsInvalid(
        "VARDE_MAIL", why, "Name a sender that it sends for, or set VARDE_SMTP_USER and its password"
    )


def _answer_to(code: int, *, refused: Outcome = Outcome.REFUSED) -> Answer:
    return Answer(refused if code >= _PERMANENT else Outcome.LATER, f"smtp_{code}")
