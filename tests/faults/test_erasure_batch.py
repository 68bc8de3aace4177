"""Many people erased together: killed between any two steps it is closed at once, and finished together later."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from hub import erasing
from hub.compose import Hub, open_hub
from hub.consents import find_subject
from hub.erasing import erase_many, roll_forward
from hub.erasure.absence import verify_absence
from hub.home import make_home
from hub.settings import Settings
from privacy.store.erasure import tombstones
from privacy.terms import RecordId
from tests.builders import Postgres
from tests.faults.ingest_company import Ticking, make_template, open_home, owner_of
from tests.faults.ingest_killing import Ask, asking, copied, kill, prepared
from tests.faults.ingest_meaning import meaning
from tests.faults.restore_company import fill

pytestmark = pytest.mark.faults

PEOPLE = ("crm:c1", "crm:c5", "crm:c6")
ACT = f"erase_together {' '.join(PEOPLE)}"
STEPS = ["ledger_owed", "erasure_intended", "erasure_intended#2", "erasure_intended#3", "erasure_shredded#2"]
STEPS += ["erasure_rows_deleted#2", "replaced", "purge_shredded", "erasure_lake_rewritten", "erasure_journal_emptied"]
STEPS += ["erasure_completed", "erasure_completed#2"]
FEW = ["erasure_intended#2", "erasure_shredded#2", "erasure_lake_rewritten", "erasure_completed"]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with asking() as child:
        yield child


@pytest.fixture(scope="module")
def filled(ask: Ask, memory_root: Path) -> Path:
    return prepared(ask, make_template(memory_root), memory_root / "filled", ["crm1", "mail1", "shop1"])


def assert_gone(hub: Hub, records: list[RecordId]) -> None:
    for record in records:
        verify_absence(hub, record.hex())


@pytest.mark.parametrize("step", STEPS if "VARDE_FULL_MATRIX" in os.environ else FEW)
def test_a_killed_batch_is_finished_for_all_who_were_closed_and_repeated_for_the_rest(
    step: str, ask: Ask, filled: Path, in_memory: Path
) -> None:
    before = open_home(filled)
    meant = {name: list(find_subject(before, name).records) for name in PEOPLE}
    home = copied(filled, in_memory)
    kill(ask, home, [ACT], step)
    hub = open_home(home)
    with hub.reading() as session:
        closed = tombstones(session)
    roll_forward(hub, owner_of(hub).principal_id)
    for name, records in meant.items():
        if closed >= set(records):
            assert_gone(hub, records)
        else:
            assert not closed & set(records), "closed by halves"
            assert find_subject(hub, name).records == tuple(records)
    left = [find_subject(hub, name) for name, records in meant.items() if not closed >= set(records)]
    erase_many(hub, left, owner_of(hub))
    assert_gone(hub, [record for records in meant.values() for record in records])
    assert set(meaning(hub)["documents"]) == set(meaning(before)["documents"]) - {"c1", "s1", "c5", "s5", "c6", "s6"}
    assert roll_forward(hub, owner_of(hub).principal_id) == 0


class Died(BaseException):
    """The process ended here."""


def dying_at(step: str) -> Callable[[str], None]:
    name, _, number = step.partition("#")
    left = [int(number or 1)]

    def reached(at: str) -> None:
        left[0] -= str(at) == name
        if not left[0]:
            left[0] = -1
            raise Died

    return reached


@pytest.mark.postgres
def test_a_batch_that_breaks_off_on_postgresql_is_finished(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "PEOPLE_AT_ONCE", 1)
    urls = postgres.home_databases()
    settings = Settings.load(urls, tmp_path / "home")
    make_home(settings, clock=Ticking())
    hub = open_hub(settings, clock=Ticking())
    fill(hub, tmp_path / "in")
    subjects = [find_subject(hub, name) for name in PEOPLE]
    records = [record for subject in subjects for record in subject.records]
    steps = ["erasure_intended#3", "erasure_shredded#2", "erasure_rows_deleted#2", "erasure_lake_rewritten"]
    for number, step in enumerate([*steps, "erasure_completed#2"]):
        dying = open_hub(settings, clock=Ticking(), reached=dying_at(step))
        go_on = partial(roll_forward, by=owner_of(hub).principal_id)
        begin = partial(erase_many, subjects=subjects, by=owner_of(hub))
        with pytest.raises(Died):
            (go_on if number else begin)(dying)
        for engine in (dying.engine, dying.keystore.engine):
            engine.dispose()
    assert roll_forward(hub, owner_of(hub).principal_id) == 1
    assert_gone(hub, records)
    assert "c2" in meaning(hub)["documents"]
    for engine in (hub.engine, hub.keystore.engine):
        engine.dispose()
