"""An entry is found under its own action and instant, or the log does not verify."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.audit import AuditFields, entry_bytes
from privacy.instant import microseconds_of
from privacy.store.audit_filing import Filing
from privacy.terms import PrincipalId
from privacy.verifier import ProofRejected

ACTIONS = st.from_regex(r"[a-z][a-z_.:-]{0,20}", fullmatch=True)
INSTANTS = st.datetimes(datetime(1960, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given by the strategy
ACTORS = st.binary(min_size=16, max_size=16)
Filed = tuple[bytes, str, int]


@st.composite
def filed(draw: st.DrawFn) -> Filed:
    action, at = draw(ACTIONS), draw(INSTANTS)
    actor = PrincipalId(draw(ACTORS))
    body = entry_bytes(action, at=at, actor=actor, fields=AuditFields(rows=1), salt=bytes(16))
    return body, action, microseconds_of(at)


def verify(*each: tuple[bytes | None, str | None, int | None], first: int = 0) -> None:
    bodies, actions, instants = zip(*each, strict=True)
    Filing().verify(first, bodies, actions, instants)


@given(st.lists(filed(), min_size=1, max_size=5))
def test_whatever_is_written_is_filed_under_its_own_columns(entries: list[Filed]) -> None:
    verify(*entries, (None, None, None))


@given(filed(), filed())
def test_another_action_or_instant_is_refused(one: Filed, other: Filed) -> None:
    (body, action, at), (_, another, later) = one, other
    for columns in ((another, at), (action, later)):
        if columns != (action, at):
            with pytest.raises(ProofRejected, match="entry 8 is filed"):
                verify(one, (body, *columns), first=7)


@given(filed(), st.sampled_from([None, "", 7, b"a", 'x","actor":"', "ACT"]))
def test_columns_of_another_kind_are_refused(one: Filed, odd: object) -> None:
    for columns in ((odd, one[2]), (one[1], f"{one[2]}0"), (one[1], None), (one[1], one[2] + 0.5)):
        with pytest.raises(ProofRejected):
            verify((one[0], *columns))  # whoever owns the file can put anything there


def test_an_actor_that_is_no_id_is_refused() -> None:
    body = b'{"action":"a","actor":"' + b"G" * 32 + b'","at":1,"fields":{}}'
    with pytest.raises(ProofRejected):
        verify((body, "a", 1))


def test_more_actors_than_are_remembered_are_taken() -> None:
    count = (1 << 16) + 2
    bodies = [b'{"action":"a","actor":"%032x","at":1,' % number for number in range(count)]
    Filing().verify(0, bodies, ["a"] * count, [1] * count)
