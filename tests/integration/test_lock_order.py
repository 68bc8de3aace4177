"""Whoever moves a head or closes a record takes the epoch's lock first: crosswise they would be a deadlock."""

import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from hub.database.engine import engine_of
from hub.database.unit import reading, unit_of_work
from hub.errors import HubError
from privacy.consent import ConsentEvent
from privacy.store.consent import append_acts, append_groups
from privacy.store.epoch import lock_epoch
from privacy.store.erasure import intend_erasure
from privacy.terms import ActChannel, ConsentAct, PrincipalId
from tests.builders import NOON, Postgres, a_record, an_id, started
from tests.property.test_consent_store_properties import an_act

Write = Callable[[Session], object]
_SAID = [an_act(1, "winback", ConsentEvent(act=ConsentAct.WITHDRAWN, at=NOON, channel=ActChannel.PAGE))]
_PATIENCE_SECONDS = 20


def _acts(session: Session) -> None:
    append_acts(session, _SAID, recorded_at=NOON)


def _groups(session: Session) -> None:
    append_groups(session, [_SAID], recorded_at=NOON)


def _erasure(session: Session) -> None:
    intend_erasure(session, an_id(threading.get_ident() % 1000), [a_record(1)], by=PrincipalId(an_id(9)), at=NOON)


@pytest.mark.parametrize("write", [_acts, _groups, _erasure])
def test_who_holds_the_epoch_can_write_what_another_is_about_to(postgres: Postgres, write: Write) -> None:
    engine = started(engine_of(postgres.control_database()))
    failures: list[HubError] = []

    def write_beside() -> None:
        try:
            with unit_of_work(engine) as session:
                write(session)
        except HubError as exc:
            failures.append(exc)

    beside = threading.Thread(target=write_beside)
    with unit_of_work(engine) as session:
        lock_epoch(session)
        beside.start()
        _await_somebody_waiting(engine)
        write(session)
    beside.join(_PATIENCE_SECONDS)
    engine.dispose()
    assert not beside.is_alive()
    assert not failures


def _await_somebody_waiting(engine: Engine) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while time.monotonic() < deadline:
        with reading(engine) as session:
            if session.execute(waiting).scalar_one():
                return
        time.sleep(0.02)
    raise TimeoutError
