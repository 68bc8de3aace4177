"""A home: made once, finished or left alone afterwards, never half open to others."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.authentication import acting_principal
from hub.compose import open_hub
from hub.database.engine import engine_of
from hub.database.revision import current_revision, newest_revision
from hub.database.schema import downgrade, upgrade
from hub.database.unit import unit_of_work
from hub.errors import HomeUnsafe, ServiceUnreachable
from hub.home import Stores, label_index, make_home, put_policy_in_force
from hub.policy.pack import default_pack, pack_of
from hub.settings import EXACT, Settings
from privacy.errors import KekUnavailable, KeyNotFound
from privacy.keys import KeyKind
from privacy.sealing import Cell, SealedTable, open_sealed
from privacy.store.audit import entries
from privacy.store.audit_checkpoint import newest_checkpoint
from privacy.store.audit_verify import verify_log
from privacy.store.epoch import current_epoch, records_changed_since
from privacy.store.principal import all_principals
from privacy.terms import DomainName, PrincipalId, Role
from tests.builders import FixedClock, a_key, an_id
from tests.conftest import HubFactory

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def contents(home: Path) -> dict[str, bytes]:
    kept = ("kek", "owner.token")
    return {path.name: path.read_bytes() for path in home.rglob("*") if path.name in kept}


def test_a_new_home_belongs_to_its_owner_alone(home: Settings) -> None:
    everything = [home.home, *home.home.rglob("*")]
    assert len(everything) > 6
    assert [path.name for path in everything if path.stat().st_mode & 0o077] == []


def test_making_a_home_again_changes_nothing(home: Settings, clock: FixedClock) -> None:
    before, hub = contents(home.home), open_hub(home, clock=clock)
    made = make_home(home, clock=clock)
    assert not made.created
    assert (made.home, made.token_file) == (home.home, home.owner_token_file)
    again = open_hub(home, clock=clock)
    assert contents(home.home) == before
    assert again.instance == hub.instance
    assert again.keystore.count() == hub.keystore.count()
    with again.reading() as session:
        assert len(all_principals(session)) == 1
        assert [entry.action for _, entry in entries(session)] == ["principal.add", "policy.apply"]
        assert verify_log(session, again.verifier_key()).size == 2


def test_a_home_works_on_both_databases(hub_factory: HubFactory) -> None:
    for kind in ("sqlite", "postgres"):
        hub = hub_factory(kind)
        assert acting_principal(hub).role is Role.OWNER
        assert hub.domain(DomainName("churn")) != hub.domain(DomainName("winback"))
        assert {purpose.id for purpose in hub.policy().purposes} >= {"churn", "winback"}
        assert hub.checkpoint() is not None
        with hub.reading() as session:
            assert verify_log(session, hub.verifier_key()).checkpoints == 1


def test_a_home_is_finished_after_a_stop_half_way(tmp_path: Path, clock: FixedClock) -> None:
    settings = Settings.load({}, tmp_path / "home")
    make_home(settings, clock=clock)
    engine, keys = engine_of(settings.database_url), engine_of(settings.keystore_url)
    with unit_of_work(engine) as session:
        session.execute(text("DELETE FROM principal"))
    with unit_of_work(keys) as session:
        session.execute(text("DELETE FROM wrapped_key WHERE kind = 'domain'"))
    settings.owner_token_file.write_text("stale")
    make_home(settings, clock=clock)
    hub = open_hub(settings, clock=clock)
    assert acting_principal(hub).role is Role.OWNER
    assert hub.domain(DomainName("churn")).name == "churn"


def test_a_new_home_joins_by_the_model_unless_it_is_told_otherwise(
    tmp_path: Path, clock: FixedClock, homes_as_they_are_made: None
) -> None:
    new, told = Settings.load({}, tmp_path / "new"), Settings.load({"VARDE_MATCHING": EXACT}, tmp_path / "told")
    make_home(new, clock=clock)
    make_home(told, clock=clock)
    assert open_hub(new, clock=clock).ports(an_id(1)).organisations is not None
    assert open_hub(replace(new, matching=EXACT), clock=clock).ports(an_id(1)).matching is None
    assert open_hub(replace(told, matching=None), clock=clock).settings.matching == EXACT, "it keeps what it was told"


def test_a_home_of_before_goes_on_by_exact_rules(
    tmp_path: Path, clock: FixedClock, homes_as_they_are_made: None
) -> None:
    settings = Settings.load({}, tmp_path / "home")
    make_home(settings, clock=clock)
    engine = engine_of(settings.database_url)
    downgrade(engine, "control", "0044")
    upgrade(engine, "control")
    engine.dispose()
    make_home(settings, clock=clock)
    assert open_hub(settings, clock=clock).settings.matching == EXACT


@pytest.mark.parametrize("folder", [".", "lake", "models", "key"])
def test_a_folder_that_others_can_enter_is_refused(home: Settings, clock: FixedClock, folder: str) -> None:
    (home.home / folder).chmod(0o750)
    with pytest.raises(HomeUnsafe, match="chmod 700"):
        make_home(home, clock=clock)


def test_a_key_file_that_others_can_read_is_refused(home: Settings, clock: FixedClock) -> None:
    home.kek_file.chmod(0o640)
    with pytest.raises(HomeUnsafe):
        make_home(home, clock=clock)
    with pytest.raises(HomeUnsafe):
        open_hub(home, clock=clock)


def test_a_token_file_that_others_can_read_acts_for_nobody(home: Settings, clock: FixedClock) -> None:
    home.owner_token_file.chmod(0o644)
    with pytest.raises(HomeUnsafe, match="token"):
        acting_principal(open_hub(home, clock=clock))


def test_a_token_is_never_written_into_a_file_that_others_can_read(home: Settings, clock: FixedClock) -> None:
    with unit_of_work(engine_of(home.database_url)) as session:
        session.execute(text("DELETE FROM principal"))
    home.owner_token_file.chmod(0o644)
    make_home(home, clock=clock)
    assert home.owner_token_file.stat().st_mode & 0o077 == 0


def test_a_lost_key_file_is_not_replaced_by_a_fresh_one(home: Settings, clock: FixedClock) -> None:
    """A fresh key opens nothing, and would stand in the way of the right one."""
    key = home.kek_file.read_bytes()
    home.kek_file.unlink()
    with pytest.raises(KekUnavailable, match="key store holds keys"):
        make_home(home, clock=clock)
    assert not home.kek_file.exists()
    home.kek_file.touch(mode=0o600)
    home.kek_file.write_bytes(key)
    assert not make_home(home, clock=clock).created


def test_two_processes_make_one_home(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hub.clock import now; from hub.home import make_home\n"
        "from hub.settings import Settings; make_home(Settings.load({}, Path(sys.argv[1])), clock=now)"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "home")], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for child in children:
        _, complaint = child.communicate(timeout=120)
        assert (child.returncode, complaint) == (0, "")
    hub = open_hub(Settings.load({}, tmp_path / "home"))
    assert acting_principal(hub).role is Role.OWNER
    with hub.reading() as session:
        assert len(all_principals(session)) == 1
        assert verify_log(session, hub.verifier_key()).size == 2


def test_the_owner_is_named_sealed(home: Settings, clock: FixedClock) -> None:
    hub = open_hub(home, clock=clock)
    with hub.reading() as session:
        (row,) = all_principals(session)
    cell = Cell(instance=hub.instance, table=SealedTable.PRINCIPAL, field=1, row=row.principal_id)
    key = hub.named_key(KeyKind.INSTANCE, "labels")
    assert open_sealed(row.label_sealed, key=key, cell=cell) == b"owner"
    assert home.owner_token_file.read_text() not in str(row)


@pytest.mark.parametrize("same", ["Kari Nordmann", " kari nordmann ", "KARI  NORDMANN", "Kari\tNordmann"])
def test_one_person_is_known_by_one_label_however_it_is_typed(same: str) -> None:
    assert label_index(a_key(kind=KeyKind.INDEX), same) == label_index(a_key(kind=KeyKind.INDEX), "Kari Nordmann")


def test_one_letter_written_in_two_ways_is_one_label() -> None:
    composed, decomposed = "Andr\u00e9", "Andre\u0301"
    assert label_index(a_key(), composed) == label_index(a_key(), decomposed)
    assert label_index(a_key(), composed) != label_index(a_key(), "Andre")


def test_there_is_no_hub_without_a_home(tmp_path: Path) -> None:
    with pytest.raises(HomeUnsafe, match="varde init"):
        open_hub(Settings.load({}, tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir(mode=0o700)
    with pytest.raises(HomeUnsafe, match="varde init"):
        open_hub(Settings.load({}, tmp_path / "empty"))


@pytest.mark.parametrize("target", ["control", "keystore"])
def test_a_schema_that_is_behind_or_ahead_closes_the_hub(home: Settings, clock: FixedClock, target: str) -> None:
    engine = engine_of(home.database_url if target == "control" else home.keystore_url)
    with unit_of_work(engine) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(HomeUnsafe, match="newer"):
        open_hub(home, clock=clock)
    with pytest.raises(HomeUnsafe, match="newer"):
        make_home(home, clock=clock)
    with unit_of_work(engine) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(HomeUnsafe, match="varde migrate"):
        open_hub(home, clock=clock)
    with unit_of_work(engine) as session:
        session.execute(text("DELETE FROM alembic_version"))
    with pytest.raises(HomeUnsafe, match="varde init"):
        open_hub(home, clock=clock)


def test_a_server_that_does_not_answer_is_told_as_such(tmp_path: Path, clock: FixedClock) -> None:
    url = "postgresql://varde:Zq7@127.0.0.1:1/varde"
    settings = Settings.load({"VARDE_DATABASE_URL": url}, tmp_path / "home")
    for act in (make_home, open_hub):
        with pytest.raises(ServiceUnreachable) as caught:
            act(settings, clock=clock)
        assert "Zq7" not in str(caught.value)


def test_another_key_file_opens_nothing(home: Settings, clock: FixedClock) -> None:
    home.kek_file.write_bytes(bytes(32))
    with pytest.raises(KekUnavailable, match="wanted: file-"):
        open_hub(home, clock=clock).verifier_key()
    with pytest.raises(KekUnavailable, match="wanted: file-"):
        make_home(home, clock=clock)


def test_a_key_that_the_hub_lacks_is_named(home: Settings, clock: FixedClock) -> None:
    with pytest.raises(KeyNotFound):
        open_hub(home, clock=clock).named_key(KeyKind.DOMAIN, "nobody")


def test_a_policy_in_force_starts_an_epoch_for_everybody_and_is_audited(home: Settings, clock: FixedClock) -> None:
    hub = open_hub(home, clock=clock)
    with hub.reading() as session:
        before = current_epoch(session)
    put_policy_in_force(Stores(hub.engine, hub.keystore), pack_of(default_pack()), by=PrincipalId(an_id(1)), at=clock)
    with hub.reading() as session:
        assert current_epoch(session) > before
        assert records_changed_since(session, before) is None
        assert entries(session, limit=1)[0][1].action == "policy.apply"


def test_a_schema_can_be_taken_back_and_brought_up(home: Settings) -> None:
    engine = engine_of(home.keystore_url)
    assert current_revision(engine) == newest_revision("keystore")
    downgrade(engine, "keystore")
    assert current_revision(engine) is None
    upgrade(engine, "keystore")
    assert current_revision(engine) == newest_revision("keystore")


def test_the_log_of_a_new_home_is_signed_once(home: Settings, clock: FixedClock) -> None:
    hub = open_hub(home, clock=clock)
    with hub.reading() as session:
        signed = verify_log(session, hub.verifier_key())
        assert signed.size > 0
        note = newest_checkpoint(session)
    assert note is not None
    assert note.startswith(f"{hub.origin}\n{signed.size}\n")
    make_home(home, clock=clock)
    with hub.reading() as session:
        assert newest_checkpoint(session) == note
        assert verify_log(session, hub.verifier_key()).checkpoints == 1
