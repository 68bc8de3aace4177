"""Acts that nothing answers for before their audit entry is durable."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from hub.api.service import Service
from hub.database.unit import RuleBroken, StorageFull
from hub.errors import ServiceUnreachable

Answer = TypeVar("Answer")


@contextmanager
def audit_demanded() -> Iterator[None]:
    """Answer 503 where the audit log did not take the entry.

    Raises:
        ServiceUnreachable: it did not; nothing is released.

    """
    try:
        yield
    except (RuleBroken, StorageFull):
        raise ServiceUnreachable("the audit log", "it did not take the entry") from None


async def run_audited(service: Service, act: Callable[[], Answer], *, among: CapacityLimiter | None = None) -> Answer:
    """Do it in a thread, beside as many other heavy reads, or others `among` its kind, as the service has room for.

    Raises:
        ServiceUnreachable: the audit log did not take the entry.

    """
    with audit_demanded():
        return await to_thread.run_sync(act, limiter=among or service.reads)
