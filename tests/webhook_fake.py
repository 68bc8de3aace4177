"""A recipient's server: keeps what it is told, verifies as the Standard Webhooks specification asks, answers as bid."""

import base64
import hashlib
import hmac
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Receiver:
    """What arrived, and how to answer; `answers` is used up first, then `status` holds."""

    port: int = 0
    scheme: str = "http"
    status: int = 204
    answers: list[int] = field(default_factory=list)
    location: str = ""
    arrived: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/told?from=varde"

    @property
    def names(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.arrived]


def is_genuine(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Verify a webhook by the specification's own words, without any code of the hub."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}"
    expected = base64.b64encode(hmac.new(key, content.encode(), hashlib.sha256).digest()).decode()
    signatures = (each.split(",", 1) for each in headers["webhook-signature"].split(" "))
    return any(version == "v1" and hmac.compare_digest(told, expected) for version, told in signatures)


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Listen on this machine until the end, encrypted where a context is given."""
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.arrived.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(told.answers.pop(0) if told.answers else told.status)
            if told.location:
                self.send_header("Location", told.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_address[1]
    if tls is not None:
        server.socket, told.scheme = tls.wrap_socket(server.socket, server_side=True), "https"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
