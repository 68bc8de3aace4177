"""What a log line can hold, and above all what it cannot."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import logs
from hub.logs import PERMITTED_FIELDS, WITHHELD, JsonLines, LogEvent, log_of


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    logging.getLogger("varde").setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


def _only(stream: io.StringIO) -> dict[str, object]:
    (line,) = stream.getvalue().splitlines()
    parsed: dict[str, object] = json.loads(line)
    return parsed


def test_careless_extra_is_dropped(lines: io.StringIO) -> None:
    log_of("consent").info(LogEvent.CONSENT_RECORDED, extra={"email": "ola@example.org", "purpose": "churn"})
    line = _only(lines)
    assert line["event"] == "consent_recorded"
    assert line["purpose"] == "churn"
    assert "ola" not in lines.getvalue()


@pytest.mark.parametrize(
    "slipped",
    [
        *("ola@example.org", b"ola@example.org", "Ola Nordmann", "+47 900 12 345", "90012345", "01019012345"),
        *("4111111111111111", "x" * 65, "a\nb"),
    ],
)
def test_personal_value_in_a_permitted_field_is_withheld(lines: io.StringIO, slipped: str | bytes) -> None:
    log_of("ingest").info(LogEvent.BATCH_TAKEN_IN, extra={"contract": slipped})
    assert _only(lines)["contract"] == WITHHELD


def test_ids_counts_and_words_pass(lines: io.StringIO) -> None:
    fields: dict[str, object] = {"rows": 3, "seconds": 0.25, "request_id": "0f" * 8, "contract": "erp_orders"}
    fields |= {"batch": b"\xab" * 16, "route": "/v1/me/purposes/{id}"}
    log_of("ingest").info(LogEvent.BATCH_TAKEN_IN, extra=fields)
    line = _only(lines)
    assert {name: line[name] for name in fields} == fields | {"batch": "ab" * 16}


def test_sentence_instead_of_an_event_is_foreign(lines: io.StringIO) -> None:
    log_of("ingest").warning("could not parse ola@example.org", extra={"contract": "orders"})
    line = _only(lines)
    assert line["event"] == LogEvent.FOREIGN_MESSAGE
    assert "ola" not in lines.getvalue()


def test_arguments_are_never_formatted_in() -> None:
    record = logging.makeLogRecord({"name": "varde.x", "msg": "row of %s", "args": ("ola@example.org",)})
    assert "ola" not in JsonLines().format(record)


def test_libraries_are_reduced_to_their_name(lines: io.StringIO) -> None:
    logging.getLogger("sqlalchemy.engine").error("INSERT ... ('ola@example.org')", extra={"purpose": "churn"})
    line = _only(lines)
    assert line.keys() == {"at", "level", "event", "logger"}
    assert line["logger"] == "sqlalchemy.engine"


def test_exception_is_its_class(lines: io.StringIO) -> None:
    try:
        int("ola@example.org")
    except ValueError:
        log_of("api").exception(LogEvent.UNEXPECTED_ERROR, extra={"incident": "bdfgkmpt"}, stack_info=True)
    line = _only(lines)
    assert (line["error"], line["incident"]) == ("ValueError", "bdfgkmpt")
    assert "ola" not in lines.getvalue()


@given(name=st.text(min_size=1), value=st.text())
def test_no_field_outside_the_list_reaches_a_line(name: str, value: str) -> None:
    record = logging.makeLogRecord({"name": "varde.x", "msg": LogEvent.COMMAND_ENDED, f"x{name}": value})
    line = json.loads(JsonLines().format(record))
    assert set(line) - {"at", "level", "event"} <= PERMITTED_FIELDS


def test_no_permitted_field_is_an_attribute_that_logging_sets_itself() -> None:
    assert PERMITTED_FIELDS.isdisjoint(vars(logging.makeLogRecord({})))


def test_nothing_is_printed_unless_json_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    logs.start(None)
    log_of("cli").error(LogEvent.UNEXPECTED_ERROR)
    logging.getLogger("a.library").error("ola@example.org")
    assert capsys.readouterr() == ("", "")
    logs.start(logs.JSON_MODE)
    logs.start(logs.JSON_MODE)
    log_of("cli").error(LogEvent.UNEXPECTED_ERROR)
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["event"] == "unexpected_error", "one line, though logging was started twice"
    assert sys.stderr is not None
