"""Requests with tokens in every part, over a plain socket, so that what comes back is caught to the last byte."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import quote

from tests.canary.scanner import Capture
from tests.integration.canary_path import Rooms
from tests.integration.canary_run import Evidence, Server

NOWHERE: Final = "/v1/nowhere"
VIEW: Final = "/v1/views/churn_signals"


def serve_and_ask(rooms: Rooms, as_of: str, evidence: Evidence) -> dict[str, int]:
    """Serve the home, send every request; return the status of each."""
    server = Server(rooms, free_port())
    try:
        server.wait(lambda: _answers(server.port))
        answers = {name: exchange(server.port, sent) for name, sent in requests(rooms, as_of)}
        evidence.captures += server.processes()
    finally:
        evidence.captures += server.stop()
    evidence.captures += [Capture(f"answer: {name}", answer) for name, answer in answers.items()]
    return {name: _status(answer) for name, answer in answers.items()}


def free_port() -> int:
    """Find a port that nobody uses now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def exchange(port: int, request: bytes) -> bytes:
    """Send bytes and read until the server hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        received = b""
        with suppress(ConnectionError):  # a server that has heard enough hangs up
            connection.sendall(request)
            while piece := connection.recv(1 << 16):
                received += piece
    return received


def requests(rooms: Rooms, as_of: str) -> Iterator[tuple[str, bytes]]:
    """Write the requests: good ones, and everything that is answered by an error."""
    word = rooms.spares.word
    reader, chooser = ((rooms.made / name).read_text(encoding="ascii").strip() for name in ("service", "choices"))
    query = f"{VIEW}?purpose=churn&as_of={quote(as_of)}"
    choice = "/v1/me/purposes/churn"
    yield "health", written("GET", "/health")
    for kind in (
        "application/json",
        "text/csv",
        "application/vnd.apache.parquet",
        "application/vnd.apache.arrow.stream",
    ):
        yield f"200 view {kind}", written("GET", query, reader, headers={"Accept": kind})
    yield "200 choice", written("PUT", choice, chooser, body={"state": "objected"})
    yield "401 no token", written("GET", query + f"&x={word()}")
    yield "401 token", written("GET", query, word())
    yield "401 choice", written("PUT", choice, word(), body={"state": "objected"})
    yield "404 path", written("GET", f"/{word()}/{word()}?{word()}={word()}", reader)
    yield "404 purpose", written("PUT", f"/v1/me/purposes/{word().lower()}", chooser, body={"state": "objected"})
    yield "404 slash", written("GET", f"{VIEW}/?{word()}={word()}", reader)
    yield "405 method", written("DELETE", f"{VIEW}?{word()}={word()}", reader, headers={"X-Person": word()})
    yield "4xx own method", written(word().upper(), VIEW, reader)
    yield "406 accept", written("GET", query, reader, headers={"Accept": f"text/{word()}"})
    yield "4xx view", written("GET", f"/v1/views/{word().lower()}?purpose=churn&as_of={quote(as_of)}", reader)
    yield "422 view", written("GET", f"/v1/views/{word()}?purpose=churn&as_of={quote(as_of)}", reader)
    yield "4xx purpose", written("GET", f"{VIEW}?purpose={word().lower()}&as_of={quote(as_of)}", reader)
    yield "422 purpose", written("GET", f"{VIEW}?purpose={word()}&as_of={quote(as_of)}", reader)
    yield "422 instant", written("GET", f"{VIEW}?purpose=churn&as_of={word()}", reader)
    yield "422 unknown", written("GET", f"{query}&{word()}={word()}", reader)
    yield from _choices(rooms, chooser)
    yield from _strangers(rooms)
    yield "400 garbage", f"{word()} {word()}\r\n{word()}\r\n\r\n".encode()
    yield "400 header", f"GET /health HTTP/1.1\r\nHost: {word()}\r\n{word()} {word()}\r\n\r\n".encode()
    yield "long header", written("GET", "/health", headers={"X-Long": word() * 8000})
    yield "host", f"GET //{word()}.example/health HTTP/1.1\r\nHost: {word()}\r\nConnection: close\r\n\r\n".encode()
    yield "upgrade", written("GET", f"/{word()}", headers={"Upgrade": "websocket", "Sec-WebSocket-Key": word()})


def _choices(rooms: Rooms, chooser: str) -> Iterator[tuple[str, bytes]]:
    """Write choices that cannot be taken, with the token of somebody who may choose."""
    word, choice = rooms.spares.word, "/v1/me/purposes/churn"
    yield "422 choice purpose", written("PUT", f"/v1/me/purposes/{word()}", chooser, body={"state": "objected"})
    yield "422 state", written("PUT", choice, chooser, body={"state": word()})
    yield "422 field", written("PUT", choice, chooser, body={"state": "objected", word(): word()})
    yield "422 notice", written("PUT", choice, chooser, body={"state": "given", "notice": f"{word()} {word()}"})
    yield "422 list", written("PUT", choice, chooser, body=[word()])
    yield "422 json", written("PUT", choice, chooser, raw=f'{{"state": {word()}'.encode())
    yield "400 latin", written("PUT", choice, chooser, raw=word().encode() + b"\xe6\xff")
    yield "422 form", written("PUT", choice, chooser, raw=f"state={word()}".encode(), headers={"Content-Type": word()})
    yield "413 large", written("PUT", choice, chooser, raw=(word() * 2000).encode())
    yield "4xx notice", written("PUT", choice, chooser, body={"state": "given", "notice": word().lower()})


def _strangers(rooms: Rooms) -> Iterator[tuple[str, bytes]]:
    """Write what people send before anybody knows who they are: addresses, codes, links, an issuer's tokens."""
    word, form = rooms.spares.word, {"Content-Type": "application/x-www-form-urlencoded"}
    yield "503 address", written("POST", "/v1/identify", body={"identifier": f"{word()}@example.org"})
    yield "422 address", written("POST", "/v1/identify", body={"identifier": word()})
    yield "422 address field", written("POST", "/v1/identify", body={"identifier": f"{word()}@example.org", word(): 1})
    yield "401 code", written("POST", "/v1/identify/confirm", body={"challenge": "x" * 43, "code": word()[:26]})
    yield "422 code", written("POST", "/v1/identify/confirm", body={"challenge": f"{word()}@", "code": f"{word()}ø"})
    yield "401 issuer", written("POST", "/v1/identify/token", body={"token": f"{word()}.{word()}.{word()}"})
    yield "401 issuer no", written("POST", "/v1/identify/token/opt-out", body={"token": word(), "purpose": "churn"})
    yield "200 link page", written("GET", f"/u/{word()}?lang={word()}", headers={"Accept-Language": word()})
    yield "401 link", written("POST", f"/u/{word()}", raw=b"List-Unsubscribe=One-Click", headers=form)
    yield "401 link page", written("POST", f"/u/{word()}", raw=word().encode(), headers=form | {"Accept": "text/html"})
    yield "401 signal", written("PUT", "/v1/gpc", word(), headers={"Sec-GPC": "1"})
    yield "200 signal", written("PUT", "/v1/gpc", headers={"Sec-GPC": word()})


def written(  # noqa: PLR0913 - the parts of a request
    method: str,
    path: str,
    token: str | None = None,
    *,
    body: object = None,
    raw: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> bytes:
    """Write a request down."""
    content = json.dumps(body).encode() if raw is None and body is not None else raw or b""
    lines = {"Host": "hub", "Connection": "close", "Content-Length": str(len(content))}
    lines |= {"Content-Type": "application/json"} | (headers or {})
    lines |= {} if token is None else {"Authorization": f"Bearer {token}"}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content


def _answers(port: int) -> bool:
    try:
        return exchange(port, written("GET", "/health")).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0
