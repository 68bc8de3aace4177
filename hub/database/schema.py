"""The schema of both databases: upgrade and downgrade."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine

from hub.database.revision import MIGRATIONS, Target, ahead
from hub.database.unit import unit_of_work


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


@contextmanager
def _migrating(engine: Engine, target: Target) -> Iterator[Config]:
    """Hand a migration its transaction: all of it or nothing, one process at a time."""
    config = _config(target)
    with unit_of_work(engine) as session:
        config.attributes["connection"] = session.connection()
        try:
            yield config
        except CommandError:  # Alembic knows no other way to say that a revision is unknown to it
            raise ahead(target) from None


def _config(target: Target) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("version_locations", str(MIGRATIONS / target))
    config.set_main_option("path_separator", "os")
    config.attributes["target"] = target
    return config
