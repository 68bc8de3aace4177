"""Clustering: one outcome whatever the order of rows, conflicting numbers never joined, the oldest survives."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from hub.database.unit import unit_of_work
from ingest.identity.clustering import Move, moves_of
from ingest.identity.comparable import comparable
from ingest.identity.exact import LOOK_UPS, RULES, match_values
from ingest.store.identity import entity_of_record, records_of_entity
from ingest.store.move import Cause, apply_moves, moves_between
from privacy.terms import EntityKind, PrincipalId
from tests.builders import NOON, Named, a_record, an_entity, an_id, name_all

INDEXES = {"record": pl.Binary, "field": pl.String, "token": pl.Binary}
MEMBERS = {"record": pl.Binary, "entity": pl.Binary, "own_entity": pl.Binary, "own_created_us": pl.Int64}
PEOPLE = range(1, 7)
Row = tuple[int, str, int]
Clusters = set[frozenset[int]]
FIELDS = st.sampled_from(["number", "email_name", "phone_name", "email"])
LINKS = st.lists(st.tuples(st.integers(1, 6), FIELDS, st.integers(1, 3)), max_size=14, unique=True)
AGES = st.lists(st.integers(0, 2), min_size=6, max_size=6)
BIRTHS = {n: n + 10 for n in PEOPLE}
"""The entity that each of six records was named with."""


def cluster(links: Sequence[Row], ages: Sequence[int], homes: dict[int, int] = BIRTHS) -> tuple[dict[int, int], int]:
    """The entity of each of six records, given where they were before, and how many tokens were refused."""
    rows = [(an_id(record), field, an_id(100 + token)) for record, field, token in links]
    members = [(an_id(n), an_id(homes[n]), an_id(BIRTHS[n]), ages[n - 1]) for n in homes]
    frame = pl.DataFrame(rows, schema=INDEXES, orient="row")
    outcome = moves_of(frame, pl.DataFrame(members, schema=MEMBERS, orient="row"), RULES)
    after = dict(homes)
    for move in outcome.moves:
        record = int.from_bytes(move.record, "big")
        assert move.from_entity == an_id(after[record])
        assert move.from_entity != move.to_entity
        after[record] = int.from_bytes(move.to_entity, "big")
    return after, outcome.refused


def clusters_of(homes: dict[int, int]) -> Clusters:
    return {frozenset(n for n in homes if homes[n] == entity) for entity in homes.values()}


def naive_clusters(links: Sequence[Row]) -> Clusters:
    """The rules of `ingest.identity.clustering`, told by search: everything that is reachable, from everywhere."""
    numbers = {n: {token for record, field, token in links if (record, field) == (n, "number")} for n in PEOPLE}
    weak = {n: {(f, t) for record, f, t in links if record == n and f in {"email_name", "phone_name"}} for n in PEOPLE}
    numbered = {n for n in PEOPLE if numbers[n]}

    def reachable(start: int, among: set[int], tokens: dict[int, set[Any]]) -> set[int]:
        reached = {start}
        while more := {n for n in among - reached if any(tokens[n] & tokens[m] for m in reached)}:
            reached |= more
        return reached

    def numbered_cluster(n: int) -> frozenset[int]:
        same = reachable(n, numbered, numbers)
        if any(numbers[a].isdisjoint(numbers[b]) for a in same for b in same):
            return frozenset(m for m in same if numbers[m] == numbers[n])
        return frozenset(same)

    firm = {numbered_cluster(n) for n in numbered}
    loose = {frozenset(reachable(n, set(PEOPLE) - numbered, weak)) for n in set(PEOPLE) - numbered}
    clusters = {cluster: set(cluster) for cluster in firm}
    for each in loose:
        near = [cluster for cluster in firm if any(weak[n] & weak[m] for n in each for m in cluster)]
        if len(near) == 1:
            clusters[near[0]] |= each
        else:
            clusters[each] = set(each)
    return {frozenset(cluster) for cluster in clusters.values()}


@given(links=LINKS, ages=AGES)
def test_clusters_are_those_of_plain_search(links: list[Row], ages: list[int]) -> None:
    assert clusters_of(cluster(links, ages)[0]) == naive_clusters(links)


@given(links=LINKS, ages=AGES, order=st.permutations(range(14)), cuts=st.lists(st.integers(0, 14), max_size=4))
@example(  # 3 is joined with 1 at first; then 2 comes, and which of them it is cannot be told
    links=[(1, "number", 1), (1, "email_name", 1), (3, "email_name", 1), (2, "number", 2), (2, "email_name", 1)],
    ages=[0] * 6,
    order=list(range(14)),
    cuts=[3],
)
@example(  # 3 has two numbers: it links 1 with 2, who contradict one another
    links=[(1, "number", 1), (3, "number", 1), (2, "number", 2), (3, "number", 2)],
    ages=[0] * 6,
    order=list(range(14)),
    cuts=[2],
)
def test_neither_order_nor_grouping_of_what_arrives_matters(
    links: list[Row], ages: list[int], order: list[int], cuts: list[int]
) -> None:
    """What arrived is clustered after each of some deliveries, in any order: the same ids as all at once."""
    shuffled = [links[i] for i in order if i < len(links)]
    homes = dict(BIRTHS)
    for cut in [*sorted(cuts), len(shuffled)]:
        homes, _ = cluster(shuffled[:cut], ages, homes)
    assert homes == cluster(links, ages)[0]


@given(links=LINKS, ages=AGES)
def test_nobody_is_with_somebody_whose_number_contradicts(links: list[Row], ages: list[int]) -> None:
    home, _ = cluster(links, ages)
    numbers = {n: {token for record, field, token in links if (record, field) == (n, "number")} for n in home}
    for a in home:
        for b in home:
            if home[a] == home[b] and numbers[a] and numbers[b]:
                assert numbers[a] & numbers[b]


@given(links=LINKS, ages=AGES)
def test_a_cluster_goes_by_the_oldest_of_its_members(links: list[Row], ages: list[int]) -> None:
    home, _ = cluster(links, ages)
    for entity in set(home.values()):
        parts = [n for n in home if home[n] == entity]
        assert entity == min((n + 10 for n in parts), key=lambda e: (ages[e - 11], e))


@given(links=LINKS, ages=AGES)
def test_only_a_contradiction_refuses_a_token(links: list[Row], ages: list[int]) -> None:
    free = [(record, field, token) for record, field, token in links if field != "number"]
    assert cluster(free, ages)[1] == 0


def test_conflicting_national_ids_are_refused_whatever_else_agrees() -> None:
    links = [(1, "number", 1), (2, "number", 2), (1, "email_name", 3), (2, "email_name", 3)]
    home, refused = cluster(links, [0] * 6)
    assert (home[1], home[2], refused) == (11, 12, 1)


def test_who_was_joined_by_somebody_else_stays_together() -> None:
    """Records 1 and 2 share an entity, and no token says why: a person decided that. Record 3 joins them both."""
    merged = BIRTHS | {2: 11}
    assert cluster([], [0] * 6, merged)[0] == merged
    assert cluster([(2, "email_name", 1), (3, "email_name", 1)], [0] * 6, merged)[0] == merged | {3: 11}
    contradiction = [(1, "number", 1), (2, "number", 2)]
    assert cluster(contradiction, [0] * 6, merged)[0] == BIRTHS


def test_a_cluster_that_is_an_entity_already_keeps_its_id() -> None:
    elsewhere = BIRTHS | {1: 99, 2: 99}
    assert cluster([(1, "number", 1), (2, "number", 1)], [0] * 6, elsewhere)[0] == elsewhere


def test_moves_of_one_part_stay_together() -> None:
    links = [(1, "number", 1), (2, "number", 1), (3, "number", 2), (4, "number", 2), (5, "number", 2)]
    frame = pl.DataFrame([(an_id(r), f, an_id(100 + t)) for r, f, t in links], schema=INDEXES, orient="row")
    members = [(an_id(n), an_id(BIRTHS[n]), an_id(BIRTHS[n]), 0) for n in PEOPLE]
    outcome = moves_of(frame, pl.DataFrame(members, schema=MEMBERS, orient="row"), RULES)
    told = [({m.record for m in each.moves}, each.records) for each in outcome.regroupings]
    assert told == [
        ({an_id(2)}, {an_id(1), an_id(2)}),
        ({an_id(4), an_id(5)}, {an_id(3), an_id(4), an_id(5)}),
    ]


def people(*rows: dict[str, str | None]) -> pl.DataFrame:
    names = ("given_name", "family_name", "full_name", "email", "phone", "national_id")
    return pl.DataFrame(
        [{name: row.get(name) for name in names} for row in rows], schema=dict.fromkeys(names, pl.String)
    )


def fields_shared(left: dict[str, str | None], right: dict[str, str | None]) -> set[str]:
    values = match_values(comparable(people(left, right), kind=EntityKind.PERSON, country="NO"))
    shared = values.group_by("field", "value").len().filter(pl.col("len") > 1)
    return set(shared["field"].to_list()) & set(RULES)


ANNA = {"given_name": "Anna", "family_name": "Øst", "email": "post@ost.no", "phone": "+47 22 33 44 55"}


def test_an_email_or_a_phone_alone_joins_nobody() -> None:
    assert not set(RULES) & set(LOOK_UPS)
    assert fields_shared(ANNA, ANNA | {"given_name": "Per"}) == set()
    assert fields_shared(ANNA, {"email": ANNA["email"], "phone": ANNA["phone"]}) == set()


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"given_name": "ANNA"},
        {"given_name": "Øst", "family_name": "Anna"},
        {"given_name": None, "family_name": None, "full_name": "Anna Marie Ost"},
        {"given_name": "Anna Marie"},
    ],
)
def test_an_email_with_an_agreeing_name_joins(same: dict[str, str | None]) -> None:
    assert fields_shared(ANNA, {**ANNA, **same, "phone": None}) == {"email_name"}
    assert fields_shared(ANNA, {**ANNA, **same, "email": None}) == {"phone_name"}


CAUSE = Cause(word="test", actor=PrincipalId(an_id(9)), at=NOON)


def test_moves_are_noted_repeatable_and_reversible(control: Engine) -> None:
    there = Move(a_record(1), an_entity(11), an_entity(12))
    with unit_of_work(control) as session:
        name_all(session, [Named(1, 11), Named(2, 12)])
        apply_moves(session, [there], CAUSE)
        apply_moves(session, [there], CAUSE)
        apply_moves(session, [], CAUSE)
        assert entity_of_record(session, a_record(1)) == an_entity(12)
        assert set(records_of_entity(session, an_entity(12))) == {a_record(1), a_record(2)}
        (noted,) = moves_between(session, an_entity(12))
        assert (noted.record_id, noted.from_entity, noted.cause) == (a_record(1), an_entity(11), "test")
        revisions = dict(session.execute(text("SELECT entity_id, revision FROM entity")).all())
        assert set(revisions.values()) == {noted.revision}
        apply_moves(session, [Move(a_record(1), an_entity(12), an_entity(11))], CAUSE)
        assert entity_of_record(session, a_record(1)) == an_entity(11)
        assert entity_of_record(session, a_record(9)) is None
