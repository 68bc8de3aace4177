"""Sessions of Spark: one a process and engine, begun when it is first asked for and kept until it fails."""

from functools import cache
from typing import Any, Final

from pyspark.errors import PySparkException
from pyspark.sql import functions

from hub.errors import ServiceUnreachable
from hub.settings import SPARK
from ingest.match.spark import session, verify_encrypted

ENGINE: Final = "the engine of VARDE_ENGINE"
_RETRIES: Final = 4
"""A server that is away is waited for four seconds; by itself Spark Connect would try for ten minutes."""


@cache
def session_of(engine: str) -> tuple[Any, Any]:
    """Begin a session, and tell the functions that belong to its columns.

    Raises:
        ImportError: Spark's part for Python, or what its Connect needs, is not installed.
        ServiceUnreachable: it does not begin.
        ColumnsUnfit: it would write clear values to disks.

    """
    try:
        return _connected(engine) if engine != SPARK else (_here(), functions)
    except PySparkException as failed:
        if isinstance(failed, ImportError):
            raise
        raise ServiceUnreachable(ENGINE, type(failed).__name__) from None


def _here() -> Any:  # noqa: ANN401 - Spark tells no types
    verify_encrypted(begun := session())
    return begun


def _connected(address: str) -> tuple[Any, Any]:
    from pyspark.sql.connect import functions as remote  # noqa: PLC0415 - wants gRPC, which a session of one's own does not
    from pyspark.sql.connect.client.retries import DefaultPolicy  # noqa: PLC0415 - likewise
    from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415 - likewise

    begun = SparkSession.builder.remote(address).create()
    begun.client.set_retry_policies([DefaultPolicy(max_retries=_RETRIES)])
    return begun, remote
