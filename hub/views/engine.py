"""Where the events of views are grouped: in this process by Polars, or by Spark; a view says the same on both.

`VARDE_ENGINE` names it: `polars`, `spark` (a session as Spark is configured, in this machine alone where it is not), or
the address of a server that speaks Spark Connect, `sc://HOST:PORT`: Spark's own, or Sail. One session serves a process.
"""

from collections.abc import Collection
from datetime import datetime

from hub.errors import SettingsInvalid
from hub.retention.sight import Sight
from hub.settings import POLARS
from hub.views.compile import Tables


def tables_of(engine: str, sight: Sight, tables: Collection[str], *, until: datetime) -> Tables:
    """Return the events of tables before an instant, where the engine groups them.

    Raises:
        SettingsInvalid: what the engine needs is not installed.
        ServiceUnreachable: it does not begin.
        ColumnsUnfit: it would write clear values to disks.

    """
    if engine == POLARS:
        return {table: sight.parts(table, until=until) for table in tables}
    try:
        from hub.views.spark.engine import SparkEvents  # noqa: PLC0415 - an extra that few have
        from hub.views.spark.session import session_of  # noqa: PLC0415 - likewise

        session, functions = session_of(str(engine))
    except ImportError as missing:
        why = f"{missing.name or 'what Spark Connect needs'} is not installed"
        raise SettingsInvalid("VARDE_ENGINE", why, "Install varde[spark]") from None
    return {
        table: SparkEvents(session, functions, sight.portable_parts(table, until=until), session_of.cache_clear)
        for table in tables
    }
