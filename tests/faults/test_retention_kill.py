"""kill -9 between every two durable writes of a retention run: the next one ends where an undisturbed one ends.

`VARDE_FULL_MATRIX=1` kills every occurrence of every step.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.compose import Hub
from hub.retention.plan import plan
from hub.retention.store import all_runs, find_open
from privacy.store.audit import entries
from tests.faults.ingest_company import make_template, open_home
from tests.faults.ingest_killing import Ask, asking, copied, kill, prepared, succeed
from tests.faults.ingest_meaning import assert_in_order, meaning

pytestmark = pytest.mark.faults

LATER = 60 * 24 * 365 * 3 + 60 * 24 * 40  # minutes: past three years, so that rows, texts, traces and tokens all end
OWN_STEPS = ["retention_opened", "retention_traced", "retention_sifted", "retention_purged", "retention_ended"]
OWN_STEPS += ["retention_people", "retention_completed", "expired_keys_shredded"]
LAKE_STEPS = ["intended", "keys_added", "file_temporary", "file_renamed", "files_settled", "replaced"]
LAKE_STEPS += ["intended#2", "replaced#2", "purge_shredded", "purge_deleted"]
REDUCED = [
    "retention_opened",
    "retention_traced",
    "retention_purged",
    "expired_keys_shredded",
    "replaced",
    "replaced#2",
]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with asking() as child:
        yield child


@pytest.fixture(scope="module")
def filled(ask: Ask, memory_root: Path) -> Path:
    """A home that holds everything."""
    return prepared(ask, make_template(memory_root), memory_root / "filled", ["crm1", "mail1", "crm2", "shop1"])


@pytest.fixture(scope="module")
def kept(ask: Ask, filled: Path, memory_root: Path) -> Path:
    """The same home after an undisturbed run; its steps are in `trace` beside it."""
    home = copied(filled, memory_root / "kept")
    succeed(ask, home, ["retain"], minutes=LATER, trace=str(home.parent / "trace"))
    return home


def told(hub: Hub) -> list[dict[str, Any]]:
    with hub.reading() as session:
        assert find_open(session) is None
        runs = all_runs(session)
        assert len(entries(session, action="retention.complete")) == len(runs)
    return [json.loads(run.certificate or "{}") for run in reversed(runs)]


def assert_as_undisturbed(home: Path, kept: Path) -> None:
    hub, other = open_home(home), open_home(kept)
    assert meaning(hub)["lake"] == meaning(other)["lake"]
    assert meaning(hub)["texts"] == meaning(other)["texts"] == []
    assert meaning(hub)["quarantine"] == []
    first, undisturbed = told(hub)[0], told(other)[0]
    for part in ("planned", "left", "held"):
        assert first[part] == undisturbed[part]
    assert {table: rows for table, rows in first["taken_out"].items() if rows} == undisturbed["taken_out"]
    assert_in_order(hub)


@pytest.mark.parametrize("step", REDUCED)
def test_a_killed_run_is_finished_by_the_next(step: str, ask: Ask, filled: Path, kept: Path, in_memory: Path) -> None:
    home = copied(filled, in_memory)
    kill(ask, home, ["retain"], step, minutes=LATER)
    succeed(ask, home, ["retain", "tidy"], minutes=LATER + 10, lake_hours=7)
    assert_as_undisturbed(home, kept)


def test_every_step_is_killed_in_some_case(kept: Path) -> None:
    steps = Counter((kept.parent / "trace").read_text().split())
    assert {step.partition("#")[0] for step in (*OWN_STEPS, *LAKE_STEPS)} == set(steps)


def test_something_of_every_kind_went(kept: Path) -> None:
    """Else the kills would prove nothing."""
    hub = open_home(kept)
    (done,) = told(hub)
    assert {"messages", "profiles"} <= done["taken_out"].keys()
    assert done["destroyed"] > 0
    assert done["left"] == {}
    assert meaning(hub)["lake"].get("contact_traces")
    assert not any(line.due for line in plan(hub, at=hub.clock()) if line.before)


@pytest.mark.skipif("VARDE_FULL_MATRIX" not in os.environ, reason="the full matrix is run by hand: see the docstring")
@pytest.mark.timeout(1800)
def test_every_occurrence_of_every_step(ask: Ask, filled: Path, kept: Path, in_memory: Path) -> None:
    steps = Counter((kept.parent / "trace").read_text().split())
    for step, times in steps.items():
        for number in range(1, times + 1):
            folder = in_memory / f"{step}-{number}"
            folder.mkdir()
            home = copied(filled, folder)
            kill(ask, home, ["retain"], f"{step}#{number}", minutes=LATER)
            succeed(ask, home, ["retain", "tidy"], minutes=LATER + 10, lake_hours=7)
            assert_as_undisturbed(home, kept)
