"""Vault's Transit engine over HTTP, as its API reference tells it: enough of it to be believed by a client.

Real AES-GCM under versioned keys; token, policy, sealing, batches and per-item errors behave as Vault's own source:
an item that does not open makes the whole answer a 400, associated data reach the cipher, a missing key is a 400.
"""

import base64
import json
import os
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "hvs.s3cret-of-the-vault"  # noqa: S105 - the canary of these tests
MOUNT, KEY = "transit/customers", "varde"


@dataclass
class VaultFake:
    """Its state, and what it was asked."""

    versions: list[AESGCM] = field(default_factory=lambda: [AESGCM(os.urandom(32))])
    requests: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    sealed: bool = False
    denied: bool = False
    broken_status: int = 0
    knows_associated_data: bool = True
    server: ThreadingHTTPServer | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {"VAULT_ADDR": self.address, "VAULT_TOKEN": TOKEN}

    @property
    def address(self) -> str:
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.server_port}"

    def rotate(self) -> None:
        self.versions.append(AESGCM(os.urandom(32)))

    def start(self) -> None:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Say nothing on standard error."""

            def do_GET(self) -> None:
                self._answer({})

            def do_POST(self) -> None:
                self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def _answer(self, body: dict[str, Any]) -> None:
                fake.requests.append((self.command, self.path))
                fake.bodies.append(body)
                status, answer = fake.answer(self.command, self.path, self.headers.get("X-Vault-Token"), body)
                content = json.dumps(answer).encode()
                self.send_response(status)
                if status in {301, 307}:
                    self.send_header("Location", f"{fake.address}/v1/elsewhere")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()

    def answer(self, method: str, path: str, token: str | None, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if token != TOKEN or self.denied:
            return 403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}
        if self.broken_status:
            return self.broken_status, {"errors": ["internal error"]}
        if path == f"/v1/{MOUNT}/keys/{KEY}" and method == "GET":
            return 200, {"data": {"name": KEY, "type": "aes256-gcm96", "latest_version": len(self.versions)}}
        for act, each in (("encrypt", self._encrypt), ("decrypt", self._decrypt), ("rewrap", self._rewrap)):
            if path == f"/v1/{MOUNT}/{act}/{KEY}" and method == "POST":
                return self._batch(each, body)
        return 404, {"errors": ["no handler for route"]}

    def _batch(self, each: Any, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if not body.get("batch_input"):
            return 400, {"errors": ["missing batch input to process"]}
        results = [each(item) for item in body["batch_input"]]
        status = 400 if any("error" in result for result in results) else 200
        return status, {"data": {"batch_results": results}}

    def _aad(self, item: dict[str, Any]) -> bytes:
        return base64.b64decode(item.get("associated_data", "")) if self.knows_associated_data else b""

    def _encrypt(self, item: dict[str, Any]) -> dict[str, Any]:
        nonce, version = os.urandom(12), len(self.versions)
        sealed = nonce + self.versions[-1].encrypt(nonce, base64.b64decode(item["plaintext"]), self._aad(item))
        return {"ciphertext": f"vault:v{version}:{base64.b64encode(sealed).decode()}", "key_version": version}

    def _decrypt(self, item: dict[str, Any]) -> dict[str, Any]:
        _, version, text = item["ciphertext"].split(":")
        try:
            sealed = base64.b64decode(text, validate=True)
            plain = self.versions[int(version[1:]) - 1].decrypt(sealed[:12], sealed[12:], self._aad(item))
        except (InvalidTag, ValueError, IndexError):
            return {"error": "cipher: message authentication failed"}
        return {"plaintext": base64.b64encode(plain).decode()}

    def _rewrap(self, item: dict[str, Any]) -> dict[str, Any]:
        opened = self._decrypt(item)
        return opened if "error" in opened else self._encrypt(item | opened)
