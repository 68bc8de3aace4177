"""A mail server that speaks enough SMTP (RFC 5321, STARTTLS, AUTH PLAIN) to be sent a mail, and keeps it."""

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class Mailbox:
    """What arrived, whether it came encrypted, who logged in."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)


class Server(socketserver.ThreadingTCPServer):
    """A listening server: its TLS if it offers any, what it says to a finished mail, and what arrived."""

    def __init__(self, host: str, tls: ssl.SSLContext | None, answer: str) -> None:
        super().__init__((host, 0), Conversation)
        self.daemon_threads = True
        self.tls, self.answer = tls, answer
        self.mailbox = Mailbox(port=self.server_address[1])


class Conversation(socketserver.StreamRequestHandler):
    """One client: each verb has a method of its own; every other is fine."""

    server: Server
    encrypted = False

    def handle(self) -> None:
        self.say("220 fake ready")
        verbs = {"EHLO": self.hello, "STARTTLS": self.encrypt, "AUTH": self.log_in, "DATA": self.take}
        while line := self.rfile.readline():
            words = line.decode().split()
            if words[0].upper() == "QUIT":
                return
            verbs.get(words[0].upper(), self.fine)(words)

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def fine(self, _words: list[str]) -> None:
        self.say("250 fine")

    def hello(self, _words: list[str]) -> None:
        self.say("250-fake")
        if self.server.tls and not self.encrypted:
            self.say("250-STARTTLS")
        self.say("250 AUTH PLAIN")

    def encrypt(self, words: list[str]) -> None:
        if self.server.tls is None:
            self.fine(words)
            return
        self.say("220 go ahead")
        with suppress(ssl.SSLError):  # a client that does not trust us goes; then nothing more is read
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
            self.encrypted = True
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

    def log_in(self, words: list[str]) -> None:
        self.server.mailbox.logins.append(words[2])
        self.say("235 welcome")

    def take(self, _words: list[str]) -> None:
        self.say("354 send it")
        mail = b"".join(iter(self.rfile.readline, b".\r\n"))
        if self.server.answer.startswith("250"):
            self.server.mailbox.mails.append(mail)
            self.server.mailbox.encrypted.append(self.encrypted)
        self.say(self.server.answer)


@contextmanager
def mail_server(host: str, *, tls: ssl.SSLContext | None = None, answer: str = "250 kept") -> Iterator[Mailbox]:
    """Serve on a port of its own; `answer` is what is said to a finished mail."""
    with Server(host, tls, answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.mailbox
        finally:
            server.shutdown()
            thread.join()


def certificate_for(host: str, folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for an address; return the server's context and the file that a client must trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.test")])
    at = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, key_file = folder / "mail.pem", folder / "mail.key"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return context, file
