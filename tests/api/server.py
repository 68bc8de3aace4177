"""A real server for tests: in a thread, or a process of its own (`python -m tests.api.server HOME PORT`)."""

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from hub.api.serve import config_of, spare_collector
from hub.compose import Hub, open_hub
from hub.settings import Settings


@contextmanager
def server_of(hub: Hub) -> Iterator[str]:
    """Serve a hub in a thread; yield its address."""
    server = uvicorn.Server(config_of(hub, "127.0.0.1", 0))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def free_port() -> int:
    """Find a port that nobody uses now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def main(home: str, port: str) -> None:
    """Serve a home until SIGTERM, in the databases that the environment names."""
    chosen = {name: os.environ[name] for name in ("VARDE_DATABASE_URL", "VARDE_KEYSTORE_URL") if name in os.environ}
    hub = open_hub(Settings.load(chosen, Path(home)))
    config = config_of(hub, "127.0.0.1", int(port))
    spare_collector()
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
