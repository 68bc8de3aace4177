"""Runs steps given on standard input, one JSON object a line, through the real command line in one process.

Start-up costs seconds; a step costs milliseconds. What a step needs that no command does (a home broken on purpose, an
error from deep inside, a crash) is a function of `tests.integration.canary_provoked`, run as a command of its own, so
that it too passes the edge of the program. An audit hook notes every process started and every file opened for writing.
"""

import io
import json
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hub import logs
from hub.cli.app import make_app
from hub.cli.launch import Invocation
from tests.integration.canary_provoked import PROVOKED

MARK: Final = "\x1e"
"""Stands before the name of a step in both output streams."""

_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def watch(notes: Path) -> None:
    """Note whatever this process starts, opens for writing or connects to, in the file."""
    descriptor = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        for note in _noted(event, arguments):
            os.write(descriptor, json.dumps({"event": event, **note}, default=repr).encode() + b"\n")

    sys.addaudithook(hook)


def _noted(event: str, arguments: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    match event, arguments:
        case "subprocess.Popen", (program, words, folder, environment):
            yield {"program": program, "arguments": words, "folder": folder, "environment": environment}
        case "open", (str() | bytes() | os.PathLike() as path, _, int() as flags) if flags & _WRITES:
            yield {"path": os.fsdecode(path)}
        case (("os.exec" | "os.posix_spawn" | "os.system" | "socket.connect" | "tempfile.mkstemp"), _):
            yield {"arguments": list(arguments)}
        case _:
            return


def run(step: dict[str, Any]) -> int:
    """Run one step and return its exit code."""
    app = make_app()
    for provoked in PROVOKED:
        app.command(provoked.__name__.replace("_", "-"))(provoked)
    sys.stdin = io.StringIO(step.get("stdin", ""))
    environment = dict(step["environment"])
    if "actor" in step:
        environment["VARDE_TOKEN"] = Path(step["actor"]).read_text(encoding="ascii").strip()
    try:
        app(args=step["words"], obj=Invocation(environment=environment), prog_name="varde")
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else 1
    return 0


def main(notes: Path, codes: Path) -> None:
    """Run every step; write the exit code of each."""
    logs.withhold_last_words()
    os.umask(0o077)
    warnings.simplefilter("always")
    steps = [json.loads(line) for line in sys.stdin]
    watch(notes)
    ended: dict[str, int] = {}
    for step in steps:
        for stream in (sys.stdout, sys.stderr):
            print(f"{MARK}{step['name']}", file=stream, flush=True)
        codes.write_text(json.dumps(ended | {step["name"]: -1}), encoding="ascii")
        ended[step["name"]] = run(step)
        sys.stdout.flush()
        sys.stderr.flush()
    codes.write_text(json.dumps(ended), encoding="ascii")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
