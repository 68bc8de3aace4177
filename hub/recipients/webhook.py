"""One signed webhook, after the Standard Webhooks specification 1.0.0: HMAC-SHA256 over id, instant and body.

No redirect is followed, no proxy of the environment is asked, and whoever answers drop by drop is cut off: an attempt
ends in bounded time whatever the other side does. Of the answer only the status is looked at.
"""

import base64
import hashlib
import hmac
import http.client
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Timer
from typing import Final

from hub.recipients.address import AddressForbidden, Network, Place, connected

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - a prefix that the specification asks for, no secret
SECRET_BYTES: Final = 32
SILENCE_SECONDS: Final = 10.0
WHOLE_SECONDS: Final = 20.0
FORBIDDEN: Final = "address_forbidden"
_GONE: Final = 410  # the specification: the sender should stop
_FINE: Final = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """What is posted; `webhook_id` is the same at every attempt, `at` is this attempt's instant."""

    webhook_id: str
    at: datetime
    body: bytes = field(repr=False)
    secret: bytes = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The headers by which the recipient knows that it is ours, and that it is no repetition."""
        instant = str(int(self.at.timestamp()))
        return {
            "Content-Type": "application/json",
            "User-Agent": "varde",
            "webhook-id": self.webhook_id,
            "webhook-timestamp": instant,
            "webhook-signature": signature(self.secret, self.webhook_id, instant, self.body),
        }


@dataclass(frozen=True, slots=True)
class Reply:
    """What the recipient's server answered: its status, or in a word why there is none."""

    status: int | None
    why: str = ""

    @property
    def is_receipt(self) -> bool:
        """Whether the recipient has taken it."""
        return self.status in _FINE

    @property
    def is_final(self) -> bool:
        """Whether it is no use to try again."""
        return self.is_receipt or self.status == _GONE


def signature(secret: bytes, webhook_id: str, instant: str, body: bytes) -> str:
    """Return `v1,` and the signature in base64, as the specification's section on signatures has it."""
    signed = b".".join((webhook_id.encode(), instant.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def secret_text(secret: bytes) -> str:
    """Write a secret as the specification asks: `whsec_` and base64."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def post(webhook: Webhook, place: Place, allowed: Sequence[Network]) -> Reply:
    """Post a webhook once; whatever goes wrong is an answer."""
    try:
        return Reply(_status(webhook, place, allowed))
    except AddressForbidden:
        return Reply(None, FORBIDDEN)
    except (OSError, http.client.HTTPException, ValueError) as exc:
        return Reply(None, type(exc).__name__.lower())


def _status(webhook: Webhook, place: Place, allowed: Sequence[Network]) -> int:
    plain = connected(place, allowed, seconds=SILENCE_SECONDS)
    twin = plain.dup()  # TLS takes the first one over; shutting down either ends both
    cut = Timer(WHOLE_SECONDS, _shut, (twin,))
    cut.daemon = True
    connection = http.client.HTTPConnection(place.host, place.port)
    with plain, twin:
        cut.start()
        try:
            context = ssl.create_default_context() if place.scheme == "https" else None
            connection.sock = plain if context is None else context.wrap_socket(plain, server_hostname=place.host)
            connection.request("POST", place.target, body=webhook.body, headers=webhook.headers)
            with connection.getresponse() as answer:
                return answer.status
        finally:
            cut.cancel()
            connection.close()


def _shut(connected_socket: socket.socket) -> None:
    with suppress(OSError):  # it has ended by itself
        connected_socket.shutdown(socket.SHUT_RDWR)
