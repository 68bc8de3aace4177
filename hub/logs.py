"""Logs: an event is a constant, fields pass an allow-list, and everything else is dropped.

Rules kept here:
- only `LogEvent` reaches a line; another logger's message, which may hold anything, is reduced to its logger's name;
- only `PERMITTED_FIELDS` reach a line, each only in the shape of an id, a count or a word: an e-mail address, a name
  with a space or a long number that slips into a permitted field is withheld;
- an exception is its class: its text and its locals stay out;
- lines are JSON, on standard error, and only where VARDE_LOG=json asks for them; otherwise nothing is logged at all.
"""

import json
import logging
import re
import sys
import threading
import warnings
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TextIO

ROOT: Final = "varde"
JSON_MODE: Final = "json"
WITHHELD: Final = "(withheld)"


class LogEvent(StrEnum):
    """Everything that can be logged."""

    COMMAND_ENDED = "command_ended"
    COMMAND_FAILED = "command_failed"
    UNEXPECTED_ERROR = "unexpected_error"
    BATCH_TAKEN_IN = "batch_taken_in"
    BATCH_RECOVERED = "batch_recovered"
    CONTRACT_BREACHED = "contract_breached"
    VIEW_READ = "view_read"
    CONSENT_RECORDED = "consent_recorded"
    SUBJECT_ERASED = "subject_erased"
    MODEL_TRAINED = "model_trained"
    SCORES_WRITTEN = "scores_written"
    RUNS_UNMERGED = "runs_unmerged"
    SERVER_STARTED = "server_started"
    SERVER_STOPPED = "server_stopped"
    ALERTS_STOPPED = "alerts_stopped"
    ANCHOR_FAILED = "anchor_failed"
    LETTER_FAILED = "letter_failed"
    NOTICE_FAILED = "notice_failed"
    SPENT_ROWS_STAYED = "spent_rows_stayed"
    REQUEST_ANSWERED = "request_answered"
    FOREIGN_MESSAGE = "foreign_message"  # a library said something; what, stays unsaid


PERMITTED_FIELDS: Final = frozenset(
    {
        *("act", "batch", "command", "contract", "epoch", "error", "exit_code", "incident", "method", "model"),
        *("principal", "problem", "purpose", "release", "request_id", "role", "route", "seconds"),
        *("source", "status", "table", "view", "view_version"),
        *("rows", "accepted", "quarantined", "duplicate", "suppressed", "merged", "records", "settled", "aborted"),
        *("column", "setting"),
    }
)
"""Names, counts and random ids; nothing that is about a person."""

_WORD: Final = re.compile(r"[A-Za-z/*][A-Za-z0-9_.:/{}*-]{0,63}")
_ID: Final = re.compile(r"(?=[0-9]*[a-f])([0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{64})")
_ID_BYTES: Final = (16, 32)
"""Random ids and hashes; without a letter it may be a card's or an account's number."""

_LONG_NUMBER: Final = re.compile(r"[0-9]{7}")  # no telephone or identity number is shorter


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, event, and the permitted fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record down to what is permitted."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": _event(record),
        }
        if line["event"] == LogEvent.FOREIGN_MESSAGE:
            line["logger"] = _permitted(record.name)
        else:
            fields = {name: value for name, value in vars(record).items() if name in PERMITTED_FIELDS}
            line |= {name: _permitted(value) for name, value in sorted(fields.items())}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=True)


class _Silence(logging.NullHandler):
    """Stands where Python's last resort would print."""


class _Lines(logging.StreamHandler[TextIO]):
    """Writes JSON lines."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.setFormatter(JsonLines())


def log_of(room: str) -> logging.Logger:
    """Return the logger of a room of the house, such as `cli` or `api`."""
    return logging.getLogger(f"{ROOT}.{room}")


def start(mode: str | None) -> None:
    """Log as the environment asks: JSON lines on standard error, or nothing.

    Also what libraries log goes this way, or Python's last resort would print their text.
    """
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if isinstance(each, _Silence | _Lines)]:
        root.removeHandler(earlier)
    root.addHandler(_Lines(sys.stderr) if mode == JSON_MODE else _Silence())
    logging.getLogger(ROOT).setLevel(logging.INFO)


def withhold_last_words() -> None:
    """Tell warnings and errors that nobody catches by their class, in this whole process.

    Python's own way is to print their text, which may hold a value, and a traceback.
    """
    warnings.showwarning = _warned  # type: ignore[assignment]  # Python passes them all by position
    threading.excepthook = lambda fault: _uncaught(fault.exc_type)
    sys.unraisablehook = lambda fault: _uncaught(fault.exc_type)
    sys.excepthook = lambda kind, _error, _frames: _uncaught(kind)


def _warned(_message: Warning | str, category: type[Warning], *_place: object) -> None:
    log_of("last").warning(LogEvent.FOREIGN_MESSAGE, extra={"error": category.__name__})


def _uncaught(kind: type[BaseException]) -> None:
    log_of("last").error(LogEvent.UNEXPECTED_ERROR, extra={"error": kind.__name__})
    sys.stderr.write(f"varde: {kind.__name__}, where nobody was to hear of it\n")


def _event(record: logging.LogRecord) -> str:
    known = record.name.startswith(ROOT) and isinstance(record.msg, str) and record.msg in set(LogEvent)
    return str(record.msg) if known else LogEvent.FOREIGN_MESSAGE.value


def _permitted(value: object) -> object:
    """Let a count, a flag, a random id or a word through."""
    match value:
        case bool() | int() | float() | None:
            return value
        case bytes() if len(value) in _ID_BYTES:
            return value.hex()
        case str() if _ID.fullmatch(value) or (_WORD.fullmatch(value) and not _LONG_NUMBER.search(value)):
            return str(value)
        case _:
            return WITHHELD
