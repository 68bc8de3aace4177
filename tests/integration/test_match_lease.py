"""A rebuild that takes long keeps its lease, and says so when it was given up."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import polars as pl
import pytest

from hub.compose import Hub
from ingest.errors import RebuildBusy
from ingest.match.candidates import NO_BOUND
from ingest.match.engine import HERE
from ingest.match.keys import Alone
from ingest.match.spec import Comparison
from ingest.pipeline.rebuilding import rebuild
from ingest.pipeline.recovery import recover
from ingest.store.batch import LEASE, BatchState, in_state
from tests.builders import FixedClock
from tests.faults.ingest_company import owner_of
from tests.integration.test_match_rebuild import ORDER, breaking, rebuilt
from tests.integration.test_matching import deliver, matching
from tests.match_people import people


def test_a_rebuild_that_takes_long_keeps_its_lease(
    hub_factory: Callable[..., Hub], tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = people(12)
    hub = matching(hub_factory())
    deliver(hub, records, tmp_path / "in", "first")
    monkeypatch.setattr("ingest.pipeline.opening._AT_ONCE", 10)
    monkeypatch.setattr("ingest.pipeline.lease._BETWEEN", 0.01)
    plain = hub.ports(owner_of(hub).principal_id)
    assert plain.matching is not None
    opened: list[int] = []

    def slowly(done: int) -> None:
        opened.append(done)
        clock.forward(minutes=4)
        assert recover(plain).aborted == 0

    slow = replace(plain.matching, engine=_Slow(hub, clock))
    rebuild(ORDER, replace(plain, progress=slowly), slow)
    assert len(opened) > 2
    with hub.reading() as session:
        assert in_state(session, BatchState.ABORTED) == []


def test_a_rebuild_that_somebody_gave_up_says_so(
    hub_factory: Callable[..., Hub], tmp_path: Path, clock: FixedClock
) -> None:
    hub = matching(hub_factory())
    deliver(hub, people(5), tmp_path / "in", "first")

    def held_up(step: str) -> None:
        if step == "opening_audited":
            clock.forward(minutes=6)
            assert recover(hub.ports(owner_of(hub).principal_id)).aborted == 1

    with pytest.raises(RebuildBusy, match=r"was given up by another command; run `varde match rebuild` again"):
        rebuilt(replace(hub, reached=held_up))


def test_moves_of_a_rebuild_are_left_to_the_process_that_makes_them(
    hub_factory: Callable[..., Hub], tmp_path: Path, clock: FixedClock
) -> None:
    """Whoever starts meanwhile does not read everybody to do the same; once the lease has ended it finishes them."""
    hub = matching(hub_factory())
    deliver(hub, people(12), tmp_path / "in", "first")
    ports = hub.ports(owner_of(hub).principal_id)
    settled: list[int] = []

    def beside(step: str) -> None:
        if step == "rebuild_counts":
            settled.append(recover(ports).settled)
            with pytest.raises(RebuildBusy, match="another process"):
                rebuilt(hub)
        if step == "counts_swept":
            settled.append(recover(ports).settled)

    rebuilt(replace(hub, reached=beside))
    assert set(settled) == {0}
    with hub.reading() as session:
        assert in_state(session, BatchState.VISIBLE) == []


@pytest.mark.parametrize("minutes", [0, 6])
def test_who_is_killed_while_records_move_is_waited_for_as_long_as_its_lease_runs(
    minutes: int, hub_factory: Callable[..., Hub], tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = matching(hub_factory())
    deliver(hub, people(12), tmp_path / "in", "first")
    with monkeypatch.context() as killed:
        killed.setattr("ingest.pipeline.lease.Lease.let_go", lambda _: None)
        with pytest.raises(KeyboardInterrupt):
            rebuilt(replace(hub, reached=breaking("rebuild_counts")))
    clock.forward(minutes=minutes)
    assert recover(hub.ports(owner_of(hub).principal_id)).settled == (1 if minutes else 0)


class _Slow:
    """Takes twelve minutes to find who shares a key, and looks each four whether the rebuild is given up."""

    def __init__(self, hub: Hub, clock: FixedClock) -> None:
        self._hub = hub
        self._clock = clock

    def candidate_pairs(
        self, frame: pl.DataFrame, keys: Sequence[Sequence[str]], alone: Alone = NO_BOUND
    ) -> pl.DataFrame:
        for _ in range(3):
            self._clock.forward(minutes=4)
            until = monotonic() + 20
            while not self._is_renewed() and monotonic() < until:
                sleep(0.01)
            assert self._is_renewed()
        return HERE.candidate_pairs(frame, keys, alone)

    def levels_of(self, frame: pl.DataFrame, pairs: pl.DataFrame, comparisons: tuple[Comparison, ...]) -> pl.DataFrame:
        return HERE.levels_of(frame, pairs, comparisons)

    def _is_renewed(self) -> bool:
        with self._hub.reading() as session:
            (staged,) = in_state(session, BatchState.STAGED)
        return staged.lease_until == self._clock() + LEASE
