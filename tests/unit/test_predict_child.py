import io
import json
import subprocess
import sys
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
    return customers(cuts=8, each=300)


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
    last = frame.filter(pl.col("as_of") == month(8)).drop("churned")
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
