"""SQLite's write-ahead log keeps deleted rows until it is truncated; erasure is not complete before that.

PostgreSQL keeps them in its own log for as long as the server's retention says: see docs/threat-model.md.
"""

from time import sleep
from typing import Final

from sqlalchemy import Engine

from hub.database.engine import BUSY_TIMEOUT_MS

_PATIENCE_MS: Final = 5_000
_TRUNCATE: Final = "PRAGMA wal_checkpoint(TRUNCATE)"
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
        driver.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")  # the checkpoint waits for readers by this clock
        try:
            busy, pages, _ = driver.execute(_TRUNCATE).fetchone()
            for _ in range(_ATTEMPTS):
                if not busy or pages >= 0:
                    break
                sleep(_PAUSE_SECONDS)  # no reader, but a checkpoint under way, for which SQLite does not wait
                busy, pages, _ = driver.execute(_TRUNCATE).fetchone()
        finally:
            driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    return not busy
