"""The witness as other logs meet it: raw HTTP, the answers of C2SP tlog-witness."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from hub.witness.record import find_record, trust
from hub.witness.rules import MOST_BYTES
from hub.witness.witness import Witness, make_witness
from privacy.verifier import checkpoint_of, verify_cosignature
from tests.builders import FixedClock
from tests.builders_log import ALog
from tests.integration.witness_server import serving

LOG = ALog()


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    made = make_witness(tmp_path / "witness", "witness.example/w1")
    trust(made.folder, LOG.vkey)
    return made


@pytest.fixture
def client(witness: Witness, clock: FixedClock) -> Iterator[httpx.Client]:
    with serving(witness, clock) as url, httpx.Client(base_url=url) as client:
        yield client


def test_cosignature_is_one_line_that_verifies(client: httpx.Client, witness: Witness, clock: FixedClock) -> None:
    answer = client.post("/add-checkpoint", content=LOG.body(0, 5))
    assert answer.status_code == 200
    assert answer.text.count("\n") == 1
    assert answer.text.startswith("— witness.example/w1 ")
    assert verify_cosignature(LOG.note(5) + answer.text, witness.public_key) == int(clock().timestamp())


@pytest.mark.parametrize(
    ("body", "status", "content_type", "text"),
    [
        (LOG.body(0, 4), 409, "text/x.tlog.size", "5\n"),
        (LOG.body(4, 9), 409, "text/x.tlog.size", "5\n"),
        (LOG.fork(at=2).body(5, 5), 409, "text/x.tlog.size", "5\n"),
        (LOG.fork(at=2).body(5, 9), 422, "text/plain; charset=utf-8", "inconsistent\n"),
        (LOG.body(9, 5), 400, "text/plain; charset=utf-8", "old_above_new\n"),
        (b"nonsense", 400, "text/plain; charset=utf-8", "malformed\n"),
        (b"x" * (MOST_BYTES + 1), 400, "text/plain; charset=utf-8", "malformed\n"),
        (ALog(origin="example.com/other").body(0, 5), 404, "text/plain; charset=utf-8", "unknown_log\n"),
        (LOG.body(5, 9).replace(b"\n9\n", b"\n8\n"), 403, "text/plain; charset=utf-8", "not_signed\n"),
    ],
    ids=["rollback", "stale", "split", "inconsistent", "old above new", "malformed", "long", "unknown", "not signed"],
)
def test_refusals(client: httpx.Client, *, body: bytes, status: int, content_type: str, text: str) -> None:
    client.post("/add-checkpoint", content=LOG.body(0, 5)).raise_for_status()
    answer = client.post("/add-checkpoint", content=body)
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (status, content_type, text)


def test_nothing_else_is_served(client: httpx.Client) -> None:
    assert client.get("/add-checkpoint").status_code == 405
    assert client.get("/").status_code == 404


def test_record_that_cannot_be_read_is_told_as_the_witness_own_fault(client: httpx.Client, witness: Witness) -> None:
    (path,) = witness.folder.rglob("*.log")
    path.write_text("x", encoding="utf-8")
    answer = client.post("/add-checkpoint", content=LOG.body(0, 5))
    assert (answer.status_code, answer.text) == (500, "the witness cannot sign now\n")


def test_two_branches_at_once_never_get_both_a_cosignature(client: httpx.Client, witness: Witness) -> None:
    branches = [LOG.fork(at=3, branch=number) for number in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda log: client.post("/add-checkpoint", content=log.body(0, 7)), branches))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    won = branches[[answer.status_code for answer in answers].index(200)]
    record = find_record(witness.folder, LOG.origin)
    assert record is not None
    assert checkpoint_of(record.note.split("\n\n")[0] + "\n").head == won.head(7)
