"""Runs the steps in child processes with their streams caught, and a real server with its answers caught."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.canary.scanner import Capture
from tests.integration.canary_child import MARK
from tests.integration.canary_path import KILLED, Rooms, Step

ROOT: Final = Path(__file__).parent.parent.parent
WIDE: Final = "4000"  # a token cut in two by the end of a line would not be found


@dataclass(slots=True)
class Evidence:
    """What was seen: streams and answers, exit codes that were not as they must be, and what processes did."""

    captures: list[Capture] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)


def environment_of(rooms: Rooms) -> dict[str, str]:
    """Return what a command is given: everything that makes the hub talk."""
    return {"VARDE_HOME": str(rooms.home), "VARDE_LOG": "json", "VARDE_DEBUG": "1"}


def surroundings(rooms: Rooms) -> dict[str, str]:
    """Return a child's environment: a temporary folder of its own, wide lines, every warning."""
    return environment_of(rooms) | {
        "TMPDIR": str(rooms.home.parent / "tmp"),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "always",
        "COLUMNS": WIDE,
        "TERMINAL_WIDTH": WIDE,
        "_TYPER_FORCE_DISABLE_TERMINAL": "1",
    }


def run_steps(rooms: Rooms, steps: Iterable[Step], evidence: Evidence, name: str) -> None:
    """Run steps in one process and keep what they said."""
    wanted = list(steps)
    sent = "".join(json.dumps(each.written(environment_of(rooms))) + "\n" for each in wanted)
    notes, codes = rooms.notes / f"{name}.notes", rooms.notes / f"{name}.codes"
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "tests.integration.canary_child", str(notes), str(codes)],
        input=sent.encode(),
        capture_output=True,
        check=False,
        cwd=rooms.out,
        env=surroundings(rooms),
    )
    for stream, content in (("stdout", ended.stdout), ("stderr", ended.stderr)):
        evidence.captures += _parts(content, stream)
    noted = [json.loads(line) for line in notes.read_bytes().splitlines()]
    started = [note for note in noted if note["event"] != "open"]  # a path that was typed may hold what was typed
    evidence.captures.append(Capture(f"{name}: processes", json.dumps(started).encode()))
    evidence.notes += noted
    found = json.loads(codes.read_text(encoding="ascii")) if codes.exists() else {}
    died = ended.returncode == -signal.SIGKILL
    for each in wanted:
        code = found.get(each.name, "did not run")
        if code not in each.codes or (code == KILLED and not died):
            evidence.wrong.append(f"{each.name}: {code}, not {sorted(each.codes)}")


def _parts(stream: bytes, kind: str) -> list[Capture]:
    """Cut a stream where a step begins."""
    parts = stream.split(MARK.encode())
    named = (part.partition(b"\n") for part in parts[1:])
    return [Capture(f"{kind}: start", parts[0]), *(Capture(f"{kind}: {n.decode()}", text) for n, _, text in named)]


class Server:
    """`varde serve` in a process of its own."""

    def __init__(self, rooms: Rooms, port: int) -> None:
        self.port = port
        self._files = [(rooms.notes / f"serve.{stream}").open("wb") for stream in ("stdout", "stderr")]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "hub", "serve", "--port", str(port)],
            stdout=self._files[0],
            stderr=self._files[1],
            cwd=rooms.out,
            env=surroundings(rooms),
        )

    def processes(self) -> list[Capture]:
        """Return arguments and environment as anybody on this machine can read them."""
        folder = Path("/proc") / str(self._process.pid)
        return [Capture(f"serve: {name}", (folder / name).read_bytes()) for name in ("cmdline", "environ")]

    def stop(self) -> list[Capture]:
        """End the server and return what it said."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(timeout=30)
        for file in self._files:
            file.close()
        return [Capture(f"serve: {Path(file.name).suffix[1:]}", Path(file.name).read_bytes()) for file in self._files]

    def wait(self, reached: Any) -> None:
        """Wait until the server answers."""
        for _ in range(600):
            if reached() or self._process.poll() is not None:
                return
            time.sleep(0.1)
