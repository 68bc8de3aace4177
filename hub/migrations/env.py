"""Alembic's environment for both databases: `control` (default) and `keystore`, by the config's `target` attribute.

Time-outs keep a migration from queueing behind a long read and everybody else behind it.
"""

from alembic import context
from sqlalchemy import Connection, MetaData, text
from sqlmodel import SQLModel

from hub.database.engine import engine_of
from hub.keystore.tables import keystore_metadata
from hub.migrations import tables as _tables  # noqa: F401 - registers every control table on SQLModel.metadata

_LOCK = 0x7661726465  # "varde": two processes that migrate one database take turns


def target_metadata() -> MetaData:
    """Return the tables of the database that is being migrated."""
    return keystore_metadata if _target() == "keystore" else SQLModel.metadata


def _target() -> str:
    return str(context.config.attributes.get("target") or context.config.get_main_option("target") or "control")


def run() -> None:
    """Migrate over the connection handed in, or over the URL of the ini file or `-x url=...`."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _migrate(connection)
        return
    url = context.get_x_argument(as_dictionary=True).get("url") or context.config.get_main_option("sqlalchemy.url")
    with engine_of(str(url)).connect() as fresh:
        _migrate(fresh)
        fresh.commit()


def _migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))  # LOCAL: the connection goes back to a pool
        connection.execute(text("SET LOCAL statement_timeout = '10min'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    context.configure(connection=connection, target_metadata=target_metadata(), compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


run()
