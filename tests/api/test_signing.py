"""The log of a serving hub is signed at the start, regularly while it grows, and at the end."""

import asyncio

import pytest
from sqlalchemy import text

from hub.api import service
from hub.compose import Hub
from privacy.audit import AuditFields
from privacy.store.audit_checkpoint import newest_checkpoint
from privacy.verifier import verify_checkpoint
from tests.builders_audit import ACTOR
from tests.conftest import HubFactory


def signed(hub: Hub) -> int:
    with hub.reading() as session:
        note = newest_checkpoint(session)
    return 0 if note is None else verify_checkpoint(note, hub.verifier_key()).head.size


def append(hub: Hub) -> int:
    with hub.unit_of_work() as session:
        return hub.audit(session, "view.release.intent", ACTOR, AuditFields(rows=1)) + 1


async def until_signed(hub: Hub, end: int) -> None:
    async with asyncio.timeout(20):
        while signed(hub) < end:  # noqa: ASYNC110 - another process could have signed: only the database knows
            await asyncio.sleep(0)


def test_log_is_signed_at_the_start_and_at_the_end(hub_factory: HubFactory) -> None:
    hub, last = hub_factory(), 0

    async def serve() -> None:
        nonlocal last
        before = append(hub)
        async with service.serving(hub):
            assert signed(hub) == before
            last = append(hub)
            assert signed(hub) == before, "nobody waits a minute here"

    asyncio.run(serve())
    assert signed(hub) == last


def test_log_is_signed_regularly_while_it_grows(hub_factory: HubFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interval is 60 s; here it is nearly none, and the log is looked at until it is signed."""
    assert service.CHECKPOINT_SECONDS <= 60
    monkeypatch.setattr(service, "CHECKPOINT_SECONDS", 0.001)
    hub = hub_factory()

    async def serve() -> None:
        async with service.serving(hub):
            for _ in range(2):
                end = append(hub)
                await until_signed(hub, end)

    asyncio.run(serve())


def test_a_signature_that_fails_ends_no_server(hub_factory: HubFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = hub_factory()
    monkeypatch.setattr(service, "CHECKPOINT_SECONDS", 0.001)

    async def serve() -> None:
        async with service.serving(hub):
            with hub.unit_of_work() as session:
                session.execute(text("ALTER TABLE audit_checkpoint RENAME TO elsewhere"))
            append(hub)
            await asyncio.sleep(0.05)
            with hub.unit_of_work() as session:
                session.execute(text("ALTER TABLE elsewhere RENAME TO audit_checkpoint"))
            end = append(hub)
            await until_signed(hub, end)

    asyncio.run(serve())


def test_a_duty_goes_on_after_an_error_that_nobody_foresaw(hub_factory: HubFactory) -> None:
    """A disk that fails once must not end signing, alerts or letters until somebody starts the hub again."""
    turns = []

    def act(hub: Hub) -> None:
        turns.append(hub)
        if len(turns) == 1:
            raise OSError

    async def serve() -> None:
        duty = asyncio.create_task(service._regularly(act, hub_factory(), every=0))
        async with asyncio.timeout(20):
            while len(turns) < 2 and not duty.done():  # noqa: ASYNC110 - the duty tells nobody
                await asyncio.sleep(0.001)
        duty.cancel()
        await asyncio.gather(duty, return_exceptions=True)

    asyncio.run(serve())
    assert len(turns) >= 2
