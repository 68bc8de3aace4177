"""The permitted set against the rule told record by record: merging never widens it, and time is part of it."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session

from hub.database.engine import engine_of
from hub.database.schema import upgrade
from hub.views.permission import PermittedSet, permitted_set
from ingest.identity.clustering import Move
from ingest.store.move import Cause, apply_moves
from privacy.consent import ConsentEvent, Head, axes_of
from privacy.decision import Permit, decide_part, standing_of
from privacy.purposes import Purpose
from privacy.store.consent import Act, append_acts, declare_grounds, heads_of
from privacy.store.erasure import intend_erasure
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, EntityKind, LegalBasis, PrincipalId, PurposeId
from tests.builders import NOON, Named, a_record, an_entity, an_id, name_all
from tests.privacy_builders import NOTICE, a_purpose
from tests.property.test_consent_store_properties import LATER, a_ground, acts, an_act, passing

PERSON = EntityKind.PERSON
BASES = st.sampled_from([LegalBasis.CONSENT, LegalBasis.LEGITIMATE_INTERESTS, LegalBasis.CONTRACT])
HOMES = st.tuples(*[st.integers(11, 13)] * 3)  # entities of the records 1, 2 and 3
SLOW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
SOURCES = {1: "crm", 2: "crm", 3: "erp"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = engine_of(f"sqlite:///{tmp_path_factory.mktemp('permission') / 'control.db'}")
    upgrade(engine, "control")
    yield engine
    engine.dispose()


def furnish(session: Session, homes: Sequence[int], history: Sequence[Act], basis: LegalBasis) -> None:
    name_all(session, [Named(n, home, SOURCES[n]) for n, home in enumerate(homes, start=1)])
    declare_grounds(session, [a_ground("crm", legal_basis=basis.value)])
    append_acts(session, history, recorded_at=LATER)


def permitted(found: PermittedSet) -> set[bytes]:
    return set(found.records["record"].to_list())


def plainly_permitted(session: Session, purpose: Purpose, homes: Sequence[int], hours: int) -> set[bytes]:
    """The rule of design section 3, invariant 9, one record at a time."""
    at, heads = NOON + timedelta(hours=hours), heads_of(session, [a_record(n) for n in SOURCES])
    standings = {
        n: standing_of(
            purpose,
            axes_of(heads.get((a_record(n), purpose.id), Head()), at=at),
            axes_of(heads.get((a_record(n), PurposeId(EVERY_PURPOSE)), Head()), at=at),
            ground_declared=source == "crm",
        )
        for n, source in SOURCES.items()
    }
    kin = {n: [standings[m] for m in SOURCES if m != n and homes[m - 1] == homes[n - 1]] for n in SOURCES}
    return {a_record(n) for n in SOURCES if decide_part(purpose, standings[n], kin[n]) == Permit()}


@SLOW
@given(homes=HOMES, history=st.lists(acts(), max_size=8), basis=BASES, hours=st.integers(5, 48))
def test_the_set_is_the_rule_record_by_record(
    engine: Engine, homes: tuple[int, ...], history: list[Act], basis: LegalBasis, hours: int
) -> None:
    purpose = a_purpose(legal_basis=basis)
    with passing(engine) as session:
        furnish(session, homes, history, basis)
        found = permitted_set(session, purpose, PERSON, at=NOON + timedelta(hours=hours))
        assert permitted(found) == plainly_permitted(session, purpose, homes, hours)
        seen = {homes[n - 1] for n in SOURCES if a_record(n) in permitted(found)}
        assert sum(found.absent.values()) == len(set(homes) - seen)


@SLOW
@given(history=st.lists(acts(), max_size=8), basis=BASES, moved=st.integers(1, 3), to=st.integers(11, 13))
def test_merging_never_widens_and_unmerging_is_the_identity(
    engine: Engine, history: list[Act], basis: LegalBasis, moved: int, to: int
) -> None:
    purpose, cause = a_purpose(legal_basis=basis), Cause(word="test", actor=PrincipalId(an_id(9)), at=NOON)
    with passing(engine) as session:
        furnish(session, range(11, 14), history, basis)
        apart = permitted_set(session, purpose, PERSON, at=LATER)
        origin = moved + 10
        there = Move(a_record(moved), an_entity(origin), an_entity(to))
        apply_moves(session, [there], cause)
        assert permitted(permitted_set(session, purpose, PERSON, at=LATER)) <= permitted(apart)
        apply_moves(session, [Move(a_record(moved), an_entity(to), an_entity(origin))], cause)
        again = permitted_set(session, purpose, PERSON, at=LATER)
        assert (permitted(again), again.absent, again.valid_until) == (
            permitted(apart),
            apart.absent,
            apart.valid_until,
        )


def a_yes(record: int, hours: int | None = None, notice: str | None = NOTICE) -> Act:
    until = None if hours is None else NOON + timedelta(hours=hours)
    return an_act(
        record,
        "winback",
        ConsentEvent(act=ConsentAct.GIVEN, at=NOON, channel=ActChannel.PAGE, notice_version=notice, until=until),
    )


@SLOW
@given(homes=HOMES, history=st.lists(acts(), max_size=8), basis=BASES, hours=st.integers(5, 48))
@example(homes=(11, 11, 12), history=[a_yes(1), a_yes(2, 20, "superseded")], basis=LegalBasis.CONSENT, hours=5)
def test_a_set_holds_until_the_instant_it_names(
    engine: Engine, homes: tuple[int, ...], history: list[Act], basis: LegalBasis, hours: int
) -> None:
    """A part that is not permitted can still silence the others on the day its own consent lapses."""
    purpose = a_purpose(legal_basis=basis)
    with passing(engine) as session:
        furnish(session, homes, history, basis)
        found = permitted_set(session, purpose, PERSON, at=NOON + timedelta(hours=hours))
        last = (found.valid_until or NOON + timedelta(days=400)) - timedelta(microseconds=1)
        assert last >= NOON + timedelta(hours=hours)
        assert permitted(permitted_set(session, purpose, PERSON, at=last)) == permitted(found)


def test_the_earliest_end_of_a_consent_in_the_set_is_told(engine: Engine) -> None:
    with passing(engine) as session:
        furnish(session, (11, 12, 13), [a_yes(1, 20), a_yes(2, 10), a_yes(3)], LegalBasis.CONSENT)
        found = permitted_set(session, a_purpose(), PERSON, at=NOON)
        assert found.valid_until == NOON + timedelta(hours=10)
        later = permitted_set(session, a_purpose(), PERSON, at=NOON + timedelta(hours=10))
        assert permitted(later) == {a_record(1), a_record(3)}
        assert (later.valid_until, later.absent) == (NOON + timedelta(hours=20), {"consent_expired": 1})


def test_an_erased_record_is_absent_at_once_and_said_so(control: Engine) -> None:
    with passing(control) as session:
        furnish(session, (11, 12, 12), [a_yes(1), a_yes(2), a_yes(3)], LegalBasis.CONSENT)
        assert len(permitted_set(session, a_purpose(), PERSON, at=NOON).records) == 3
        intend_erasure(session, an_id(70), [a_record(1), a_record(2)], by=PrincipalId(an_id(9)), at=NOON)
        found = permitted_set(session, a_purpose(), PERSON, at=NOON)
        assert permitted(found) == {a_record(3)}
        assert found.absent == {"erased": 1}


def test_some_entities_are_decided_as_in_the_whole(engine: Engine) -> None:
    with passing(engine) as session:
        furnish(session, (11, 12, 12), [a_yes(1), a_yes(2), a_yes(3)], LegalBasis.CONSENT)
        some = permitted_set(session, a_purpose(), PERSON, at=NOON, entities=pl.Series([an_id(12)], dtype=pl.Binary))
        assert permitted(some) == {a_record(2), a_record(3)}
        none = permitted_set(session, a_purpose(), PERSON, at=NOON, entities=pl.Series([], dtype=pl.Binary))
        assert none.records.is_empty()


def test_organisations_are_no_data_subjects(engine: Engine) -> None:
    with passing(engine) as session:
        name_all(session, [Named(1, 11), Named(2, 12)], EntityKind.ORGANISATION)
        intend_erasure(session, an_id(70), [a_record(2)], by=PrincipalId(an_id(9)), at=NOON)
        found = permitted_set(session, a_purpose(), EntityKind.ORGANISATION, at=NOON)
        assert (permitted(found), found.absent, found.valid_until) == ({a_record(1)}, {"erased": 1}, None)
        assert permitted_set(session, a_purpose(), PERSON, at=NOON).records.is_empty()
