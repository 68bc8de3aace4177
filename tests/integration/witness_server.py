"""A real witness on a real port, in a thread or a process of its own (`python -m ... FOLDER PORT KILL_AT`)."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import uvicorn

from hub.api.serve import config_of_app
from hub.clock import now
from hub.witness.http import create_app
from hub.witness.witness import Witness, open_witness


@contextmanager
def serving(witness: Witness, clock: Callable[[], datetime] = now) -> Iterator[str]:
    """Serve a witness in a thread; yield its address."""
    server = uvicorn.Server(config_of_app(create_app(witness, clock), "127.0.0.1", 0))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the witness did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def main(folder: str, port: str, kill_at: str) -> None:
    """Serve until a step is reached, then die by SIGKILL as a power cut would have it."""

    def reached(step: str) -> None:
        if step == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    witness = open_witness(Path(folder), reached)
    uvicorn.Server(config_of_app(create_app(witness, now), "127.0.0.1", int(port))).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
