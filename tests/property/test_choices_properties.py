"""Choices made together are choices made one after the other: the same answers, ledger, heads and audit entries."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from hub.authentication import acting_principal
from hub.choices import Asked, Choice, Wanted, choose_all
from hub.compose import Hub
from hub.subject_tokens import issue
from ingest.store.identity import records_beside
from privacy.store.audit import entries
from privacy.store.consent import heads_of, history_of
from privacy.store.subject_token import SubjectScope, SubjectToken
from privacy.terms import PurposeId, RecordId
from tests.builders import FixedClock
from tests.integration.test_gateway_fence import entity_of, merge, record_of, shop

__all__ = ["shop"]
NOTICE = "privacy-2025-01"
CUSTOMERS = ("c1", "c2", "c3")


class Ticking(FixedClock):
    """Moves on by a millisecond each time it is looked at: nobody acts twice at one instant."""

    def __call__(self) -> Any:
        return self.forward(milliseconds=1)


class Undone(Exception):
    """Rolls a transaction back."""


choices = st.builds(
    Choice,
    purpose=st.sampled_from(["churn", "winback", "service", "*", "nothing_of_ours"]).map(PurposeId),
    wanted=st.sampled_from(Wanted),
    notice=st.sampled_from([None, NOTICE, "privacy-2019-01"]),
)
asked = st.lists(
    st.tuples(st.integers(0, 5), st.lists(choices, min_size=1, max_size=3).map(tuple)), min_size=1, max_size=6
)


@pytest.fixture
def tokens(shop: Hub) -> tuple[Hub, list[str]]:
    """Three customers, one of them of two records, each with a token that opts out and one that also gives."""
    merge(shop, record_of(shop, "c4"), entity_of(shop, record_of(shop, "c3")))
    owner = acting_principal(shop)
    made = []
    for customer in CUSTOMERS:
        for scope in (SubjectScope.OPT_OUT, SubjectScope.CHOICES):
            opens = SubjectToken(
                record_id=record_of(shop, customer),
                scope=scope,
                purposes=frozenset({"*"}),
                expires_at=shop.clock() + timedelta(days=1),
            )
            made.append(issue(shop, opens, owner))
    return shop, made


def world_of(hub: Hub, session: Session) -> tuple[Any, ...]:
    """All that choices leave behind, without ids and instants."""
    records = [RecordId(r) for c in CUSTOMERS for r in sorted(records_beside(session, record_of(hub, c)))]
    acts = [(act.record_id, act.purpose, act.event.act, act.event.channel) for act in history_of(session, records)]
    stand = heads_of(session, records)
    heads = {place: (head.standing_mark and head.standing_mark.act, head.objected) for place, head in stand.items()}
    fields = [(entry.action, entry.actor, entry.fields) for _, entry in entries(session, action="consent.")]
    told = [(action, actor, each.records, each.purpose, each.act) for action, actor, each in fields]
    return acts, heads, told


def plain(answer: Any) -> Any:
    """An answer without ids and epochs; of a refusal its class and words."""
    if isinstance(answer, Exception):
        return type(answer), str(answer)
    return [(one.recorded, one.stopped, one.continues) for one in answer]


def tried(hub: Hub, groups: Sequence[Sequence[Asked]]) -> tuple[list[Any], tuple[Any, ...]]:
    """Do groups one after the other in one transaction that is taken back; return answers and what they left."""
    answers: list[Any] = []
    left: tuple[Any, ...] = ()
    try:
        with hub.unit_of_work() as session:
            for group in groups:
                answers += choose_all(hub, session, group)
            left = world_of(hub, session)
            raise Undone  # noqa: TRY301 - what takes the transaction back
    except Undone:
        pass
    return [plain(each) for each in answers], left


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(wants=asked)
def test_a_group_is_its_members_one_after_the_other(tokens: tuple[Hub, list[str]], wants: list[Any]) -> None:
    hub, held = tokens
    object.__setattr__(hub, "clock", Ticking())
    items = [Asked(token=held[who], choices=chosen) for who, chosen in wants]
    together, left = tried(hub, [items])
    alone, left_alone = tried(hub, [[item] for item in items])
    assert together == alone
    assert left == left_alone


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(chosen=st.lists(choices, min_size=1, max_size=4).map(tuple))
def test_several_choices_at_once_are_each_in_turn_or_none(
    tokens: tuple[Hub, list[str]], chosen: tuple[Choice, ...]
) -> None:
    hub, held = tokens
    object.__setattr__(hub, "clock", Ticking())
    (bulk,), left = tried(hub, [[Asked(token=held[1], choices=chosen)]])
    singles, left_singles = tried(hub, [[Asked(token=held[1], choices=(one,))] for one in chosen])
    if all(isinstance(each, list) for each in singles):
        assert bulk == [part for each in singles for part in each]
        assert left == left_singles
    else:
        assert bulk == next(each for each in singles if not isinstance(each, list)), "the first refusal"
        assert left == tried(hub, [])[1], "and nothing was written"
