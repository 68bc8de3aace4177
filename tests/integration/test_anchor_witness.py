"""Our client against our witness over real HTTP, and against servers that answer otherwise."""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.anchors.anchor import Outcome
from hub.anchors.witness import WitnessAnchor
from hub.errors import SettingsInvalid
from hub.witness.record import find_record, trust
from hub.witness.witness import Witness, make_witness
from privacy.verifier import verify_checkpoint, verify_cosignature
from tests.builders_anchor import AT_ONCE, stated
from tests.builders_log import ALog
from tests.integration.witness_server import serving

LOG = ALog()
FORK = LOG.fork(at=3)
Answer = tuple[int, str, bytes]


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    made = make_witness(tmp_path / "witness", "witness.example/w1")
    trust(made.folder, LOG.vkey)
    return made


@pytest.fixture
def anchor(witness: Witness) -> Iterator[WitnessAnchor]:
    with serving(witness) as url:
        yield WitnessAnchor(url, witness.public_key, AT_ONCE)


@contextmanager
def answering(*answers: Answer) -> Iterator[tuple[str, list[bytes]]]:
    """Serve fixed answers, one a request, the last for ever; yield the address and what was asked."""
    asked: list[bytes] = []

    class Fixed(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["content-length"])))
            status, kind, body = answers[min(len(asked), len(answers)) - 1]
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fixed) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/prefix/", asked
        finally:
            server.shutdown()
            thread.join()


def test_checkpoint_comes_back_cosigned(anchor: WitnessAnchor, witness: Witness) -> None:
    for size in (5, 9, 9, 30):
        seen = anchor.publish(stated(LOG, size))
        assert (seen.outcome, seen.size) == (Outcome.PUBLISHED, size)
        assert seen.note is not None
        assert verify_checkpoint(seen.note, LOG.vkey).head == LOG.head(size)
        verify_cosignature(seen.note, witness.public_key)


def test_client_that_knows_nothing_is_told_the_size(anchor: WitnessAnchor, witness: Witness) -> None:
    anchor.publish(stated(LOG, 9))
    with serving(witness) as url:
        fresh = WitnessAnchor(url, witness.public_key, AT_ONCE)
        assert fresh.publish(stated(LOG, 30)).outcome is Outcome.PUBLISHED


def test_rollback_and_fork_are_told(anchor: WitnessAnchor) -> None:
    anchor.publish(stated(LOG, 9))
    seen = anchor.publish(stated(LOG, 7))
    assert (seen.outcome, seen.size) == (Outcome.AHEAD, 9)
    assert anchor.publish(stated(FORK, 9)).outcome is Outcome.CONTRADICTED
    assert anchor.publish(stated(FORK, 14)).outcome is Outcome.CONTRADICTED


def test_old_checkpoint_of_a_log_that_went_on_is_no_rollback(anchor: WitnessAnchor) -> None:
    anchor.publish(stated(LOG, 9))
    assert anchor.look(stated(LOG, 12, signed=7)).outcome is Outcome.AGREES


def test_log_that_is_not_watched_is_refused(anchor: WitnessAnchor, witness: Witness) -> None:
    seen = anchor.publish(stated(ALog(origin="example.com/other"), 5))
    assert (seen.outcome, seen.why) == (Outcome.REFUSED, "http_404")
    assert anchor.publish(stated(LOG, 5, signed=0)).outcome is Outcome.EMPTY
    record = find_record(witness.folder, LOG.origin)
    assert record is not None
    assert record.note == ""


def size(number: bytes) -> Answer:
    return (409, "text/x.tlog.size", number)


@pytest.mark.parametrize(
    ("answers", "outcome", "why"),
    [
        ([(500, "text/plain", b"")], Outcome.UNREACHABLE, "http_500"),
        ([(429, "text/plain", b"")], Outcome.UNREACHABLE, "http_429"),
        ([(403, "text/plain", b"")], Outcome.REFUSED, "http_403"),
        ([(422, "text/plain", b"")], Outcome.CONTRADICTED, "http_422"),
        ([(409, "text/plain", b"9\n")], Outcome.CONTRADICTED, "http_409"),
        ([size(b"many\n")], Outcome.CONTRADICTED, "http_409"),
        ([size(b"1\n"), size(b"2\n"), size(b"3\n")], Outcome.AGREES, ""),
        ([(200, "text/plain", b"thanks\n")], Outcome.REFUSED, "cosignature_does_not_verify"),
        ([(200, "text/plain", b"\xff" * 70_000)], Outcome.REFUSED, "cosignature_does_not_verify"),
    ],
)
def test_what_others_answer(witness: Witness, answers: list[Answer], outcome: Outcome, why: str) -> None:
    with answering(*answers) as (url, asked):
        seen = WitnessAnchor(url, witness.public_key, AT_ONCE).publish(stated(LOG, 5))
    assert (seen.outcome, seen.why) == (outcome, why)
    assert len(asked) <= 3


def test_signature_of_another_witness_is_no_cosignature(witness: Witness, tmp_path: Path) -> None:
    other = make_witness(tmp_path / "other", "witness.example/w1")
    trust(other.folder, LOG.vkey)
    with serving(other) as url:
        seen = WitnessAnchor(url, witness.public_key, AT_ONCE).publish(stated(LOG, 5))
    assert seen.why == "cosignature_does_not_verify"


def test_nobody_there_is_unreachable(witness: Witness) -> None:
    with answering((200, "text/plain", b"")) as (url, _):
        pass
    assert WitnessAnchor(url, witness.public_key, AT_ONCE).publish(stated(LOG, 5)).outcome is Outcome.UNREACHABLE


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda key: WitnessAnchor("http://witness.example", key, AT_ONCE), "in clear"),
        (lambda key: WitnessAnchor("ftp://witness.example", key, AT_ONCE), "no web address"),
        (lambda key: WitnessAnchor("https://", key, AT_ONCE), "no web address"),
        (lambda _key: WitnessAnchor("https://witness.example", LOG.vkey, AT_ONCE), "a log's"),
    ],
)
def test_address_that_cannot_be_used_is_refused(
    witness: Witness, make: Callable[[object], WitnessAnchor], why: str
) -> None:
    with pytest.raises(SettingsInvalid, match=why):
        make(witness.public_key)
