"""Deliveries that settle at once, and words that are said meanwhile: nobody's plan forgets what another wrote."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from hub.compose import Hub
from ingest.pipeline import resolving, settle
from ingest.pipeline.comparing import Compared
from ingest.pipeline.edging import write_edges
from ingest.pipeline.ports import Ports
from ingest.store.batch import BatchState, in_state
from ingest.store.match_decision import Verdict
from ingest.store.match_edge import find_edge, put_edges
from ingest.store.match_form import forms_of
from ingest.store.record import find_records
from privacy.store.bulk import Columns, Same
from privacy.terms import BatchId
from tests.faults.ingest_company import owner_of
from tests.integration.test_match_decisions import record_of, say
from tests.integration.test_match_rebuild import rebuilt
from tests.integration.test_matching import KINDS, deliver, matching, together

Likely = Mapping[tuple[int, int], float]
SOURCES = {0: "crm", 1: "shop", 2: "shop", 3: "desk"}
HEAD = ("record", "source", "given_name", "family_name", "birth_date", "email", "phone", "street", "postcode")
CLOSE: Likely = {(0, 1): 0.95, (1, 2): 0.3, (0, 2): 0.6, (0, 3): 0.9, (1, 3): 0.9, (2, 3): 0.8}
"""The mean of 2 with the others is enough only if every pair is known: .57, beside a threshold of .46."""


def somebody(number: int, *, street: str = "Storgata 1") -> pl.DataFrame:
    """Return a record that no model would find like another of these."""
    names = (f"Given{'abcd'[number]}", f"Family{'klmn'[number]}", f"19{number}0-01-0{number + 1}")
    row = (number, SOURCES[number], *names, f"{number}@example.no", f"4123456{number}", street, f"{number}150")
    return pl.DataFrame([row], schema=list(HEAD), orient="row").with_columns(entity=number, country=pl.lit("NO"))


def everybody() -> pl.DataFrame:
    return pl.concat([somebody(number) for number in SOURCES])


def told_by(likely: Likely, hub: Hub) -> type:
    """Return what compares a batch's records as some pairs say, with whoever counts."""

    class Told:
        def __init__(self, _batch: BatchId, ports: Ports, _remembered: object) -> None:
            assert ports.matching is not None
            self._names = ports.matching.model.model.names

        def run(self, touched: pl.DataFrame) -> Compared:
            there, mine = counted(hub), set(touched["record"])
            ends = ((sorted((there.get(a, b""), there.get(b, b""))), known) for (a, b), known in likely.items())
            rows = [(*pair, known) for pair, known in ends if pair[0] and not mine.isdisjoint(pair)]
            schema = {"record": pl.Binary, "other": pl.Binary, "probability": pl.Float64}
            numbers = {f"weight_{name}": 0.0 for name in (*self._names, "look_alikes")} | {"weight": 1.0}
            levels = (pl.lit(-1, dtype=pl.Int8).alias(f"level_{name}") for name in self._names)
            edges = pl.DataFrame(rows, schema=schema, orient="row").sort("record", "other").with_columns(*levels)
            edges = edges.with_columns(pl.lit(value).alias(name) for name, value in numbers.items())
            return Compared(edges.with_columns(rule=pl.lit(""), closing=pl.lit(value=False)), touched["record"])

    return Told


def counted(hub: Hub) -> dict[int, bytes]:
    """Return the records that count already."""
    keys = {number: hub.indexes().source_key(source).token_of(str(number)) for number, source in SOURCES.items()}
    with hub.reading() as session:
        there = find_records(session, list(keys.values()))
        forms = set(forms_of(session, sorted(there.values()))["record"])
    return {number: there[key] for number, key in keys.items() if there.get(key) in forms}


def broken_off_when_it_counts(hub: Hub, records: pl.DataFrame, folder: Path) -> BatchId:
    """Let a delivery count, and its process die before it settles."""

    def dying(step: str) -> None:
        if step == "flipped":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver(replace(hub, reached=dying), records, folder, "dying")
    with hub.reading() as session:
        (dead,) = in_state(session, BatchState.VISIBLE)
    return BatchId(dead.batch_id)


def meanwhile(act: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Let something happen once, between a plan and the writing of its edges."""
    done: list[object] = []

    def between(*planned: object) -> bool:
        if not done:
            done.append(None)
            done[0] = act()
        return write_edges(*planned)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(settle, "write_edges", between)
    return done


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_deliveries_that_settle_at_once_each_knows_the_others_edges(
    kind: str, hub_factory: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that is settled first moved nobody: its edges alone say that the other has to plan again."""
    hub = matching(hub_factory(kind))
    monkeypatch.setattr(resolving, "Comparing", told_by({(0, 1): 0.95, (1, 2): 0.3}, hub))
    deliver(hub, everybody().filter(pl.col("record") < 3), tmp_path / "in", "first")
    monkeypatch.setattr(resolving, "Comparing", told_by(CLOSE, hub))
    revised = broken_off_when_it_counts(hub, somebody(0, street="Ny vei 3"), tmp_path / "in")
    ports = hub.ports(owner_of(hub).principal_id)
    moved = meanwhile(lambda: settle.settle(revised, ports), monkeypatch)
    deliver(hub, somebody(3), tmp_path / "in", "beside")
    assert moved == [0]
    assert together(hub, everybody()) == {frozenset({0, 1, 2, 3})}


@pytest.mark.parametrize("kind", KINDS)
def test_a_word_that_is_said_while_a_delivery_settles_holds(
    kind: str, hub_factory: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever says it of two who are apart moves nobody: the word alone says that the plan does not hold."""
    hub = matching(hub_factory(kind))
    monkeypatch.setattr(resolving, "Comparing", told_by(CLOSE, hub))
    deliver(hub, somebody(0), tmp_path / "in", "first")
    both = pl.concat([somebody(0), somebody(1)])

    def parted() -> int:
        return say(hub, (record_of(hub, both, 0), record_of(hub, both, 1)), Verdict.DIFFERENT)

    said = meanwhile(parted, monkeypatch)
    deliver(hub, somebody(1), tmp_path / "in", "second")
    assert said == [0]
    assert together(hub, both) == {frozenset({0}), frozenset({1})}


@pytest.mark.parametrize("came", [[], [3]])
def test_what_two_have_by_somebody_who_came_meanwhile_outlives_a_rebuild(
    came: list[int], hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    """A rebuild that began before compares none of its neighbours, and cannot know whose the edge is."""
    hub = matching(hub_factory())
    deliver(hub, everybody().filter(pl.col("record") < 3), tmp_path / "in", "first")
    pair = tuple(sorted(counted(hub)[number] for number in (0, 1)))
    done: list[str] = []

    def coming(step: str) -> None:
        if step == "opening_audited" and not done:
            done.append(step)
            for number in came:
                deliver(hub, somebody(number), tmp_path / "in", "beside")
            with hub.unit_of_work() as session:
                put_edges(session, closing_edge(*pair))

    rebuilt(replace(hub, reached=coming))
    with hub.reading() as session:
        assert (find_edge(session, *pair) is not None) == bool(came)


def closing_edge(one: bytes, other: bytes) -> Columns:
    told = {"probability": 0.2, "weight": -2.0, "rule": "", "closing": True}
    return {
        "record_id": [one],
        "other_record": [other],
        **{name: Same(value) for name, value in told.items()},
        "levels": [b""],
        "weights": [b""],
        "model": [b"m" * 32],
    }
