"""Spark Connect on Sail: a server in this process, which begins in a second and needs no JVM."""

import os
from collections.abc import Iterator
from importlib.util import find_spec

import pytest


@pytest.fixture(scope="module")
def sail() -> Iterator[str]:
    """The address of a Sail server; skips where Sail is not installed, and fails in CI."""
    if find_spec("pysail") is None:
        absent = "pysail is not installed: pip install -e '.[test]'"
        if os.environ.get("CI"):
            pytest.fail(absent)
        pytest.skip(absent)
    from pysail.spark import SparkConnectServer

    from hub.views.spark import session as sessions

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    host, port = server.listening_address
    address = f"sc://{host}:{port}"
    first, _ = sessions.session_of(address)
    yield address
    last, _ = sessions.session_of(address)  # another one where a test let a session fail
    for session in {id(each): each for each in (first, last)}.values():
        session.stop()
    sessions.session_of.cache_clear()
    server.stop()
