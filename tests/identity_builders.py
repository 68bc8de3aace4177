"""A hub whose customers want to be identified: some alone at an address, two who share one, one who moved."""

import asyncio
import email
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.api import service
from hub.api.app import create_app
from hub.authentication import acting_principal
from hub.compose import Hub
from hub.consents import find_subject
from hub.identification.round import go_round
from ingest.contract.load import load_contract
from ingest.pipeline.delivery import ingest_file
from privacy.store.audit import entries
from privacy.terms import RecordId
from tests.shop import people_contract
from tests.smtp_fake import Mailbox, mail_server

KARI, SHARED, OLD, NEW = "kari@example.org", "familie@example.org", "old@example.org", "new@example.org"
NOBODY = "nobody@example.org"
_PEOPLE = people_contract("""
consent:
  news: {purposes: [winback], values: {"yes": given, "": unknown}, at: since, notice: privacy-2025-01}
""")
_HEAD = "no,name,mail,since,news"
_FIRST = (
    f"kari,Kari Lie,{KARI},2025-01-01,yes",
    f"far,Per Dahl,{SHARED},2025-01-01,yes",
    f"mor,Eva Dahl,{SHARED},2025-01-01,yes",
    f"moved,Ola Moe,{OLD},2025-01-01,yes",
)
_THEN = (f"moved,Ola Moe,{NEW},2025-02-01,yes",)


@dataclass
class Town:
    """A hub, its app called in this process, and a mail server that keeps what it is sent."""

    hub: Hub
    mailbox: Mailbox
    runner: asyncio.Runner
    client: httpx.AsyncClient
    seen: int = field(default=0)

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.runner.run(self.client.request(method, path, **more))

    def ask(self, identifier: str = KARI, **more: Any) -> httpx.Response:
        return self.call("POST", "/v1/identify", json={"identifier": identifier}, **more)

    def confirm(self, challenge: str, code: str) -> httpx.Response:
        return self.call("POST", "/v1/identify/confirm", json={"challenge": challenge, "code": code})

    def letters(self) -> list[EmailMessage]:
        """Let the post go round; return what arrived since the last time."""
        go_round(self.hub)
        new = self.mailbox.mails[self.seen :]
        self.seen = len(self.mailbox.mails)
        return [email.message_from_bytes(mail, policy=email.policy.default) for mail in new]  # type: ignore[misc]  # that policy makes these

    def codes(self) -> tuple[str, str]:
        """Return the short and the long code of the one letter that arrived."""
        (letter,) = self.letters()
        text = letter.get_content().replace("\r", "")
        return re.findall(r"^ +(\d{8})$", text, re.MULTILINE)[0], re.findall(
            r"^ +([a-z2-7-]{32})$", text, re.MULTILINE
        )[0]

    def record(self, key: str = "kari") -> RecordId:
        return find_subject(self.hub, f"shop:{key}").records[0]

    def audited(self, action: str) -> list[dict[str, Any]]:
        with self.hub.reading() as session:
            return [dict(entry.fields) for _, entry in entries(session, action=action)]


@contextmanager
def town_of(
    hub: Hub,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    issuers: tuple[dict[str, Any], ...] = (),
    every: float = 3600.0,
) -> Iterator[Town]:
    """Take the people in and serve; unless `every` says otherwise the post goes round only when a test says so.

    No other duty of a server goes round meanwhile: a test counts the statements of its own requests.
    """
    monkeypatch.setattr(service, "LETTER_SECONDS", every)
    for duty in ("SEQUENCE_SECONDS", "CHECKPOINT_SECONDS", "NOTICE_SECONDS"):
        monkeypatch.setattr(service, duty, 3600.0)
    for name, rows in (("first", _FIRST), ("then", _THEN)):
        deliver(hub, folder / name, rows)
    with mail_server("127.0.0.1") as mailbox, asyncio.Runner() as runner:
        mail = f"smtp://127.0.0.1:{mailbox.port}?from=privacy@hub.example"
        settings = replace(hub.settings, mail=mail, public_url="https://hub.example", issuers=issuers)
        hub = replace(hub, settings=settings)
        app = create_app(hub)
        lifespan = app.router.lifespan_context(app)
        runner.run(lifespan.__aenter__())
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub")
        yield Town(hub, mailbox, runner, client)
        runner.run(client.aclose())
        runner.run(lifespan.__aexit__(None, None, None))


def deliver(hub: Hub, place: Path, rows: tuple[str, ...]) -> None:
    place.with_suffix(".yaml").write_text(_PEOPLE, encoding="utf-8")
    place.with_suffix(".csv").write_text("\n".join((_HEAD, *rows)) + "\n", encoding="utf-8")
    ports = hub.ports(acting_principal(hub).principal_id)
    summary = ingest_file(load_contract(place.with_suffix(".yaml")), place.with_suffix(".csv"), ports)
    assert summary.counts.accepted == len(rows)
