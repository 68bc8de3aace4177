"""A release read in batches by the client: it tells what a read tells, ends where it ends, and is whole or refused."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime

import polars as pl
import pytest

from hub.calling import ARROW
from hub.client import Client, RemoteView
from hub.errors import AnswerBroken, ReleaseExpired
from hub.views.wire import arrow_pieces
from privacy.store.audit import entries
from tests.api.test_client import address, answers_once
from tests.api.world import AS_OF, CHURN, World

__all__ = ["address"]  # a fixture

ROWS = b"".join(arrow_pieces(pl.DataFrame({"pseudonym": [bytes(16)] * 3, "orders": [1, 2, 3]}), {}))
TOLD = {
    "Content-Type": ARROW,
    "Varde-Release": "5f" * 16,
    "Varde-View-Version": "1",
    "Varde-Release-Expires": "2025-07-01T00:00:00+00:00",
    "Varde-Absent": "",
    "Varde-Rows": "3",
    "Repr-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(ROWS).digest()).decode()}:",
    "Content-Length": str(len(ROWS)),
}


def _view_of(told: Mapping[str, str], body: bytes = ROWS, at: str = "2025-06-30T23:59:59+00:00") -> RemoteView:
    """A view on a server that tells this of it, whatever is asked."""
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    address = answers_once(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body)
    return Client(address, "t", clock=lambda: datetime.fromisoformat(at)).view("shopping")


def _read(view: RemoteView) -> pl.DataFrame:
    return view.read(purpose=CHURN, as_of=AS_OF)


def _scan(view: RemoteView) -> pl.DataFrame:
    return pl.concat(view.scan(purpose=CHURN, as_of=AS_OF))


@pytest.mark.parametrize("ask", [_read, _scan])
def test_rows_are_handed_out_until_they_expire_however_they_are_read(ask: Callable[[RemoteView], pl.DataFrame]) -> None:
    assert ask(_view_of(TOLD)).height == 3
    with pytest.raises(ReleaseExpired, match="5f5f"):
        ask(_view_of(TOLD, at="2025-07-01T00:00:00+00:00"))


@pytest.mark.parametrize("ask", [_read, _scan])
@pytest.mark.parametrize("name", [name for name in TOLD if name.startswith("Varde")])
def test_an_answer_that_does_not_tell_its_release_is_refused(
    ask: Callable[[RemoteView], pl.DataFrame], name: str
) -> None:
    for told in ({**TOLD, name: "?"}, {each: TOLD[each] for each in TOLD if each != name}):
        if told.get(name) == "?" and name == "Varde-Absent":
            continue  # counts of no rule
        with pytest.raises(AnswerBroken):
            ask(_view_of(told))


def test_a_scan_that_breaks_off_anywhere_is_not_whole() -> None:
    for end in (0, 5, len(ROWS) // 2, len(ROWS) - 60, len(ROWS) - 1):
        with pytest.raises(AnswerBroken):
            _scan(_view_of(TOLD, ROWS[:end]))
    without = {name: told for name, told in TOLD.items() if name != "Content-Length"}
    with pytest.raises(AnswerBroken):
        _scan(_view_of(without))


def test_a_scan_tells_of_its_release(world: World, address: str) -> None:
    client = Client(address, world.reader_token)
    with client.view("shopping").scanned(purpose=CHURN, as_of=AS_OF, use="help_offered") as scanned:
        rows = sum(batch.height for batch in scanned.batches)
    assert scanned.head.rows == rows > 50
    assert scanned.head.prohibited_uses == ("higher_price", "refusal", "worse_terms")
    with world.hub.reading() as session:
        intents = {(entry.fields.act_id or b"").hex() for _, entry in entries(session, action="view.release.intent")}
    assert scanned.head.release_id in intents
