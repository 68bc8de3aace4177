"""SQLite's write-ahead log keeps deleted rows until it is truncated; erasure is not complete before that.

PostgreSQL keeps them in its own log for as long as the server's retention says: see docs/threat-model.md.
"""

from time import sleep
from typing import Final

from sqlalchemy import Engine

_ATTEMPTS: Final = 50
_PAUSE_SECONDS: Final = 0.1


def truncate_journal(engine: Engine) -> bool:
    """Empty the write-ahead log; False if readers kept it busy for five seconds, then it must be tried again later."""
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        if driver is None:  # pragma: no cover - a checked-out connection has one
            return False
        for _ in range(_ATTEMPTS):
            busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy:
                return True
            sleep(_PAUSE_SECONDS)
    return False
