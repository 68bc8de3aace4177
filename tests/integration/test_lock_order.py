"""Whoever takes the epoch's lock takes it before any other: two who took it crosswise would be a deadlock."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlmodel import Session

from hub.authentication import Binding, rebind, withdraw
from hub.choices import Asked, Choice, Wanted, choose_all
from hub.compose import Hub
from hub.consents import Wish
from hub.database.engine import engine_of
from hub.database.unit import reading, unit_of_work
from hub.erasing import erase
from hub.recipients.sending import tell_due
from hub.requests import own
from hub.subject_tokens import issue, revoke
from hub.suppression.opt_out import note_opt_out
from hub.views.registry import revoke as revoke_view
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import ingest_file
from privacy.consent import ConsentEvent
from privacy.store.consent import append_acts, append_groups
from privacy.store.epoch import lock_epoch
from privacy.store.erasure import intend_erasure
from privacy.store.subject_token import VERIFIED_FOR, SubjectScope, SubjectToken
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, PrincipalId, PurposeId
from tests.builders import NOON, Postgres, a_record, an_id, started
from tests.property.test_consent_store_properties import an_act
from tests.recipient_builders import Shop, shop_in
from tests.request_builders import HEAD, PEOPLE

Write = Callable[[Session], object]
_SAID = [an_act(1, "winback", ConsentEvent(act=ConsentAct.WITHDRAWN, at=NOON, channel=ActChannel.PAGE))]
_PATIENCE_SECONDS = 20
_LOCKS = re.compile(r"\s*(UPDATE|DELETE)\b|.*\bON CONFLICT\b|.*\bFOR (UPDATE|SHARE)\b", re.DOTALL)
_LOCKS_EPOCH = re.compile(r"\s*UPDATE epoch\b|.*\bFROM epoch\b.*\bFOR UPDATE\b", re.DOTALL)


def _acts(session: Session) -> None:
    append_acts(session, _SAID, recorded_at=NOON)


def _groups(session: Session) -> None:
    append_groups(session, [_SAID], recorded_at=NOON)


def _erasure(session: Session) -> None:
    intend_erasure(session, an_id(threading.get_ident() % 1000), [a_record(1)], by=PrincipalId(an_id(9)), at=NOON)


@pytest.mark.parametrize("write", [_acts, _groups, _erasure])
def test_who_holds_the_epoch_can_write_what_another_is_about_to(postgres: Postgres, write: Write) -> None:
    engine = started(engine_of(postgres.control_database()))

    def write_beside() -> None:
        with unit_of_work(engine) as session:
            write(session)

    with ThreadPoolExecutor(1) as pool:
        with unit_of_work(engine) as session:
            lock_epoch(session)
            beside = pool.submit(write_beside)
            _await_somebody_waiting(engine)
            write(session)
        beside.result(_PATIENCE_SECONDS)
    engine.dispose()


def _await_somebody_waiting(engine: Engine) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while time.monotonic() < deadline:
        with reading(engine) as session:
            if session.execute(waiting).scalar_one():
                return
        time.sleep(0.02)
    raise TimeoutError


@contextmanager
def _locks_before_the_epoch(engine: Engine) -> Iterator[set[str]]:
    """Gather the statements that lock something in a transaction and are followed there by the epoch's lock."""
    before: dict[Connection, list[str]] = {}
    found: set[str] = set()

    def begun(connection: Connection) -> None:
        before[connection] = []

    def executed(connection: Connection, _cursor: object, statement: str, *_rest: Any) -> None:
        if _LOCKS_EPOCH.match(statement):
            found.update(before.pop(connection, []))
        elif _LOCKS.match(statement) and connection in before:
            before[connection].append(" ".join(statement.split())[:80])

    event.listen(engine, "begin", begun)
    event.listen(engine, "before_cursor_execute", executed)
    yield found
    event.remove(engine, "begin", begun)
    event.remove(engine, "before_cursor_execute", executed)


def _token(hub: Hub, shop: Shop, number: int) -> str:
    opens = SubjectToken(
        record_id=shop.who(number).records[0],
        scope=SubjectScope.VERIFIED,
        purposes=frozenset({EVERY_PURPOSE}),
        expires_at=hub.clock() + VERIFIED_FOR,
    )
    return issue(hub, opens, shop.owner)


def test_nothing_is_locked_before_the_epoch(hub_factory: Any, tmp_path: Path) -> None:
    made: Hub = hub_factory("postgres")
    rows = tmp_path / "more.csv"
    rows.write_text(f"{HEAD}\nc1,Kari N1,k1@example.org,,2025-02-01,yes\nc9,Ola X,o@example.org,,2025-02-01,yes\n")
    with _locks_before_the_epoch(made.engine) as found:
        shop = shop_in(made, tmp_path, people=4)
        hub = shop.hub
        shop.read()
        tokens = {number: _token(hub, shop, number) for number in (1, 2, 4)}
        own.erase(hub, tokens[1], "en")
        withdrawn = Choice(purpose=PurposeId("winback"), wanted=Wanted.WITHDRAWN)
        with hub.unit_of_work() as session:
            choose_all(hub, session, [Asked(token=tokens[2], choices=(withdrawn,))])
        objected = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
        note_opt_out(hub, "email:k3@example.org", objected, shop.dpo)
        own.correct(hub, tokens[4], {"phone": "+4791234567"}, "en")
        revoke(hub, shop.who(4), shop.dpo)
        ingest_file(contract_of_yaml(PEOPLE), rows, hub.ports(shop.owner.principal_id))
        tell_due(hub)
        erase(hub, shop.who(2), shop.dpo)
        revoke_view(hub, "fence", shop.dpo)
        rebind(hub, shop.dpo.principal_id, Binding(purposes=frozenset({"churn"}), views=frozenset()), shop.owner)
        withdraw(hub, shop.dpo.principal_id, shop.owner)
    assert found == set()
