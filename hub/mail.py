"""Handing mail to a mail server: encrypted (STARTTLS, or TLS on port 465) or not at all, except on this machine."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.policy import EmailPolicy
from typing import Final, NoReturn

_SECONDS: Final = 10
_WHOLE: Final = "list-unsubscribe"
_IMPLICIT_TLS: Final = 465
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class LetterPolicy(EmailPolicy):
    """How letters are written on the wire: the link to say no by stands whole in its header, however long it is.

    Python writes a value that does not fit into 78 characters as an encoded word (RFC 2047), which no mail program
    reads as a link: RFC 2047 section 5 allows it in text only, and RFC 2369 section 2 wants the URL as it is.
    """

    def fold(self, name: str, value: str) -> str:
        """Write a header as text."""
        return f"{name}: {value}{self.linesep}" if name.lower() == _WHOLE else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        """Write a header as bytes."""
        return self.fold(name, value).encode("ascii") if name.lower() == _WHOLE else super().fold_binary(name, value)


LETTERS: Final = LetterPolicy(linesep="\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The server that takes the mail; user and password come from the environment."""

    host: str
    port: int = 587
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the password in clear."""
        raise TypeError("a MailServer is never pickled")


@contextmanager
def connection(server: MailServer) -> Iterator[smtplib.SMTP]:
    """Connect to a mail server, encrypt, and log in where a login is known; many mails may go over one connection.

    Raises:
        OSError, smtplib.SMTPException: it cannot be reached, does not encrypt, or refuses the login. Their text may
            hold an address: tell the class or the code only.

    """
    context = ssl.create_default_context()
    with _connected(server, context) as smtp:
        if server.port != _IMPLICIT_TLS and server.host not in _LOOPBACK:
            smtp.starttls(context=context)
        if server.user is not None and server.password is not None:
            smtp.login(server.user, server.password)
        yield smtp


def _connected(server: MailServer, context: ssl.SSLContext) -> smtplib.SMTP:
    if server.port == _IMPLICIT_TLS:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_SECONDS, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
