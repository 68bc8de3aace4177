"""A rebuild matches everybody anew: it gives one partition however records came, and moves only what differs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations, count
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import text
from sqlmodel import Session
from typer.testing import CliRunner

from hub.cli.app import make_app
from hub.cli.launch import Invocation
from hub.compose import Hub
from hub.consents import Wish, find_subject, record_wish
from hub.erasing import erase
from hub.settings import EXACT
from hub.views.regrouped import StandingChange, standing_change
from ingest.errors import RebuildBusy
from ingest.match.evaluation import evaluate
from ingest.match.saved import SavedModel
from ingest.pipeline import partitioning
from ingest.pipeline.deciding import undo
from ingest.pipeline.part import Part, unlike
from ingest.pipeline.rebuilding import Order, Rebuilt, Rehearsed, rebuild, rehearse
from ingest.pipeline.recovery import recover
from ingest.store.match_decision import Verdict
from privacy.store.audit import entries
from privacy.terms import ActChannel, ConsentAct, PurposeId, Role
from tests.faults.ingest_company import owner_of
from tests.integration.test_match_decisions import record_of, say
from tests.integration.test_matching import KINDS, counts, deliver, entities, matching, together
from tests.match_people import people

ORDER = Order(role=Role.OWNER, country="NO")


def rebuilt(hub: Hub) -> Rebuilt:
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.matching is not None
    return rebuild(ORDER, ports, ports.matching)


def exactly(hub: Hub) -> Hub:
    return replace(hub, settings=replace(hub.settings, matching=EXACT))


@pytest.mark.parametrize("kind", KINDS)
def test_records_taken_in_by_exact_rules_take_part_afterwards(
    kind: str, hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    records = people(40)
    late = records.filter(pl.col("source") == "desk")
    hub = hub_factory(kind)
    deliver(exactly(hub), records.filter(pl.col("source") != "desk"), tmp_path / "in", "first")
    hub = matching(hub)
    before = records.filter(pl.col("source") != "desk")
    assert counts(hub)["match_form"] == 0
    homes = dict(entities(hub, before).select("record", "cluster").iter_rows())
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.matching is not None
    told = rehearse(ORDER, ports, ports.matching)
    assert (told.records, told.formed) == (before.height, before.height)
    assert dict(entities(hub, before).select("record", "cluster").iter_rows()) == homes
    assert counts(hub)["match_form"] == 0
    done = rebuilt(hub)
    assert (done.records, done.formed) == (before.height, before.height)
    assert done.moved == len(told.change.moves) > 0
    held = counts(hub)
    assert held["match_form"] == before.height
    assert held["match_edge"] > 0
    assert held["match_frequency"] > 0
    deliver(hub, late, tmp_path / "in", "late")
    found = evaluate(entities(hub, records), records.select("record", "entity"))
    assert min(found.pairwise.precision, found.pairwise.recall) > 0.9
    again = rebuilt(hub)
    assert (again.formed, again.records) == (0, records.height)
    held = counts(hub), together(hub, records)
    assert rebuilt(hub).moved == 0
    assert (counts(hub), together(hub, records)) == held
    assert undo(again.batch_id, Role.OWNER, ports) == again.moved
    with hub.reading() as session:
        told_of = [dict(entry.fields)["batch"] for _, entry in entries(session, action="match.rebuild")]
    assert told_of[-1] == done.batch_id


def rehearsed(hub: Hub) -> tuple[Rehearsed, StandingChange]:
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.matching is not None
    told = rehearse(ORDER, ports, ports.matching)
    with hub.reading() as session:
        return told, standing_change(session, hub.policy(), told.change.touched, at=hub.clock())


def pairs_of(clusters: set[frozenset[int]]) -> set[tuple[int, int]]:
    return {pair for each in clusters for pair in combinations(sorted(each), 2)}


def parted_from_another(hub: Hub, records: pl.DataFrame) -> int:
    """Name a record that exact rules left apart from another of its person."""
    apart = entities(hub, records).join(records.select("record", "entity"), on="record")
    pairs = apart.join(apart, on="entity").filter(
        (pl.col("record") < pl.col("record_right")) & (pl.col("cluster") != pl.col("cluster_right"))
    )
    return int(pairs["record"].min())


def objected(hub: Hub, records: pl.DataFrame, number: int) -> None:
    who = records.filter(pl.col("record") == number).row(0, named=True)
    wish = Wish(purpose=PurposeId("winback"), act=ConsentAct.OBJECTED, channel=ActChannel.PAGE)
    record_wish(hub, find_subject(hub, f"{who['source']}:{number}"), wish, owner_of(hub))


def test_a_dry_run_says_whose_standing_would_change_and_undo_gives_each_its_own_back(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    records = people(20)
    hub = hub_factory()
    deliver(exactly(hub), records, tmp_path / "in", "first")
    hub = matching(hub)
    apart = together(hub, records)
    one = parted_from_another(hub, records)
    objected(hub, records, one)
    told, noes = rehearsed(hub)
    assert told.change.moves
    assert noes.bound >= 1
    done = rebuilt(hub)
    merged = together(hub, records)
    assert merged != apart
    _, none = rehearsed(hub)
    assert none == StandingChange(0, 0)
    ports = hub.ports(owner_of(hub).principal_id)
    assert undo(done.batch_id, Role.OWNER, ports) > 0
    assert together(hub, records) == apart
    rebuilt(hub)
    assert not pairs_of(together(hub, records)) & (pairs_of(merged) - pairs_of(apart))


def test_what_people_decided_binds_a_rebuild(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    records = people(12)
    deliver(hub, records, tmp_path / "in", "first")
    one, other = sorted(max(together(hub, records), key=len))[:2]
    say(hub, (record_of(hub, records, one), record_of(hub, records, other)), Verdict.DIFFERENT)
    told = together(hub, records)
    rebuilt(hub)
    assert not any({one, other} <= each for each in together(hub, records))
    assert rebuilt(hub).moved == 0
    assert len(together(hub, records)) >= len(told)


@pytest.mark.parametrize("step", ["forms_made", "edges_settled", "rebuild_counts", "moves_settled", "counts_swept"])
def test_a_rebuild_that_breaks_off_is_repeated_to_the_same_end(
    step: str, hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    records = people(12)
    hub = hub_factory()
    deliver(exactly(hub), records, tmp_path / "in", "first")
    hub = matching(hub)
    with pytest.raises(KeyboardInterrupt):
        rebuilt(replace(hub, reached=breaking(step)))
    if step in {"rebuild_counts", "moves_settled"}:
        recover(hub.ports(owner_of(hub).principal_id))
        told = together(hub, records)
        assert rebuilt(hub).moved == 0
        assert together(hub, records) == told
    else:
        rebuilt(hub)
    held, told = counts(hub), together(hub, records)
    assert rebuilt(hub).moved == 0
    assert (counts(hub), together(hub, records)) == (held, told)


def test_one_rebuild_at_a_time(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    deliver(hub, people(5), tmp_path / "in", "first")

    def meanwhile(step: str) -> None:
        if step in {"edges_settled", "rebuild_staged"}:
            with pytest.raises(RebuildBusy, match="another process"):
                rebuilt(hub)

    rebuilt(replace(hub, reached=meanwhile))


def test_who_is_erased_or_revised_meanwhile_is_left_alone(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    records = people(12)
    hub = hub_factory()
    deliver(exactly(hub), records, tmp_path / "in", "first")
    hub = matching(hub)
    gone = records.row(0, named=True)
    subject = find_subject(hub, f"{gone['source']}:{gone['record']}")
    news = records.filter(pl.col("record") == records["record"].max()).with_columns(postcode=pl.lit("0150"))
    done = []

    def meanwhile(step: str) -> None:
        if step == "opening_audited" and not done:
            done.append(step)
            erase(hub, subject, owner_of(hub))
            deliver(hub, news, tmp_path / "in", "news")

    rebuilt(replace(hub, reached=meanwhile))
    with hub.reading() as session:
        for table, column in (("match_form", "record_id"), ("match_edge", "record_id"), ("match_edge", "other_record")):
            held = set(session.execute(text(f"SELECT {column} FROM {table}")).scalars())  # noqa: S608 - names of the test
            assert held.isdisjoint(subject.records)
        newest = record_of(hub, records, int(records["record"].max()))
        query = text("SELECT revision FROM match_form WHERE record_id = :record")
        assert list(session.execute(query, {"record": newest}).scalars()) == [2]


def test_nobody_waits_while_everybody_is_clustered_and_who_was_moved_meanwhile_is_looked_at_again(
    hub_factory: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = matching(hub_factory())
    records = people(20)
    deliver(exactly(hub), records, tmp_path / "in", "first")
    one, other = next(sorted(each)[:2] for each in together(hub, records) if len(each) > 1)
    pair = tuple(sorted(record_of(hub, records, number) for number in (one, other)))
    times, reading = count(), [0]

    @contextmanager
    def counted() -> Iterator[Session]:
        reading[0] += 1
        with hub.reading() as session:
            yield session
        reading[0] -= 1

    def clustered(part: Part, model: SavedModel) -> pl.DataFrame:
        assert reading == [0]
        if next(times) == 0:
            say(hub, (pair[0], pair[1]), Verdict.DIFFERENT)
        return unlike(part, model)

    monkeypatch.setattr(partitioning, "unlike", clustered)
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.matching is not None
    rebuild(ORDER, replace(ports, read_only=counted), ports.matching)
    assert next(times) > 1
    assert not any({one, other} <= each for each in together(hub, records))


def test_the_command_says_what_it_did(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    records = people(12)
    hub = hub_factory()
    deliver(exactly(hub), records, tmp_path / "in", "first")
    before = together(hub, records)

    def run(*words: str, how: str = "model") -> tuple[int, str]:
        environment = {"VARDE_HOME": str(hub.settings.home), "VARDE_MATCHING": how}
        result = CliRunner().invoke(make_app(), ["match", *words], obj=Invocation(environment=environment))
        return result.exit_code, result.output

    assert run("rebuild", how="exact")[0] != 0
    code, said = run("rebuild", "--dry-run")
    assert (code, "would change entity" in said, "Nothing was changed" in said) == (0, True, True)
    assert together(hub, records) == before
    code, said = run("rebuild")
    assert code == 0
    batch = said.partition("`varde match undo ")[2].partition("`")[0]
    assert run("undo", batch)[0] == 0
    assert together(hub, records) == before


def breaking(step: str) -> Callable[[str], None]:
    def reached(name: str) -> None:
        if name == step:
            raise KeyboardInterrupt

    return reached
