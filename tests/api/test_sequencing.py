"""A serving hub on PostgreSQL places the audit entries that wait: at its start, each second, at its end."""

import asyncio

import pytest
from sqlalchemy import text

from hub.api import service
from hub.compose import Hub
from hub.sequencing import sequence
from privacy.store.audit import known_end, log_head, note_entries
from privacy.store.audit_verify import verify_log
from tests.builders_audit import an_entry
from tests.conftest import HubFactory


@pytest.fixture
def hub(hub_factory: HubFactory) -> Hub:
    return hub_factory("postgres")


def note(hub: Hub) -> int:
    """Let an entry arrive; return how many entries the log has with it."""
    with hub.unit_of_work() as session:
        note_entries(session, [an_entry(1, "consent.withdrawn")])
        return known_end(session)


def size(hub: Hub) -> int:
    with hub.reading() as session:
        return log_head(session).end


async def until_placed(hub: Hub, end: int) -> None:
    async with asyncio.timeout(20):
        while size(hub) < end:  # noqa: ASYNC110 - another process could have placed it: only the database knows
            await asyncio.sleep(0.01)


def test_what_waits_is_placed_at_the_start_and_at_the_end(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SEQUENCE_SECONDS", 3600)
    left, last = note(hub), 0

    async def serve() -> None:
        nonlocal last
        async with service.serving(hub):
            assert size(hub) == left
            last = note(hub)
            assert size(hub) == left

    asyncio.run(serve())
    assert size(hub) == last
    with hub.reading() as session:
        assert verify_log(session, hub.verifier_key()).unsequenced == 0


def test_what_waits_is_placed_each_second(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interval is a second; here it is less. A sequencer that fails once goes on."""
    assert service.SEQUENCE_SECONDS <= 1
    monkeypatch.setattr(service, "SEQUENCE_SECONDS", 0.01)

    async def serve() -> None:
        async with service.serving(hub):
            await until_placed(hub, note(hub))
            with hub.unit_of_work() as session:
                session.execute(text("ALTER TABLE audit_node RENAME TO elsewhere"))
            end = note(hub)
            await asyncio.sleep(0.1)
            with hub.unit_of_work() as session:
                session.execute(text("ALTER TABLE elsewhere RENAME TO audit_node"))
            await until_placed(hub, end)

    asyncio.run(serve())


def test_sequencing_places_all_and_where_nothing_waits_locks_nothing(hub: Hub, hub_factory: HubFactory) -> None:
    for _ in range(3):
        note(hub)
    assert sequence(hub) == 3
    with hub.unit_of_work() as holder:
        log_head(holder)
        holder.execute(text("SELECT size FROM audit_head FOR UPDATE"))
        assert sequence(hub) == 0
    assert sequence(hub_factory("sqlite")) == 0
