"""The canary: tokens in every personal field of every source, the whole path, every error; and none seen anywhere.

One company goes through the real doors in processes of their own, with all that the hub says caught. What is scanned:
the home (databases, write-ahead logs, lake, models), homes broken on purpose, what views and reports gave out, the
temporary folder, both streams of every command, every byte that the server answered, the arguments and environments of
all processes. What is allowed is listed with its reason, and an allowance that is not needed fails the test.
"""

import gzip
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest

from hub.clock import now
from tests.canary.scanner import Allowance, Capture, Report, scan, survey
from tests.canary.tokens import token
from tests.integration.canary_company import EXPORTS, FILES, plant
from tests.integration.canary_http import serve_and_ask
from tests.integration.canary_path import Rooms, bad_path, crash, good_path
from tests.integration.canary_run import Evidence, run_steps

FEWEST_TOKENS: Final = 2_500
FEWEST_OF_A_FIELD: Final = 50
MOST_WITHOUT_ADDRESS: Final = 10
FEWEST_SOURCES: Final = 600
FEWEST_BYTES: Final = 15_000_000
SHARED: Final = ("crm", "erp", "support", "newsletter")
STAGES: Final = frozenset({"new", "onboarding", "established", "before_renewal", "former"})
DAMAGED: Final = ("broken/database/control.db", "broken/garbage/control.db")
"""Databases that the test itself overwrote: the scanner reads their bytes, and cannot open them."""

ALLOWED: Final = (
    Allowance(
        "*/out/rejects.jsonl", "the operator asked for refused rows in clear: `varde quarantine export`, audited"
    ),
    Allowance("stdout: principals", "the owner asked who may act: labels are opened for `principal list`, audited"),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One run: where, what was planted, what was caught, what the server answered, and the scan of it all."""

    rooms: Rooms
    evidence: Evidence
    statuses: dict[str, int]
    report: Report


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    root = tmp_path_factory.mktemp("canary")
    for name in ("scanned/tmp", "scanned/out", "made", "notes"):
        (root / name).mkdir(parents=True)
    month = now().astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    scanned = root / "scanned"
    rooms = Rooms(scanned / "home", scanned / "out", root / "made", root / "notes", plant(root / "made/exports", month))
    evidence = Evidence()
    run_steps(rooms, good_path(rooms), evidence, "good")
    run_steps(rooms, bad_path(rooms), evidence, "bad")
    statuses = serve_and_ask(rooms, month.isoformat(), evidence)
    for what in ("people", "texts"):
        run_steps(rooms, [crash(rooms, what)], evidence, what)
    words = [*rooms.planted.words["token"].unique(maintain_order=True), *rooms.spares.drawn]
    return Seen(rooms, evidence, statuses, survey([scanned, *evidence.captures], words, allow=ALLOWED))


def test_every_step_ended_as_it_must(seen: Seen) -> None:
    """A step that broke off early would have had nothing to leak."""
    assert seen.evidence.wrong == []


def test_every_request_was_answered_as_it_must(seen: Seen) -> None:
    wrong = {name: status for name, status in seen.statuses.items() if not _is_expected(name, status)}
    assert wrong == {}


def test_every_token_is_in_its_export(seen: Seen) -> None:
    """What was not planted cannot be found: a scan for it would be blind."""
    folder = seen.rooms.made / "exports"
    texts = {name: (folder / name).read_bytes().decode("latin-1" if "erp" in name else "utf-8") for name in EXPORTS}
    words = seen.rooms.planted.words
    blind = [
        (field, source)
        for word, field, source in words.iter_rows()
        if not any(word in texts[name] for name in FILES.get(source, tuple(EXPORTS)))
    ]
    assert set(blind) <= {("email", "*")}, "a few people have no address in any system; all else is planted"
    assert len(blind) <= MOST_WITHOUT_ADDRESS
    for (field,), shared in words.filter(pl.col("source") == "*").group_by("field"):
        for source in SHARED:
            held = sum(word in texts[FILES[source][0]] for word in shared["token"])
            assert held >= FEWEST_OF_A_FIELD, (field, source)


def test_every_system_and_field_is_marked(seen: Seen) -> None:
    words = seen.rooms.planted.words
    marked = set(words.select("source", "field").unique().iter_rows())
    assert {("*", "given_name"), ("*", "family_name"), ("*", "email"), ("support", "text")} <= marked
    assert {(source, "phone") for source in SHARED} <= marked
    assert {(source, field) for source in ("crm", "erp") for field in ("street", "national_id")} <= marked
    assert words["token"].n_unique() >= FEWEST_TOKENS


def test_no_token_is_anywhere(seen: Seen) -> None:
    assert [(hit.path, hit.inside, hit.form) for hit in seen.report.hits] == []


def test_scan_saw_everything(seen: Seen) -> None:
    report = seen.report
    assert report.unused == []
    assert {each.path for each in report.unopened} <= {str(seen.rooms.home.parent / path) for path in DAMAGED}
    assert report.sources >= FEWEST_SOURCES
    assert report.scanned_bytes >= FEWEST_BYTES


def test_rows_that_left_carry_pseudonyms_and_figures_only(seen: Seen) -> None:
    view = pl.read_parquet(seen.rooms.out / "view.parquet")
    assert view.height > 0
    assert view.schema["pseudonym"] == pl.Binary
    words = [name for name, dtype in view.schema.items() if not dtype.is_numeric() and dtype != pl.Boolean]
    assert set(words) == {"pseudonym", "life_cycle_stage"}
    assert set(view["life_cycle_stage"].drop_nulls()) <= STAGES
    assert pl.read_csv(seen.rooms.out / "view.csv").columns == view.columns
    assert pl.read_json(seen.rooms.out / "view.json").columns == view.columns
    assert pl.read_ipc(seen.rooms.out / "view.arrow").columns == view.columns


def test_nothing_is_written_outside_the_home_and_the_asked_for(seen: Seen) -> None:
    """Databases, the lake and temporary files are the home's; `out` is what the operator named."""
    mine = (seen.rooms.home.parent, seen.rooms.made, seen.rooms.notes, Path("/dev/null"), Path("/proc/self/fd"))
    opened = [Path(note["path"]) for note in seen.evidence.notes if _is_own_file(note)]
    assert opened
    outside = [path for path in opened if not any((seen.rooms.out / path).is_relative_to(folder) for folder in mine)]
    assert outside == []
    assert [
        n
        for n in seen.evidence.notes
        if n["event"] in {"tempfile.mkstemp", "os.system", "socket.connect"}
        and str(seen.rooms.home.parent) not in str(n)
    ] == []


def test_child_processes_are_told_nothing(seen: Seen) -> None:
    started = [note for note in seen.evidence.notes if note["event"] == "subprocess.Popen"]
    asked = {tuple(note["arguments"][-2:]) for note in started}
    assert asked == {(task, "churn") for task in ("readiness", "train", "score", "card", "drift", "report")}
    assert {name for note in started for name in note["environment"]} == {"PYTHONPATH", "OMP_WAIT_POLICY"}


def _is_own_file(note: dict[str, Any]) -> bool:
    """Leave out what the interpreter keeps of its own: compiled modules."""
    return note["event"] == "open" and "__pycache__" not in note["path"]


def _is_expected(name: str, status: int) -> bool:
    """Hold a status against the name of its request: `4xx` is any refusal."""
    wanted = name.partition(" ")[0]
    if wanted == "4xx":
        return 400 <= status < 500
    return status == int(wanted) if wanted.isdigit() else 200 <= status < 500


LEAKED: Final = token("leaked", 1)


def _log_line(folder: Path) -> Capture:
    return Capture("stderr", json.dumps({"event": "command_failed", "problem": f"no {LEAKED.lower()}"}).encode())


def _traceback(folder: Path) -> Capture:
    return Capture("stderr", f"KeyError: '{LEAKED}'\n".encode())


def _answer(folder: Path) -> Capture:
    return Capture("answer", b"HTTP/1.1 422 \r\n\r\n" + json.dumps({"detail": f"{LEAKED}ø"}).encode())


def _location(folder: Path) -> Capture:
    return Capture("answer", f"HTTP/1.1 307 \r\nLocation: /v1/{LEAKED.encode().hex()}\r\n\r\n".encode())


def _row_of_sqlite(folder: Path) -> Path:
    with sqlite3.connect(folder / "control.db") as connection:
        connection.execute("CREATE TABLE leak (word)")
        connection.execute("INSERT INTO leak VALUES (?)", (LEAKED.encode("utf-16-le"),))
    connection.close()
    return folder


def _row_of_wal(folder: Path) -> Path:
    writer = sqlite3.connect(folder / "control.db", isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE leak (word)")
    writer.execute("INSERT INTO leak VALUES (?)", (LEAKED,))
    copied = folder / "copied"
    copied.mkdir()
    for path in folder.glob("control.db*"):
        (copied / path.name).write_bytes(path.read_bytes())
    writer.close()
    return copied


def _parquet(folder: Path) -> Path:
    pl.DataFrame({"n": range(1000), "word": [LEAKED] * 1000}).write_parquet(folder / "lake.parquet", compression="zstd")
    return folder


def _arrow(folder: Path) -> Path:
    pl.DataFrame({"word": [LEAKED] * 100}).write_ipc(folder / "view.arrow", compression="zstd")
    return folder


def _model(folder: Path) -> Path:
    (folder / "model.json").write_bytes(gzip.compress(json.dumps({"bins": [LEAKED.upper()]}).encode()))
    return folder


def _file_name(folder: Path) -> Path:
    (folder / f"{LEAKED}.parquet").touch()
    return folder


@pytest.mark.parametrize(
    "leak",
    [_log_line, _traceback, _answer, _location, _row_of_sqlite, _row_of_wal, _parquet, _arrow, _model, _file_name],
)
def test_planted_leak_is_found(leak: Callable[[Path], Path | Capture], tmp_path: Path) -> None:
    assert scan([leak(tmp_path)], [token("company", 1), LEAKED])


def test_leak_planted_into_the_home_is_found(seen: Seen, tmp_path: Path) -> None:
    """The very home that was found clean is not beyond the scanner's reach."""
    copied = tmp_path / "control.db"
    copied.write_bytes((seen.rooms.home / "control.db").read_bytes())
    with sqlite3.connect(copied) as connection:
        connection.execute("UPDATE batch SET contract = ? WHERE rowid = (SELECT min(rowid) FROM batch)", (LEAKED,))
    connection.close()
    assert scan([copied], [LEAKED])
