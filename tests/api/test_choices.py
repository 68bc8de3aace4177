"""Opting out over HTTP: durable before it is acknowledged, effective at the next read, honest about what it ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO

import httpx
import polars as pl
import pytest
from sqlalchemy import Connection, event

from hub.authentication import Scope, add
from hub.consents import Subject, Told, told
from hub.database.engine import WRITES
from hub.erasing import erase
from hub.errors import AccessRefused, ChoiceNotRecorded
from hub.subject_tokens import issue, revoke
from privacy.store.audit import entries
from privacy.store.audit_verify import verify_log
from privacy.store.consent import history_of
from privacy.store.subject_token import SubjectScope, SubjectToken, delete_subject_tokens
from privacy.terms import ConsentAct, PrincipalId, Role
from tests.api.conftest import Caller
from tests.api.world import CHURN, WINBACK, World
from tests.audit_faults import refusing
from tests.shop import NOTICE


def seen(answer: httpx.Response) -> set[bytes]:
    assert answer.status_code == 200, answer.text
    return set(pl.read_ipc_stream(BytesIO(answer.content))["pseudonym"])


def acts(world: World, person: int) -> list[ConsentAct]:
    with world.hub.reading() as session:
        return [act.event.act for act in history_of(session, [world.records[person]])]


@contextmanager
def broken(world: World, table: str) -> Iterator[None]:
    """Let the database refuse every insert into a table."""
    with refusing(world.hub.settings.home / "control.db", table):
        yield


@pytest.mark.parametrize("state", ["withdrawn", "objected"])
@pytest.mark.parametrize("read", [("shopping", CHURN), ("invited", WINBACK)])
def test_opt_out_is_in_force_at_the_next_read(
    caller: Caller, world: World, person: int, state: str, read: tuple[str, str]
) -> None:
    view, purpose = read
    pseudonym = world.pseudonyms[purpose][person]
    assert pseudonym in seen(caller.read(view, purpose))
    answer = caller.choose(world.tokens[person], state, purpose)
    assert answer.status_code == 200
    assert len(bytes.fromhex(answer.json()["receipt"])) == 16
    assert answer.json() | {"epoch": 0, "receipt": ""} == {
        "purpose": purpose,
        "state": state,
        "epoch": 0,
        "receipt": "",
        "recorded": True,
        "stopped": [purpose],
        "continues": {},
    }
    after = seen(caller.read(view, purpose))
    assert pseudonym not in after
    assert after, "others stay"


def test_everything_off_says_what_goes_on_and_why(caller: Caller, world: World, person: int) -> None:
    answer = caller.choose(world.tokens[person], "withdrawn", "*").json()
    assert answer["continues"] == {"service": "contract"}
    assert {CHURN, WINBACK} <= set(answer["stopped"])
    for view, purpose in (("shopping", CHURN), ("invited", WINBACK)):
        assert world.pseudonyms[purpose][person] not in seen(caller.read(view, purpose))


def test_choice_without_effect_is_refused_not_confirmed(caller: Caller, world: World, person: int) -> None:
    answer = caller.choose(world.tokens[person], "objected", "service")
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:varde:problem:choice-without-effect"
    assert answer.json()["because"] == "contract"
    assert acts(world, person) == [ConsentAct.GIVEN], "what was imported, and nothing since"


def test_repeating_a_choice_writes_nothing(caller: Caller, world: World, person: int) -> None:
    first = caller.choose(world.tokens[person], "withdrawn").json()
    again = caller.choose(world.tokens[person], "withdrawn")
    assert (first["recorded"], again.status_code, again.json()["recorded"]) == (True, 200, False)
    assert again.json()["epoch"] >= first["epoch"]
    assert acts(world, person) == [ConsentAct.GIVEN, ConsentAct.WITHDRAWN]


def test_withdrawing_again_after_giving_is_recorded(caller: Caller, world: World, person: int) -> None:
    token, pseudonym = world.token(person), world.pseudonyms[WINBACK][person]
    for state, present in (("withdrawn", False), ("given", True), ("withdrawn", False)):
        answer = caller.choose(token, state, WINBACK, **({"notice": NOTICE} if state == "given" else {}))
        assert (answer.status_code, answer.json()["recorded"]) == (200, True)
        assert (pseudonym in seen(caller.read("invited", WINBACK))) is present


def test_act_is_audited_with_the_ledger(caller: Caller, world: World, person: int) -> None:
    epoch = caller.choose(world.tokens[person], "objected").json()["epoch"]
    with world.hub.reading() as session:
        _, entry = entries(session, action="consent.objected", limit=1)[0]
        verify_log(session, world.hub.verifier_key())
    assert (entry.fields.epoch, entry.fields.records) == (epoch, (world.records[person],))
    assert entry.actor == PrincipalId(world.records[person]), "the person acted, known by a random id only"


@pytest.mark.parametrize("table", ["audit_leaf", "consent_event", "change"])
def test_choice_that_cannot_be_committed_is_503(caller: Caller, world: World, person: int, table: str) -> None:
    with broken(world, table):
        answer = caller.choose(world.tokens[person], "withdrawn")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert answer.json()["type"] == "urn:varde:problem:choice-not-recorded"
    assert acts(world, person) == [ConsentAct.GIVEN]
    assert caller.choose(world.tokens[person], "withdrawn").json()["recorded"], "the writer goes on"


@pytest.mark.parametrize("fmt", ["*/*", "text/csv", "application/json", "application/vnd.apache.parquet"])
def test_nothing_is_released_while_the_audit_log_takes_no_entry(caller: Caller, world: World, fmt: str) -> None:
    with broken(world, "audit_leaf"):
        answer = caller.read(headers={"Accept": fmt})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert not any(pseudonym in answer.content for pseudonym in world.pseudonyms[CHURN])
    assert not any(pseudonym.hex() in answer.text for pseudonym in world.pseudonyms[CHURN])


def test_clock_that_went_back_cannot_acknowledge(
    caller: Caller, world: World, person: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The act would sort before the consent that it withdraws, and so change nothing."""
    token = world.token(person)
    caller.choose(token, "withdrawn", WINBACK)
    given = caller.choose(token, "given", WINBACK, notice=NOTICE)
    assert given.status_code == 200
    with world.hub.reading() as session:
        past = history_of(session, [world.records[person]])[0].event.at
    monkeypatch.setattr("hub.choices.told", _dated(past))
    assert caller.choose(token, "withdrawn", WINBACK).status_code == 503


def _dated(past: datetime) -> Callable[..., Told]:
    return lambda policy, subject, wish, by, *, at: told(policy, subject, wish, by, at=min(at, past))


@pytest.mark.parametrize("kind", ["none", "unknown", "expired", "revoked", "principal", "erased"])
def test_every_bad_token_gets_one_answer(caller: Caller, world: World, person: int, kind: str) -> None:
    tokens = {
        "none": lambda: None,
        "unknown": lambda: "x" * 43,
        "expired": lambda: world.token(person, days=-1),
        "revoked": lambda: _revoked(world, person),
        "principal": lambda: world.reader_token,
        "erased": lambda: _of_erased(world, person),
    }
    answer = caller.choose(tokens[kind](), "withdrawn")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="varde"'
    body = answer.json()
    del body["instance"]
    assert body == {
        "type": "urn:varde:problem:not-authenticated",
        "title": "The link or key does not work",
        "status": 401,
        "detail": body["detail"],
    }
    other = caller.choose("y" * 43, "withdrawn").json()
    assert other["detail"] == body["detail"]


def _revoked(world: World, person: int) -> str:
    token = world.token(person)
    assert revoke(world.hub, Subject(records=(world.records[person],)), world.owner)
    return token


def _of_erased(world: World, person: int) -> str:
    from privacy.store.erasure import intend_erasure

    token, record = world.token(person), world.records[person]
    with world.hub.unit_of_work() as session:
        intend_erasure(session, b"e" * 15 + bytes([person]), [record], by=PrincipalId(b"o" * 16), at=world.hub.clock())
    return token


def test_erasing_a_person_deletes_their_tokens(world: World, person: int) -> None:
    world.token(person)
    erase(world.hub, Subject(records=(world.records[person],)), world.owner)
    with world.hub.unit_of_work() as session:
        assert delete_subject_tokens(session, [world.records[person]]) == 0


def test_token_of_other_purposes_is_refused(caller: Caller, world: World, person: int) -> None:
    token = world.token(person, purposes=WINBACK)
    for purpose in (CHURN, "*"):
        answer = caller.choose(token, "withdrawn", purpose)
        assert (answer.status_code, answer.json()["because"]) == (403, "token_not_bound")
    assert caller.choose(token, "withdrawn", WINBACK).status_code == 200


@pytest.mark.parametrize(
    "case",
    [
        (SubjectScope.OPT_OUT, WINBACK, NOTICE, "token_opens_opt_out_only"),
        (SubjectScope.CHOICES, "*", NOTICE, "consent_not_specific"),
        (SubjectScope.CHOICES, WINBACK, "privacy-2019-01", "notice_not_current"),
        (SubjectScope.CHOICES, WINBACK, None, "notice_not_current"),
    ],
)
def test_consent_is_given_by_a_known_person_for_one_purpose_under_todays_notice(
    caller: Caller, world: World, person: int, case: tuple[SubjectScope, str, str | None, str]
) -> None:
    scope, purpose, notice, because = case
    more = {} if notice is None else {"notice": notice}
    answer = caller.choose(world.token(person, scope=scope), "given", purpose, **more)
    assert answer.status_code == 403
    assert answer.json()["because"] == because
    assert acts(world, person) == [ConsentAct.GIVEN]


def test_unknown_purpose_is_404_and_not_repeated(caller: Caller, world: World, person: int) -> None:
    answer = caller.choose(world.tokens[person], "withdrawn", "kari_nordmann")
    assert answer.status_code == 404
    assert "kari" not in answer.text


def test_many_opt_outs_share_commits(caller: Caller, world: World, people: Callable[[int], list[int]]) -> None:
    chosen, commits = people(50), list[bool]()

    def note(connection: Connection) -> None:
        commits.append(bool(connection.get_execution_options().get(WRITES)))

    event.listen(world.hub.engine, "commit", note)
    try:
        answers = caller.all(
            [("PUT", f"/v1/me/purposes/{CHURN}", world.tokens[p], {"state": "withdrawn"}) for p in chosen]
        )
    finally:
        event.remove(world.hub.engine, "commit", note)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["epoch"] for answer in answers}) == 50
    assert 0 < sum(commits) <= 25, "far fewer commits than choices"
    gone = {world.pseudonyms[CHURN][p] for p in chosen}
    assert not gone & seen(caller.read())


def test_one_bad_choice_does_not_fail_its_group(
    caller: Caller, world: World, people: Callable[[int], list[int]]
) -> None:
    good, bad = people(2)
    answers = caller.all(
        [
            ("PUT", "/v1/me/purposes/service", world.tokens[bad], {"state": "objected"}),
            ("PUT", f"/v1/me/purposes/{CHURN}", world.tokens[good], {"state": "objected"}),
        ]
    )
    assert [answer.status_code for answer in answers] == [409, 200]


def test_modeller_may_not_issue_tokens(world: World, person: int) -> None:
    everything = frozenset({"*"})
    scientist, _ = add(world.hub, "s", Scope(role=Role.SCIENTIST, purposes=everything, views=everything), world.owner)
    opens = SubjectToken(
        record_id=world.records[person],
        scope=SubjectScope.OPT_OUT,
        purposes=everything,
        expires_at=world.hub.clock(),
    )
    with pytest.raises(AccessRefused):
        issue(world.hub, opens, scientist)


def test_error_says_that_repeating_is_safe() -> None:
    assert "safe to repeat" in str(ChoiceNotRecorded())
