"""`varde serve` in a process of its own: how it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.integration.cli_desk import ROOT, stocked


def test_ctrl_c_ends_the_server_in_order_and_without_a_word_of_a_library(tmp_path: Path) -> None:
    """DuckDB, where a process has imported it, tells of leaks at its end: the server imports no matcher."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "VARDE_HOME": str(stocked(tmp_path).home)}
    command = [sys.executable, "-m", "hub", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as server:
        try:
            _await(port)
            server.send_signal(signal.SIGINT)
            told = server.communicate(timeout=60)[1]
        finally:
            server.kill()
    assert server.returncode == 0
    assert told.splitlines()[-1] == "Stopped; everything that was acknowledged is stored."
    assert "nanobind" not in told


def _await(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError
