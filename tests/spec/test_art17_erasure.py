"""Article 17: whoever asks for it is erased everywhere, without undue delay, but for what the law requires be kept."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import LargeBinary
from sqlmodel import SQLModel

from hub import erasing
from hub.compose import Hub, open_hub
from hub.consents import find_subject
from hub.erasing import Batch, erase, erase_many, plan
from hub.erasure.absence import verify_absence
from hub.erasure.certificate import told_by
from hub.erasure.portrait import Portrait, take_portrait
from hub.erasure.reach import ALWAYS, KEPT
from hub.errors import AccessRefused, ErasureIncomplete, NobodyErased
from hub.home import make_home
from hub.lake.errors import LakeFileRefused
from hub.migrations.tables import MODULES
from hub.retention.holds import NewHold, lift, place
from hub.settings import Settings
from privacy.keys import NewKey
from privacy.store.audit_verify import verify_log
from privacy.terms import FileId, RecordId, Role
from privacy.verifier import ProofRejected
from tests.builders import a_key
from tests.faults.ingest_company import NOON, Ticking, owner_of
from tests.faults.ingest_meaning import meaning
from tests.faults.restore_company import assert_erased_nowhere, assert_others_intact, fill

assert MODULES


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("art17")
    settings = Settings.load({}, root / "home")
    make_home(settings, clock=Ticking())
    hub = open_hub(settings, clock=Ticking())
    fill(hub, root / "in")
    hub.engine.dispose()
    hub.keystore.engine.dispose()
    return root / "home"


@pytest.fixture
def hub(template: Path, tmp_path: Path) -> Iterator[Hub]:
    home = Path(shutil.copytree(template, tmp_path / "home"))
    opened = open_hub(Settings.load({}, home), clock=Ticking(NOON + timedelta(hours=1)))
    yield opened
    opened.engine.dispose()
    opened.keystore.engine.dispose()


def test_what_would_go_and_what_would_stay_is_shown_first(hub: Hub) -> None:
    """`plan` counts rows by table, names what stays and on which ground, and changes nothing."""
    person, before = find_subject(hub, "crm:c1"), meaning(hub)
    shown = plan(hub, person, owner_of(hub))
    assert shown.rows["record_revision"] == 2
    assert shown.rows["consent_head"] >= 1
    assert shown.lake is not None
    assert shown.lake["messages"].deleted > 0
    assert shown.kept["consent_event"].startswith("accountability")
    assert shown.kept_rows["consent_event"] >= 1
    assert not {"orders", "score_review", "legal_hold_record"} & {*shown.kept, *shown.lake}, "nothing of theirs there"
    assert meaning(hub) == before


def test_the_erased_are_nowhere_all_others_as_before_and_the_log_still_verifies(hub: Hub) -> None:
    """`erase` destroys keys and removes rows in every table and in the lake; the audit log loses nothing."""
    person, before = find_subject(hub, "crm:c1"), meaning(hub)
    erase(hub, person, owner_of(hub))
    assert_erased_nowhere(hub, list(person.records))
    assert_others_intact(before, hub)
    with hub.reading() as session:
        verify_log(session, hub.verifier_key())


def test_many_are_erased_together_with_one_rewrite_of_the_lake(hub: Hub) -> None:
    """`erase_many` leaves the same as erasing one after the other, and replaces each file once."""
    people = [find_subject(hub, name) for name in ("crm:c1", "crm:c2", "crm:c5")]
    done = erase_many(hub, people, owner_of(hub))
    assert (done.people, done.held, len(done.certificates)) == (3, 0, 1)
    assert done.certificates[0].lake_files_replaced == 3, "messages, and profiles of each source: once each"
    for person in people:
        for record in person.records:
            verify_absence(hub, record.hex())
    assert not {"c1", "s1", "c2", "s2", "c5", "s5"} & set(meaning(hub)["documents"])


def test_whoever_is_under_a_legal_hold_is_not_erased(hub: Hub) -> None:
    """Article 17(3)(e): a hold forbids it, the plan says so, and a batch leaves the person out and counts them."""
    held, owner = find_subject(hub, "crm:c1"), owner_of(hub)
    ends = NOON + timedelta(days=30)
    place(hub, NewHold(owner=owner.principal_id, reason="lawsuit", ends_at=ends, records=held.records), owner)
    assert plan(hub, held, owner).held
    with pytest.raises(AccessRefused, match="legal_hold"):
        erase(hub, held, owner)
    done = erase_many(hub, [held, find_subject(hub, "crm:c2")], owner)
    assert (done.people, done.held) == (1, 1)
    assert "c1" in meaning(hub)["documents"]


def test_a_hold_that_comes_while_an_erasure_is_prepared_is_heeded(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hold that was placed before the erasure is committed forbids it, alone and in a batch."""
    held, owner = find_subject(hub, "crm:c1"), owner_of(hub)
    new = NewHold(owner=owner.principal_id, reason="lawsuit", ends_at=NOON + timedelta(days=30), records=held.records)

    def looked_at(which: Hub, records: Sequence[RecordId]) -> Portrait:
        holds.append(place(hub, new, owner))
        return take_portrait(which, records)

    holds: list[bytes] = []
    monkeypatch.setattr(erasing, "take_portrait", looked_at)
    with pytest.raises(AccessRefused, match="legal_hold"):
        erase(hub, held, owner)
    lift(hub, holds.pop(), "settled", owner)
    assert erase_many(hub, [held], owner) == Batch(people=0, held=1, certificates=())
    assert "c1" in meaning(hub)["documents"]


def test_absence_is_proven_by_looking_everywhere(hub: Hub) -> None:
    """`verify_absence` looks into every column of every table, every key and the whole lake; what it finds it names."""
    person = find_subject(hub, "crm:c1")
    with pytest.raises(NobodyErased):
        verify_absence(hub, person.records[0].hex())
    erasure = erase(hub, person, owner_of(hub)).erasure_id
    found = verify_absence(hub, erasure.hex())
    assert found.records == 2
    assert set(found.kept) <= set(KEPT)
    assert found.columns > 40
    hub.keystore.add([NewKey(key=a_key(7), owner=person.records[0])])
    with pytest.raises(ErasureIncomplete) as left:
        verify_absence(hub, erasure.hex())
    assert left.value.left == {"key store": 1}


def test_something_left_in_a_table_that_nobody_thought_of_is_found(hub: Hub) -> None:
    """`verify_absence` goes by the database's own catalogue of tables, so no list of ours can forget one."""
    person = find_subject(hub, "crm:c1")
    erasure = erase(hub, person, owner_of(hub)).erasure_id
    with hub.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE forgotten (whose BLOB)")
        connection.exec_driver_sql("INSERT INTO forgotten VALUES (?)", (person.records[1],))
    with pytest.raises(ErasureIncomplete) as left:
        verify_absence(hub, erasure.hex())
    assert left.value.left == {"forgotten": 1}


def test_a_table_that_this_process_has_not_imported_is_erased_from(hub: Hub) -> None:
    """What is deleted from is read from the database's own catalogue, whatever the process has imported."""
    person = find_subject(hub, "crm:c1")
    with hub.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE unheard_of (record_id BLOB, more TEXT)")
        connection.exec_driver_sql(
            "INSERT INTO unheard_of VALUES (?, 'x'), (?, 'y')", (person.records[1], b"another's")
        )
    erase(hub, person, owner_of(hub))
    with hub.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT more FROM unheard_of").scalars().all() == ["y"]


def test_the_certificate_tells_what_was_done_and_when_it_is_final(hub: Hub) -> None:
    """The certificate is signed; it names tables, fields, counts and recipients, and that backups hold wrapped keys."""
    certificate = erase(hub, find_subject(hub, "crm:c1"), owner_of(hub))
    told = told_by(certificate.note, hub.verifier_key())
    assert told["control_database"]["record_revision"] == 2
    assert told["keys_destroyed"]["record"] >= 2
    assert told["lake"]["rows_deleted"] == certificate.rows_deleted > 0
    assert "text_redacted" in told["lake_fields"]["messages"]
    tables = told["lake_tables"]
    assert sum(each["deleted"] for each in tables.values()) == certificate.rows_deleted
    assert set(tables) == set(told["lake_fields"]), "what was reached is named, and nothing else"
    assert told["kept_rows"]["consent_event"] >= 1
    assert set(told["kept"]) == set(told["kept_rows"]) | ALWAYS, "on which ground, only where something stays"
    assert told["recipients"] == []
    assert told["final"]["since"] is None
    assert len(told["final"]["waits_for_generations"]) == 1
    assert "solveig" not in certificate.note.lower()
    with pytest.raises(ProofRejected):
        told_by(certificate.note.replace('"rows_deleted"', '"rows_removed"'), hub.verifier_key())


def test_the_plan_and_the_certificate_count_the_same(hub: Hub) -> None:
    """`plan` counts by table of the lake what `erase` then takes away."""
    person = find_subject(hub, "crm:c1")
    planned = plan(hub, person, owner_of(hub)).lake
    told = told_by(erase(hub, person, owner_of(hub)).note, hub.verifier_key())
    assert planned is not None
    assert {name: (n.deleted, n.blanked) for name, n in planned.items()} == {
        name: (n["deleted"], n["blanked"]) for name, n in told["lake_tables"].items()
    }


def test_a_file_of_the_lake_that_does_not_open_hides_no_plan(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan says that the lake cannot be counted, and keeps nobody from being erased."""

    def broken(*_: object) -> NoReturn:
        raise LakeFileRefused(FileId(bytes(16)), "altered")

    monkeypatch.setattr(erasing, "count_in_lake", broken)
    assert plan(hub, find_subject(hub, "crm:c1"), owner_of(hub)).lake is None


def test_every_table_with_a_record_is_erased_or_kept_for_a_stated_reason() -> None:
    """A new table that holds a record's id is erased from; whoever keeps rows says why, and of a table that exists."""
    tables = SQLModel.metadata.tables
    assert set(KEPT) <= set(tables)
    assert all(KEPT.values())
    named = {
        table.name
        for table in tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and column.name.endswith("_record")
    }
    by_their_stores = {"contact_of", "match_edge", "match_decision"}
    assert named == by_their_stores, "a record's id is in a column called record_id, or is deleted by its own store"


def test_nobody_but_owner_and_dpo_erases(hub: Hub) -> None:
    """Other roles are refused before anybody is looked for."""
    agent = replace(owner_of(hub), role=Role.AGENT)
    with pytest.raises(AccessRefused, match="role_may_not_erase"):
        erase_many(hub, [find_subject(hub, "crm:c1")], agent)
    assert "c1" in meaning(hub)["documents"]
