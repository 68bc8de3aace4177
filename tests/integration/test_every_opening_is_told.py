"""Whatever in the product opens something about a person: the log says so, how much, and before it is opened."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from hub.cli.rejects import open_rejects, rejects_of, retry
from hub.erasing import erase
from hub.identification.challenge import ask, look_up
from hub.identification.id_token import Proof as Vouched
from hub.identification.vouched import vouch
from hub.keystore.store import SqlKeyStore
from hub.keystore.tables import WrappedRow
from hub.outbox.sending import send_due
from hub.reconciliation import reconcile
from hub.requests import handling, own, rectifying
from hub.requests.export import Form
from hub.reveals.ask import Ask
from hub.reveals.reveal import reveal
from hub.subject_tokens import issue
from ingest.contract.load import load_contract
from ingest.match.saved import shipped
from ingest.pipeline.arriving import Arriving
from ingest.pipeline.delivery import ingest_file
from ingest.pipeline.learning import records_of_home
from ingest.pipeline.lookup import Lookup
from ingest.pipeline.opening import open_documents
from ingest.pipeline.rebuilding import Order, rebuild
from ingest.pipeline.reviewing import opened, waiting
from ingest.store.identity import entity_of_record
from ingest.store.record import sealed_revisions
from privacy.keys import NO_ACT, Key, KeyKind
from privacy.pseudonym import pseudonym_of
from privacy.request import RefusalReason, Right
from privacy.secret import SecretText
from privacy.store.audit import entries
from privacy.store.subject_token import SubjectScope, SubjectToken
from privacy.store.unwrap import OPENING_ACTIONS, openings
from privacy.terms import EVERY_PURPOSE, DomainName, EntityKind, KeyId, PurposeId, Role
from tests.architecture.test_audit_actions import documented
from tests.builders import FixedClock, an_id
from tests.integration.test_matching import deliver, matching
from tests.integration.test_outbox import Boxes
from tests.match_people import people
from tests.request_builders import HEAD, MESSAGES, PEOPLE, Office, copied
from tests.reveal_builders import person

MAIL: Final = "cia.dahl@example.org"
COMPLETIONS: Final = {"request.export.complete": "request.export.intent", "reveal.complete": "reveal.intent"}
IN_ITS_TRANSACTION: Final = frozenset({"letter", "one_time_code", "issuer"})
"""Why something is opened in the transaction that holds its entry: to find out where a letter goes, or who somebody is.

Nothing of it leaves before that is committed.
"""


@dataclass
class Seen:
    """The acts that opened documents, with how many; `early` are those whose entry was not committed by then."""

    desk: Office
    acts: Counter[bytes] = field(default_factory=Counter)
    early: set[bytes] = field(default_factory=set)

    def look(self, rows: Sequence[WrappedRow], act_id: bytes) -> None:
        documents = [row for row in rows if row.kind != KeyKind.FILE]
        if documents:
            self.acts[act_id] += len(documents)
            with self.desk.hub.reading() as session:
                if openings(session).get(act_id, 0) < self.acts[act_id]:
                    self.early.add(act_id)

    def reasons(self, acts: set[bytes]) -> set[str]:
        with self.desk.hub.reading() as session:
            told = [dict(entry.fields) for _, entry in entries(session) if entry.action in OPENING_ACTIONS]
        return {str(each.get("reason", "")) for each in told if each["act_id"] in acts}


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    with copied(tmp_path, clock) as found:
        yield found


@pytest.fixture
def seen(desk: Office, monkeypatch: pytest.MonkeyPatch) -> Seen:
    found = Seen(desk)
    counted = SqlKeyStore._counted

    def looked(store: SqlKeyStore, read: Callable[[], list[WrappedRow]], act_id: bytes) -> dict[KeyId, Key]:
        def read_and_noted() -> list[WrappedRow]:
            rows = read()
            found.look(rows, act_id)
            return rows

        return counted(store, read_and_noted, act_id)

    monkeypatch.setattr(SqlKeyStore, "_counted", looked)
    return found


def token(desk: Office, key: str) -> str:
    opens = SubjectToken(
        record_id=desk.record(key),
        scope=SubjectScope.VERIFIED,
        purposes=frozenset({PurposeId(EVERY_PURPOSE)}),
        expires_at=desk.hub.clock() + timedelta(minutes=10),
    )
    return issue(desk.hub, opens, desk.owner)


def revealing(desk: Office) -> None:
    with desk.hub.reading() as session:
        entity = entity_of_record(session, desk.record("shop:k1"))
    assert entity is not None
    pseudonym = pseudonym_of(desk.hub.domain(DomainName("churn")), entity)
    asked = Ask(purpose="churn", pseudonym=pseudonym, reason="help_offered")
    assert reveal(desk.hub, person(desk.hub, "a caller", Role.SUCCESS, desk.owner), asked).golden


def correcting(desk: Office) -> None:
    """A colleague corrects, twice for one request; the source repeats itself; what was corrected is revealed."""
    request = desk.started("shop:k1", Right.RECTIFICATION)
    for phone in ("+4790090090", "+4790090091"):
        assert rectifying.correct(desk.hub, request.request_id, {"phone": phone}, desk.dpo)
    handling.fulfil(desk.hub, request.request_id, desk.dpo)
    desk.people("k1,Kari Nordmann,familien@example.org,+4790012345,2025-03-01,yes")
    revealing(desk)


def handing_out(desk: Office) -> None:
    for form in Form:
        assert desk.exported("shop:k1", form)


def oneself(desk: Office) -> None:
    """What the customer does on their own pages."""
    held = token(desk, "shop:k3")
    for form in Form:
        done, by = own.take_out(desk.hub, held, form, "nb")
        own.handed_over(desk.hub, done, by)
    own.correct(desk.hub, held, {"phone": "+4790090092"}, "nb")
    own.ask(desk.hub, held, Right.HUMAN_REVIEW, language="nb")


def posting(desk: Office) -> None:
    refused = desk.started("shop:k3")
    handling.refuse(desk.hub, refused.request_id, RefusalReason.UNFOUNDED, desk.dpo)
    with desk.hub.unit_of_work() as session:
        ask(desk.hub, session, MAIL, "sv")
    assert look_up(desk.hub) == 1
    assert send_due(desk.hub, Boxes()).sent > 2  # type: ignore[arg-type]  # a carrier of the tests


def vouching(desk: Office) -> None:
    desk.people(f"k3,Cia Dahl,new.{MAIL},+4790012347,2025-04-01,yes")
    for address, known in ((f"new.{MAIL}", True), (MAIL, False)):
        with desk.hub.unit_of_work() as session:
            granted = vouch(desk.hub, session, Vouched(source=None, value=SecretText(address)))
        assert (granted is not None) is known, "who left an address is looked up, too"


def redacting(desk: Office) -> None:
    desk.deliver(MESSAGES, "message,at,who,way,body", "m1,2025-05-01T10:00:00Z,k1,I,Hei fra Kari Nordmann")


def refusing_rows(desk: Office) -> None:
    """Rows that do not fit are looked at, and tried again."""
    contract, rows = desk.folder / "refused.yaml", desk.folder / "refused.csv"
    contract.write_text(PEOPLE, encoding="utf-8")
    written = io.StringIO()
    csv.writer(written).writerows([HEAD.split(","), ["k8", "Ola Moe", "ola@example.org", "", "some day", ""]])
    rows.write_text(written.getvalue(), encoding="utf-8")
    loaded = load_contract(contract)
    assert ingest_file(loaded, rows, desk.hub.ports(desk.owner.principal_id)).counts.quarantined == 1
    assert open_rejects(desk.hub, rejects_of(desk.hub), desk.owner, why="quarantine_export")
    assert [each.tried for each in retry(desk.hub, loaded, desk.owner)] == [1]


def matching_people(desk: Office) -> None:
    """A delivery, a rebuild, a look-up, a look at a pair and what a model learns from."""
    hub, records = matching(desk.hub), people(60)
    deliver(hub, records, desk.folder / "in", "first")
    ports = hub.ports(desk.owner.principal_id)
    assert ports.matching is not None
    rebuild(Order(role=Role.OWNER, country="NO"), ports, ports.matching)
    row = records.row(0, named=True)
    told = {name: str(row[name]) for name in ("given_name", "family_name", "email", "phone") if row[name] is not None}
    Lookup(ports.matching).find(Arriving(source="elsewhere", key="1", attributes=told, country="NO"), ports)
    pair = waiting(ports, shipped(), limit=1)[0]
    assert opened((pair.record, pair.other), "household", Role.OWNER, ports) is not None
    assert records_of_home(ports, EntityKind.PERSON).height


def erasing(desk: Office) -> None:
    erase(desk.hub, desk.who("shop:k3"), desk.dpo)


ACTS: Final[Mapping[str, tuple[Callable[[Office], None], set[str]]]] = {
    "letters": (posting, {"letter", "one_time_code"}),
    "reveal": (revealing, {"help_offered"}),
    "correction": (correcting, {"correction", "letter"}),
    "export": (handing_out, {"access", "portability", "letter"}),
    "own pages": (oneself, {"access", "portability", "letter"}),
    "issuer": (vouching, {"issuer"}),
    "redaction": (redacting, {"redaction"}),
    "quarantine": (refusing_rows, {"quarantine_export", "quarantine_retry"}),
    "matching": (matching_people, {"matching", "lookup", "review", "training"}),
    "erasure": (erasing, {"suppression"}),
}
"""What is done, and why something is opened for it."""


def verify_even(desk: Office, seen: Seen) -> None:
    found = reconcile(desk.hub)
    assert (found.unaudited, found.without_act, found.uncounted, found.is_clean) == (0, 0, 0, True)
    assert not seen.early or seen.reasons(seen.early) <= IN_ITS_TRANSACTION
    with desk.hub.reading() as session:
        said = openings(session)
    assert all(count <= said[act] for act, count in seen.acts.items())


@pytest.mark.parametrize("name", ACTS)
def test_an_act_that_opens_something_is_told_before(desk: Office, seen: Seen, name: str) -> None:
    act, reasons = ACTS[name]
    act(desk)
    assert sum(seen.acts.values()) > 0
    assert reasons <= seen.reasons(set(seen.acts)), "the act is what this test takes it for"
    verify_even(desk, seen)


def test_all_of_it_in_one_home_comes_out_even_and_one_opening_more_shows(desk: Office, seen: Seen) -> None:
    for act, _ in ACTS.values():
        act(desk)
    verify_even(desk, seen)
    with desk.hub.reading() as session:
        keys = [KeyId(key) for _, _, key, _ in sealed_revisions(session, [desk.record("shop:k2")])]
    assert desk.hub.keystore.get_files(keys) == {}, "nobody's document is opened as a file of the lake"
    assert reconcile(desk.hub).is_clean
    for act_id in (NO_ACT, an_id(66)):
        assert len(desk.hub.keystore.get(keys, act_id=act_id)) == 1
    found = reconcile(desk.hub)
    assert (found.without_act, found.unaudited, found.is_clean) == (1, 1, False)


def test_opening_again_under_an_act_that_is_told_shows(desk: Office) -> None:
    record = desk.record("shop:k2")
    open_documents([record], desk.hub.ports(desk.owner.principal_id))
    with desk.hub.reading() as session:
        keys = [KeyId(key) for _, _, key, _ in sealed_revisions(session, [record])]
        act_id = next(entry.fields.act_id for _, entry in entries(session, action="open_batch"))
    assert act_id is not None
    assert reconcile(desk.hub).is_clean
    desk.hub.keystore.get(keys, act_id=act_id)
    assert reconcile(desk.hub).unaudited == 1


def test_every_action_that_says_how_much_an_act_opens_is_compared() -> None:
    """The guide is the code's own: an action with `act_id` and `opened` announces, or completes one that did."""
    both: set[Any] = {action for action, (fields, _) in documented().items() if {"act_id", "opened"} <= fields}
    assert both == {*OPENING_ACTIONS, *COMPLETIONS}
    assert set(COMPLETIONS.values()) <= set(OPENING_ACTIONS)
