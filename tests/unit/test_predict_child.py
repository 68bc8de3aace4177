import io
import json
import platform
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

import predict
from predict.__main__ import main
from predict.errors import MessageRefused
from predict.wire import Message, arrow, read_message, write_message
from tests.unit.predict_builders import DESCRIBED, HORIZON_DAYS, customers, month


def framed(message):
    sink = io.BytesIO()
    write_message(sink, message)
    return sink.getvalue()


def answered(arguments, message):
    sink = io.BytesIO()
    code = main(arguments, io.BytesIO(framed(message)), sink)
    return code, read_message(io.BytesIO(sink.getvalue()))


def asked_to_train(frame):
    fields = {"horizon_days": HORIZON_DAYS, "seed": 3, "features": DESCRIBED}
    return Message(fields, {"frame": arrow(frame)}, {"frame": "arrow"})


@pytest.fixture(scope="module")
def frame():
    return customers(cuts=6, each=1000)


@pytest.fixture(scope="module")
def trained(frame):
    code, answer = answered(["train", "churn"], asked_to_train(frame))
    assert code == 0
    return answer


def test_a_child_without_environment_trains_and_answers_as_in_process(frame, trained):
    ran = subprocess.run(
        [sys.executable, "-m", "predict", "train", "churn"],
        input=framed(asked_to_train(frame)),
        capture_output=True,
        cwd=Path(predict.__file__).parents[1],
        env={},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == b""
    answer = read_message(io.BytesIO(ran.stdout))
    assert answer.part("artefact") == trained.part("artefact")


def test_scores_reasons_and_report_come_back(frame, trained):
    last = frame.filter(pl.col("as_of") == month(6)).drop("churned")
    parts = {"artefact": trained.part("artefact"), "frame": arrow(last)}
    code, answer = answered(["score", "churn"], Message({"language": "sv", "capacity": 10}, parts))
    assert code == 0
    assert answer.frame("scores").filter(pl.col("band") == "high").height == 10
    assert answer.frame("reasons").columns == ["pseudonym", "as_of", "reason_1", "reason_2", "reason_3"]
    code, answer = answered(["report", "churn"], Message({}, {"artefact": trained.part("artefact")}))
    assert code == 0
    assert json.loads(answer.part("report"))["module"] == "churn"
    assert answer.part("html").startswith(b"<!doctype html>")
    assert answer.kinds["markdown"] == "text"


def test_a_refusal_names_what_is_missing_and_exits_2(frame):
    code, answer = answered(["train", "churn"], asked_to_train(frame.drop("churned")))
    assert (code, answer.fields["ok"]) == (2, False)
    assert answer.fields["error"]["kind"] == "FrameRefused"
    assert answer.fields["error"]["fields"]["column"] == "churned"
    code, answer = answered(["train", "churn"], asked_to_train(frame.head(20)))
    assert answer.fields["error"]["kind"] == "TooFewCustomers"


@pytest.mark.parametrize("arguments", [[], ["train"], ["train", "weather"], ["erase", "churn"]])
def test_an_unknown_command_is_refused(arguments):
    code, answer = answered(arguments, Message({}))
    assert code == 2
    assert "usage" in answer.fields["error"]["text"]


@pytest.mark.parametrize("value", [None, 0, -1, "ninety", True, 1.5])
def test_a_horizon_that_is_no_number_of_days_is_refused(frame, value):
    code, answer = answered(["train", "churn"], Message({"horizon_days": value}, {"frame": arrow(frame)}))
    assert (code, answer.fields["error"]["kind"]) == (2, "MessageRefused")


def test_the_text_of_a_foreign_error_is_not_told(monkeypatch, frame):
    def broken(*_):
        raise RuntimeError("kari@example.no")

    monkeypatch.setattr("predict.churn.module.Churn.train", broken)
    code, answer = answered(["train", "churn"], asked_to_train(frame))
    assert code == 1
    assert "kari" not in json.dumps(dict(answer.fields))


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"no newline",
        b"not json\n",
        b"[]\n",
        b'{"protocol": 2}\n',
        b'{"protocol": 1, "parts": 3}\n',
        b'{"protocol": 1, "parts": [7]}\n',
        b'{"protocol": 1, "parts": [{"name": "frame", "kind": "pickle", "bytes": 0}]}\n',
        b'{"protocol": 1, "parts": [{"name": "frame", "kind": "arrow", "bytes": -1}]}\n',
        b'{"protocol": 1, "parts": [{"name": "frame", "kind": "arrow", "bytes": true}]}\n',
        b'{"protocol": 1, "parts": [{"name": "frame", "kind": "arrow", "bytes": 5}]}\nabc',
        json.dumps({"protocol": 1, "parts": [{"name": "a", "kind": "json", "bytes": 0}] * 2}).encode() + b"\n",
    ],
)
def test_a_broken_message_is_refused(wire):
    with pytest.raises(MessageRefused):
        read_message(io.BytesIO(wire))


def test_bytes_that_are_no_arrow_are_refused():
    with pytest.raises(MessageRefused, match="Arrow"):
        Message({}, {"frame": b"garbage"}).frame("frame")


TRIES = """
import ctypes, socket, sys, threading
sys.path[:0] = sys.argv[1:]
from predict.confinement import confine

def refused(*families):
    for family in families:
        try:
            socket.socket(family)
        except PermissionError:
            continue
        return False
    return True

waiting, answers = threading.Event(), []
earlier = threading.Thread(target=lambda: (waiting.wait(), answers.append(refused(socket.AF_INET))))
earlier.start()
assert not refused(socket.AF_INET)
assert confine()
waiting.set()
earlier.join()
libc = ctypes.CDLL(None, use_errno=True)
traced = libc.ptrace(16, 1, 0, 0), ctypes.get_errno()
socket.socketpair()
print(refused(socket.AF_INET, socket.AF_INET6, socket.AF_UNIX), answers, traced)
"""


@pytest.mark.skipif(platform.system() != "Linux", reason="only Linux filters the calls of a process")
def test_a_confined_process_opens_no_socket_in_any_thread_and_looks_into_nobody() -> None:
    command = [sys.executable, "-c", TRIES, str(Path(predict.__file__).parents[1])]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("True [True] (-1, 1)\n", "")


@pytest.mark.skipif(platform.system() != "Linux", reason="only Linux filters the calls of a process")
def test_the_child_is_confined_before_it_reads() -> None:
    """It waits for its message with a filter on: the kernel says so of the process."""
    command = [sys.executable, "-m", "predict", "report", "churn"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(predict.__file__).parents[1], env={}
    ) as child:
        status, until = Path(f"/proc/{child.pid}/status"), time.monotonic() + 60
        while "Seccomp:\t2" not in status.read_text() and time.monotonic() < until:
            time.sleep(0.05)
        told = status.read_text()
        child.communicate(b"")
    assert "Seccomp:\t2" in told
    assert "NoNewPrivs:\t1" in told
