"""Waiting until what was asked for is durable: nothing is acknowledged before."""

import asyncio
from concurrent.futures import Future
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from hub.database.unit import RuleBroken, StorageFull
from hub.errors import ChoiceNotRecorded, ServiceUnreachable, WriteUnknown
from privacy.errors import PrivacyError, PurposeUnknown
from privacy.verifier import ProofRejected

PATIENCE_SECONDS: Final = 20.0
NOT_DURABLE: Final = (
    *(RuleBroken, StorageFull, ServiceUnreachable, WriteUnknown),
    *(SQLAlchemyError, PrivacyError, ProofRejected),  # an audit log that cannot take the entry, whatever it lacks
    TimeoutError,
)


async def durable(future: Future[Any] | asyncio.Future[Any]) -> Any:  # noqa: ANN401 - the answer of any act
    """Wait for an act that the writer was given.

    Raises:
        ChoiceNotRecorded: it is not durable, or nobody can say; the same request may be sent again.

    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await asyncio.wrap_future(future)
    except PurposeUnknown:
        raise  # the caller's mistake: nothing was to be written
    except NOT_DURABLE:
        raise ChoiceNotRecorded from None
