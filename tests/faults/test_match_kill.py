"""kill -9 at every step of taking in by a model and of a rebuild: then recovery and the same again, as if nothing was.

Killed in the middle of moves, each part of people stands as it stood or as it shall stand, never by halves.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.compose import Hub
from hub.settings import MODEL
from ingest.tables.match import MatchEdge, MatchForm, MatchFrequency
from tests.faults.ingest_company import NOON, Ticking, make_template, open_home
from tests.faults.ingest_killing import Ask, asking, copied, kill, prepared, succeed
from tests.faults.ingest_meaning import meaning, names_of
from tests.match_runs import carried_keys

pytestmark = pytest.mark.faults

LATER = 10  # minutes: the lease of the dead process has ended
BY_MODEL = {"matching": MODEL}
DELIVERED = ("match_forms_staged", "match_tokens_staged", "match_counts_staged", "opening_audited", "edges_settled")
REVISED = ("edges_dropped", "forms_dropped", "moves_settled")
REBUILT = ("rebuild_staged", "opening_audited", "forms_made", "edges_settled")
REBUILT_LATER = ("match_counts_staged", "rebuild_counts", "moves_settled", "counts_swept")
CASES = [
    *[("shop1", step) for step in (*DELIVERED, "moves_settled")],
    *[("renamed", step) for step in REVISED],
    *[("rebuild", step) for step in (*REBUILT, *REBUILT_LATER)],
]
OURS = {step.partition("#")[0] for _, step in CASES}


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with asking() as child:
        yield child


@pytest.fixture(scope="module")
def homes(ask: Ask, memory_root: Path) -> dict[str, Path]:
    """A home before each act, one taken in by exact rules before the rebuild; and what came of it, undisturbed."""
    root = memory_root / "matched"
    root.mkdir()
    template = make_template(root)
    found = {"rebuild": prepared(ask, template, root / "exact", ["crm1", "shop1", "twice"])}
    home = prepared(ask, template, root / "empty", [])
    succeed(ask, home, ["crm1"], **BY_MODEL)
    for name in ("shop1", "renamed"):
        found[name] = home
        home = copied(home, root / f"after-{name}")
        succeed(ask, home, [name], trace=str(root / f"{name}.trace"), **BY_MODEL)
        found[f"{name} done"] = home
    found["rebuild done"] = copied(found["rebuild"], root / "after-rebuild")
    succeed(ask, found["rebuild done"], ["rebuild"], trace=str(root / "rebuild.trace"), **BY_MODEL)
    return found | {"trace": root}


def matched(home: Path) -> Hub:
    hub = open_home(home, clock=Ticking(NOON + timedelta(minutes=3 * LATER)))
    return replace(hub, settings=replace(hub.settings, matching=MODEL))


def told(hub: Hub) -> dict[str, Any]:
    """Say what a home means, and what it is matched by, in terms that do not change with random ids."""
    names = names_of(hub)
    with hub.reading() as session:
        forms = [(names[row.record_id], row.revision) for row in session.execute(select(MatchForm)).scalars()]
        tokens = Counter(names[record] for _, record in carried_keys(session))
        edges = [
            (sorted((names[row.record_id], names[row.other_record])), round(row.probability, 9), row.closing)
            for row in session.execute(select(MatchEdge)).scalars()
        ]
        counts: Counter[str] = Counter()
        for row in session.execute(select(MatchFrequency)).scalars():
            counts[row.column_name] += row.record_count
    whole = {name: value for name, value in meaning(hub).items() if name != "batches"}
    return {**whole, "forms": sorted(forms), "tokens": tokens, "edges": sorted(edges), "counts": counts}


def parts_of(old: list[list[str]], new: list[list[str]]) -> Iterator[set[str]]:
    """Yield the names that hang together by either way of grouping."""
    left = [set(each) for each in (*old, *new)]
    while left:
        part = left.pop()
        while near := [each for each in left if each & part]:
            part = part.union(*near)
            left = [each for each in left if not each & part]
        yield part


def assert_no_part_by_halves(now: list[list[str]], old: list[list[str]], new: list[list[str]]) -> None:
    everybody = {name for entities in (now, old, new) for each in entities for name in each}
    told_of = [[*ways, *([name] for name in everybody.difference(*ways))] for ways in (now, old, new)]
    for part in parts_of(*told_of[1:]):
        inside = [sorted(each for each in entities if set(each) <= part) for entities in told_of]
        assert inside[0] in inside[1:]


@pytest.mark.parametrize(("name", "step"), CASES)
def test_killed_and_repeated_it_ends_as_if_nothing_had_been(
    name: str, step: str, ask: Ask, homes: dict[str, Path], in_memory: Path
) -> None:
    home = copied(homes[name], in_memory)
    kill(ask, home, [name], step, **BY_MODEL)
    expected = told(matched(homes[f"{name} done"]))
    entities = [meaning(matched(each))["entities"] for each in (home, homes[name])]
    assert_no_part_by_halves(*entities, expected["entities"])
    succeed(ask, home, ["tidy", name], minutes=LATER, **BY_MODEL)
    succeed(ask, home, ["tidy"], minutes=LATER, lake_hours=7, **BY_MODEL)
    assert told(matched(home)) == expected


def test_every_step_of_matching_is_killed_in_some_case(homes: dict[str, Path]) -> None:
    for name in ("shop1", "renamed", "rebuild"):
        reached = set((homes["trace"] / f"{name}.trace").read_text().split())
        mine = {step for step in reached if step.startswith(("match_", "edges_", "forms_", "moves_", "rebuild_"))}
        assert mine <= OURS, name
