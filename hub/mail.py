"""Handing mail to a mail server: encrypted (STARTTLS, or TLS on port 465) or not at all, except on this machine."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, NoReturn

_SECONDS: Final = 10
_IMPLICIT_TLS: Final = 465
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


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
