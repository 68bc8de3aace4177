"""The schema of both databases: upgrade, downgrade, and the revision they stand at."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine

from hub.database.unit import reading, unit_of_work
from hub.errors import HomeUnsafe

Target = Literal["control", "keystore"]
_MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"


def upgrade(engine: Engine, target: Target) -> None:
    """Bring a database to the newest revision; does nothing if it is there.

    Raises:
        HomeUnsafe: a newer version of Varde has been here.
        ServiceUnreachable: the database does not answer.

    """
    with _migrating(engine, target) as config:
        command.upgrade(config, "head")


def downgrade(engine: Engine, target: Target, revision: str = "base") -> None:
    """Take a database back to a revision: for tests of the migrations, never on data that matters."""
    with _migrating(engine, target) as config:
        command.downgrade(config, revision)


def current_revision(engine: Engine) -> str | None:
    """Return the revision a database stands at, None if it is empty."""
    with reading(engine) as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def verify_newest(engine: Engine, target: Target) -> None:
    """Raise unless a database stands at the newest revision.

    Raises:
        HomeUnsafe: it is behind, or a newer version of Varde has been here.

    """
    revision, scripts = current_revision(engine), ScriptDirectory.from_config(_config(target))
    if revision == scripts.get_current_head():
        return
    if revision not in {None, *(script.revision for script in scripts.walk_revisions())}:
        raise _ahead(target)
    raise HomeUnsafe(f"the {target} database", f"its schema is at {revision or 'nothing'}", "Run `varde init`")


def newest_revision(target: Target) -> str | None:
    """Return the newest revision that this version of Varde knows."""
    return ScriptDirectory.from_config(_config(target)).get_current_head()


@contextmanager
def _migrating(engine: Engine, target: Target) -> Iterator[Config]:
    """Hand a migration its transaction: all of it or nothing, one process at a time."""
    config = _config(target)
    with unit_of_work(engine) as session:
        config.attributes["connection"] = session.connection()
        try:
            yield config
        except CommandError:  # Alembic knows no other way to say that a revision is unknown to it
            raise _ahead(target) from None


def _ahead(target: Target) -> HomeUnsafe:
    return HomeUnsafe(f"the {target} database", "it was made by a newer version of Varde", "Install that version")


def _config(target: Target) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("version_locations", str(_MIGRATIONS / target))
    config.set_main_option("path_separator", "os")
    config.attributes["target"] = target
    return config
