"""Waiting until what was asked for is durable: nothing is acknowledged before."""

import asyncio
from concurrent.futures import Future
from typing import Any, Final

from hub.database.unit import RuleBroken, StorageFull
from hub.errors import ChoiceNotRecorded, ServiceUnreachable, WriteUnknown

PATIENCE_SECONDS: Final = 20.0


async def durable(future: Future[Any]) -> Any:  # noqa: ANN401 - the answer of any act
    """Wait for an act that the writer was given.

    Raises:
        ChoiceNotRecorded: it is not durable, or nobody can say; the same request may be sent again.

    """
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), PATIENCE_SECONDS)
    except (RuleBroken, StorageFull, ServiceUnreachable, WriteUnknown, TimeoutError):
        raise ChoiceNotRecorded from None
