"""The schema of both databases: upgrade, downgrade, and the revision they stand at."""

from pathlib import Path
from typing import Final, Literal

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

Target = Literal["control", "keystore"]
_MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"


def upgrade(engine: Engine, target: Target) -> None:
    """Bring a database to the newest revision; does nothing if it is there."""
    _run(engine, target, "head")


def downgrade(engine: Engine, target: Target, revision: str = "base") -> None:
    """Take a database back to a revision: for tests of the migrations, never on data that matters."""
    config = _config(target)
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def current_revision(engine: Engine) -> str | None:
    """Return the revision a database stands at, None if it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision(target: Target) -> str | None:
    """Return the newest revision that this version of Varde knows."""
    return ScriptDirectory.from_config(_config(target)).get_current_head()


def _run(engine: Engine, target: Target, revision: str) -> None:
    config = _config(target)
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _config(target: Target) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("version_locations", str(_MIGRATIONS / target))
    config.set_main_option("path_separator", "os")
    config.attributes["target"] = target
    return config
