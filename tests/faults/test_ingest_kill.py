"""kill -9 at every named step of an ingest, then recovery in a fresh process: as if nothing had happened.

The cases here kill each step at least once. `VARDE_FULL_MATRIX=1 python -m pytest tests/faults/test_ingest_kill.py`
kills every occurrence of every step of every delivery (about ten minutes).
"""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.compose import Hub
from hub.views.permission import permitted_set
from ingest.store.batch import BatchState
from ingest.store.record import sealed_revisions
from ingest.tables.batch import Batch
from privacy.terms import EntityKind, RecordId
from tests.faults.ingest_company import (
    DELIVERIES,
    NOON,
    Ticking,
    deliver,
    make_template,
    open_home,
)
from tests.faults.ingest_killing import Ask, asking, copied, kill, prepared, succeed
from tests.faults.ingest_meaning import assert_in_order, keys_held, meaning, names_of

pytestmark = pytest.mark.faults

ORDER = list(DELIVERIES)
LATER = 10  # minutes: the lease of the dead process has ended
INTENTS_ENDED = 7  # hours
AFTER_FLIP = {"flipped", "acts_settled", "moves_settled", "settled"}
CASES = [
    *[("crm1", step) for step in ("batch_staged", "named", "keys_durable", "revisions_staged#2", "indexes_staged")],
    *[("crm1", step) for step in ("acts_staged#2", "chunk_taken", "quarantine_key_durable", "quarantined")],
    *[("crm1", step) for step in ("ledger_owed", "chunk_written")],
    *[("crm1", step) for step in ("intended", "keys_added", "file_temporary", "file_renamed", "files_settled")],
    *[("crm1", step) for step in ("lake_staged", "measured", "all_staged", "flipped", "acts_settled", "settled")],
    *[("mail1", step) for step in ("named", "opening_audited", "text_keys_durable", "texts_held", "lake_staged#2")],
    *[("mail1", step) for step in ("flipped", "settled")],
    *[("crm2", step) for step in ("acts_staged", "all_staged", "flipped")],
    *[("shop1", step) for step in ("contacts_staged", "all_staged", "flipped", "moves_settled", "moves_settled#2")],
]
RECOVERY_STEPS = ["aborted", "keys_swept", "files_discarded", "rows_swept", "rows_swept#2", "swept"]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with asking() as child:
        yield child


@pytest.fixture(scope="module")
def homes(ask: Ask, memory_root: Path) -> dict[str, Path]:
    """A home before each delivery, and the one after the last (`done`), each undisturbed; steps in `trace`."""
    root = memory_root / "homes"
    root.mkdir()
    before = {}
    home = prepared(ask, make_template(root), root / "empty", [])
    for name in ORDER:
        before[name] = home
        home = copied(home, root / f"after-{name}")
        succeed(ask, home, [name], trace=str(root / f"{name}.trace"))
    return before | {"done": home, "trace": root}


@pytest.fixture(scope="module")
def undisturbed(homes: dict[str, Path]) -> dict[str, Any]:
    """What each home means once its delivery is in."""
    after = [*ORDER[1:], "done"]
    return {name: meaning(open_home(homes[nxt])) for name, nxt in zip(ORDER, after, strict=True)}


def readable(hub: Hub) -> dict[str, Any]:
    """What any other process can read: rows, documents, and who is permitted for what."""
    names = names_of(hub)
    with hub.reading() as session:
        people = [RecordId(record) for record in names]
        documents = {names[record]: revision for record, revision, _, _ in sealed_revisions(session, people)}
        permitted = {
            purpose: {
                names[record]
                for record in permitted_set(
                    session, hub.policy().purpose(purpose), EntityKind.PERSON, at=NOON + timedelta(days=1)
                ).records["record"]
            }
            for purpose in ("churn", "winback")
        }
    return {"documents": documents, "permitted": permitted, "lake": meaning(hub)["lake"]}


@cache
def readable_in(home: Path) -> dict[str, Any]:
    return readable(open_home(home))


def assert_nothing_more_is_readable(hub: Hub, before: dict[str, Any]) -> None:
    """Before the flip: the same rows and documents; nobody is permitted who was not, some may be no longer."""
    now = readable(hub)
    assert now["lake"] == before["lake"]
    assert now["documents"] == before["documents"]
    with_content = set(before["documents"]) | {row[0] for rows in before["lake"].values() for row in rows}
    for purpose, permitted in now["permitted"].items():
        assert permitted & with_content <= before["permitted"][purpose]


def recover_and_repeat(ask: Ask, home: Path, name: str) -> Hub:
    """Do as a person would: start again, run the same command again."""
    succeed(ask, home, ["tidy", name], minutes=LATER)
    succeed(ask, home, ["tidy"], minutes=LATER, lake_hours=INTENTS_ENDED)
    return open_home(home, clock=Ticking(NOON + timedelta(minutes=2 * LATER)))


def killed_and_recovered(ask: Ask, homes: dict[str, Path], folder: Path, name: str, step: str) -> Hub:
    home = copied(homes[name], folder)
    kill(ask, home, [name], step)
    hub = open_home(home)
    if step.partition("#")[0] not in AFTER_FLIP:
        assert_nothing_more_is_readable(hub, readable_in(homes[name]))
    return recover_and_repeat(ask, home, name)


@pytest.mark.parametrize(("name", "step"), CASES)
def test_a_killed_ingest_ends_as_an_undisturbed_one(  # noqa: PLR0913, PLR0917 - fixtures
    name: str, step: str, ask: Ask, homes: dict[str, Path], undisturbed: dict[str, Any], in_memory: Path
) -> None:
    hub = killed_and_recovered(ask, homes, in_memory, name, step)
    assert meaning(hub) == undisturbed[name]
    assert_in_order(hub)


def steps_of(homes: dict[str, Path], name: str) -> Counter[str]:
    return Counter((homes["trace"] / f"{name}.trace").read_text().split())


def test_every_step_is_killed_in_some_case(homes: dict[str, Path]) -> None:
    reached = set().union(*(steps_of(homes, name) for name in ORDER))
    assert {step.partition("#")[0] for _, step in CASES} == reached


@pytest.mark.skipif("VARDE_FULL_MATRIX" not in os.environ, reason="the full matrix is run by hand: see the docstring")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", ORDER)
def test_every_occurrence_of_every_step(
    name: str, ask: Ask, homes: dict[str, Path], undisturbed: dict[str, Any], in_memory: Path
) -> None:
    for step, times in steps_of(homes, name).items():
        for number in range(1, times + 1):
            hub = killed_and_recovered(ask, homes, in_memory / f"{step}-{number}", name, f"{step}#{number}")
            assert meaning(hub) == undisturbed[name], (step, number)
            assert_in_order(hub)


@pytest.mark.parametrize("step", RECOVERY_STEPS)
def test_a_recovery_that_is_killed_is_finished_by_the_next(
    step: str, ask: Ask, homes: dict[str, Path], undisturbed: dict[str, Any], in_memory: Path
) -> None:
    home = copied(homes["crm1"], in_memory)
    kill(ask, home, ["crm1"], "all_staged")
    kill(ask, home, ["tidy"], step, minutes=LATER)
    hub = recover_and_repeat(ask, home, "crm1")
    assert meaning(hub) == undisturbed["crm1"]
    assert_in_order(hub)


def test_recovery_beside_a_living_ingest_leaves_it_alone(ask: Ask, homes: dict[str, Path], in_memory: Path) -> None:
    home = copied(homes["crm1"], in_memory)
    kill(ask, home, ["crm1"], "all_staged")
    hub = open_home(home)
    keys = keys_held(hub)
    succeed(ask, home, ["tidy"], minutes=4)  # the lease of five minutes still runs
    assert keys_held(hub) == keys
    with hub.reading() as session:
        assert session.execute(select(Batch.state)).scalars().all() == [BatchState.STAGED.value]
    succeed(ask, home, ["tidy"], minutes=6)
    with hub.reading() as session:
        assert session.execute(select(Batch.state)).scalars().all() == [BatchState.ABORTED.value]


def test_who_lost_the_lease_while_it_slept_takes_its_rows_along(
    homes: dict[str, Path], undisturbed: dict[str, Any], in_memory: Path
) -> None:
    """A process that was stopped for an hour wakes up after its batch was aborted: nothing of it may stay."""
    home = copied(homes["mail1"], in_memory)
    overtaken = []

    def sleep(step: str) -> None:
        if step == "lake_staged" and not overtaken:
            overtaken.append(step)
            other = open_home(home, clock=Ticking(NOON + timedelta(hours=1)))
            deliver(other, "mail1", in_memory / "in")

    sleeper = open_home(home, reached=sleep)
    with pytest.raises(Exception, match="another process"):
        deliver(sleeper, "mail1", in_memory / "in")
    hub = open_home(home, lake_ahead=timedelta(hours=INTENTS_ENDED))
    assert meaning(hub) == undisturbed["mail1"]
