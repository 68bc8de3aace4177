"""Clustering: one outcome whatever the order of rows, conflicting numbers never joined, the oldest survives."""

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from hub.database.unit import unit_of_work
from ingest.identity.clustering import Move, moves_of
from ingest.identity.comparable import comparable
from ingest.identity.exact import LOOK_UPS, NUMBERS, RULES, match_values
from ingest.store.identity import Cause, apply_moves, entity_of_record, moves_between, records_of_entity
from privacy.terms import EntityKind, PrincipalId
from tests.builders import NOON, Named, a_record, an_entity, an_id, name_all

INDEXES = {"record": pl.Binary, "field": pl.String, "token": pl.Binary}
MEMBERS = {"record": pl.Binary, "entity": pl.Binary, "created_us": pl.Int64}
Rows = Sequence[tuple[int, str, int]]
LINKS = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from(["number", "email_name", "phone_name", "email"]), st.integers(1, 3)),
    max_size=14,
    unique=True,
)
AGES = st.lists(st.integers(0, 2), min_size=6, max_size=6)


def cluster(links: Rows, ages: Sequence[int], order: Sequence[int] | None = None) -> tuple[dict[int, int], int]:
    """The entity of each of six records (entity n + 10 before), and how many joins were refused."""
    rows = [(an_id(record), field, an_id(100 + token)) for record, field, token in links]
    members = [(an_id(n), an_id(n + 10), ages[n - 1]) for n in range(1, 7)]
    if order is not None:
        rows = [rows[i] for i in order if i < len(rows)]
        members.reverse()
    frame = pl.DataFrame(rows, schema=INDEXES, orient="row")
    numbers = frame.filter(pl.col("field").is_in(NUMBERS))
    outcome = moves_of(frame, pl.DataFrame(members, schema=MEMBERS, orient="row"), numbers, RULES)
    home = {n: n + 10 for n in range(1, 7)}
    for move in outcome.moves:
        assert move.from_entity == an_id(home[int.from_bytes(move.record, "big")])
        home[int.from_bytes(move.record, "big")] = int.from_bytes(move.to_entity, "big")
    return home, outcome.refused


@given(links=LINKS, ages=AGES, order=st.permutations(range(14)))
def test_the_order_of_rows_changes_nothing(links: Rows, ages: list[int], order: list[int]) -> None:
    assert cluster(links, ages) == cluster(links, ages, order)


@given(links=LINKS, ages=AGES)
def test_no_cluster_holds_two_numbers_that_conflict(links: Rows, ages: list[int]) -> None:
    """Two records without a number in common are in one cluster only if others link their numbers."""
    home, _ = cluster(links, ages)
    numbers = {n: {token for record, field, token in links if record == n and field == "number"} for n in home}
    for entity in set(home.values()):
        groups = [numbers[n] for n in home if home[n] == entity and numbers[n]]
        while len(groups) > 1:
            touching = next((g for g in groups[1:] if not g.isdisjoint(groups[0])), None)
            assert touching is not None, "two numbers that nothing links"
            groups.remove(touching)
            groups[0] = groups[0] | touching


@given(links=LINKS, ages=AGES)
def test_the_oldest_survives_and_is_one_of_its_members(links: Rows, ages: list[int]) -> None:
    home, _ = cluster(links, ages)
    for entity in set(home.values()):
        parts = [n for n in home if home[n] == entity]
        assert entity == min((n + 10 for n in parts), key=lambda e: (ages[e - 11], e))


@given(links=LINKS, ages=AGES)
def test_without_conflicts_clusters_are_those_of_plain_search(links: Rows, ages: list[int]) -> None:
    free = [(record, field, token) for record, field, token in links if field != "number"]
    home, refused = cluster(free, ages)
    assert refused == 0
    naive = {n: {n} for n in home}
    for a, field, token in free:
        for b, other, same in free:
            if (field, token) == (other, same) and field in RULES and naive[a] is not naive[b]:
                naive[a] |= naive[b]
                for n in naive[a]:
                    naive[n] = naive[a]
    assert {n: {m for m in home if home[m] == home[n]} for n in home} == naive


def test_conflicting_national_ids_are_refused_whatever_else_agrees() -> None:
    links = [(1, "number", 1), (2, "number", 2), (1, "email_name", 3), (2, "email_name", 3)]
    home, refused = cluster(links, [0] * 6)
    assert (home[1], home[2], refused) == (11, 12, 1)


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
