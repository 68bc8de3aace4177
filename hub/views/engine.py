"""Where the events of views are grouped: in this process by Polars, or by Spark; a view says the same on both.

`VARDE_ENGINE` names it: `polars`, `spark` (a session as Spark is configured, in this machine alone where it is not), or
the address of a server that speaks Spark Connect, `sc://HOST:PORT`: Spark's own, or Sail. One session serves a process.
"""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any, Final

from hub.errors import SettingsInvalid
from hub.retention.sight import Sight
from hub.settings import POLARS, SPARK
from hub.views.compile import Tables

_NAME: Final = "VARDE_ENGINE"
_RETRIES: Final = 4
"""A server that is away is waited for four seconds; by itself Spark Connect would try for ten minutes."""


def tables_of(engine: str, sight: Sight, tables: Collection[str], *, until: datetime) -> Tables:
    """Return the events of tables before an instant, where the engine groups them.

    Raises:
        SettingsInvalid: what the engine needs is not installed.

    """
    if engine == POLARS:
        return {table: sight.parts(table, until=until) for table in tables}
    try:
        session, functions = session_of(str(engine))
    except ModuleNotFoundError as missing:
        raise SettingsInvalid(_NAME, f"{missing.name} is not installed", "Install varde[spark]") from None
    from hub.views.spark.engine import SparkEvents  # noqa: PLC0415 - an extra that few have

    return {
        table: SparkEvents(session, functions, sight.portable_parts(table, until=until), session_of.cache_clear)
        for table in tables
    }


@cache
def session_of(engine: str) -> tuple[Any, Any]:
    """Begin a session, and tell the functions that belong to its columns; kept until it fails.

    Raises:
        ModuleNotFoundError: Spark's part for Python is not installed.

    """
    if engine == SPARK:
        from pyspark.sql import functions  # noqa: PLC0415 - an extra that few have

        from ingest.match.spark import session, verify_encrypted  # noqa: PLC0415 - likewise

        verify_encrypted(begun := session())
        return begun, functions
    from pyspark.sql.connect import functions as remote  # noqa: PLC0415 - likewise
    from pyspark.sql.connect.client.retries import DefaultPolicy  # noqa: PLC0415 - likewise
    from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415 - likewise

    connected = SparkSession.builder.remote(engine).create()
    connected.client.set_retry_policies([DefaultPolicy(max_retries=_RETRIES)])
    return connected, remote
