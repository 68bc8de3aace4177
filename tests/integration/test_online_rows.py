"""One customer's present features: read at once, fenced, audited, and the same answer for nobody and for a no."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

import pytest

from hub.accesses import accesses_of
from hub.authentication import Scope, acting_principal, add, authenticate
from hub.compose import Hub, open_hub
from hub.consents import Subject, Wish, record_wish
from hub.erasing import erase
from hub.errors import AccessRefused
from hub.views import online
from hub.views.access import View, Views
from hub.views.gateway import Gateway
from hub.views.intent import Reader
from hub.views.online import answer_all, attempts
from hub.views.registry import revoke
from privacy.store.audit import entries
from privacy.terms import ActChannel, ConsentAct, EntityId, PurposeId, RecordId, Role
from tests.builders import FixedClock
from tests.integration.test_gateway_fence import AS_OF, entity_of, merge, object_to, pseudonym, record_of, shop

__all__ = ["shop"]  # a fixture
VIEW, CHURN = "fence_person", "churn"


def view_of(hub: Hub) -> View:
    return Views(hub, acting_principal(hub))[VIEW]


@pytest.fixture
def kept(shop: Hub) -> Hub:
    view_of(shop).materialise(as_of=AS_OF)
    return shop


def of(hub: Hub, key: str) -> bytes:
    return pseudonym(hub, record_of(hub, key))


def orders(hub: Hub, sought: bytes) -> int | None:
    row = view_of(hub).row(sought, purpose=CHURN)
    return None if row is None else row.features["orders_365d"]


def lift_objection(hub: Hub, record: RecordId) -> None:
    wish = Wish(act=ConsentAct.OBJECTION_LIFTED, purpose=PurposeId(CHURN), channel=ActChannel.AGENT)
    record_wish(hub, Subject(records=(record,)), wish, acting_principal(hub))


def test_a_row_is_what_the_view_releases(kept: Hub) -> None:
    released = Gateway(kept).read(acting_principal(kept), VIEW, purpose=CHURN, as_of=AS_OF)
    assert released.frame.height == 5
    for expected in released.frame.iter_rows(named=True):
        row = view_of(kept).row(expected.pop("pseudonym"), purpose=CHURN)
        assert row is not None
        assert row.features == expected
        assert (row.as_of, row.expires_at) == (AS_OF, midnight_after(kept.clock()))


def test_a_no_is_honoured_without_making_the_snapshot_anew(kept: Hub) -> None:
    gone, record = of(kept, "c1"), record_of(kept, "c1")
    assert orders(kept, gone) == 1
    object_to(kept, record)
    assert orders(kept, gone) is None
    assert orders(kept, of(kept, "c2")) == 1


def test_an_act_between_decision_and_commit_is_found(kept: Hub) -> None:
    """The snapshot in memory is behind what the transaction sees: nobody is answered from it who changed."""
    sought = next(attempts(kept, Reader(principal=acting_principal(kept)), VIEW, of(kept, "c1"), purpose=CHURN))
    object_to(kept, record_of(kept, "c1"))
    hasty = online.Sought(who=sought.who, opened=sought.opened, pseudonym=sought.pseudonym, patient=False)
    with kept.unit_of_work() as session:
        (answer,) = answer_all(kept, session, [hasty])
    assert isinstance(answer, online.Behind)


def test_unknown_and_refused_and_erased_are_one_answer(kept: Hub) -> None:
    erased, refused = of(kept, "c1"), of(kept, "c2")
    erase(kept, Subject(records=(record_of(kept, "c1"),)), acting_principal(kept))
    object_to(kept, record_of(kept, "c2"))
    assert [view_of(kept).row(each, purpose=CHURN) for each in (erased, refused, b"?" * 16)] == [None] * 3
    with kept.reading() as session:
        told = [entry.fields for _, entry in entries(session, action="view.row")]
    assert [(each.rows, each.records) for each in told] == [(0, None)] * 3


def test_a_read_stands_in_the_log_and_the_person_is_told(kept: Hub) -> None:
    row = view_of(kept).row(of(kept, "c3"), purpose=CHURN)
    assert row is not None
    with kept.reading() as session:
        ((_, entry),) = entries(session, action="view.row")
    record = record_of(kept, "c3")
    assert (entry.fields.act_id, entry.fields.records, entry.fields.rows) == (row.act_id, (record,), 1)
    assert [(each.act, each.purpose, each.view) for each in accesses_of(kept, [record])] == [("view.row", CHURN, VIEW)]


@pytest.mark.parametrize("opened", ["before the merge", ""])
def test_whoever_joins_or_leaves_a_customer_voids_the_row(kept: Hub, opened: str) -> None:
    one, other = record_of(kept, "c1"), record_of(kept, "c2")
    first, second, home = of(kept, "c1"), of(kept, "c2"), entity_of(kept, one)
    if opened:
        assert [orders(kept, first), orders(kept, second)] == [1, 1]
    merge(kept, one, entity_of(kept, other))
    assert [orders(kept, first), orders(kept, second)] == [None, None], "they may hold another person's data"
    merge(kept, one, home)
    assert [orders(kept, first), orders(kept, second)] == [1, 1], "unmerged they are who they were"


def test_a_merge_with_somebody_who_objected_silences_both(kept: Hub) -> None:
    object_to(kept, record_of(kept, "c1"))
    sought = of(kept, "c2")
    merge(kept, record_of(kept, "c1"), entity_of(kept, record_of(kept, "c2")))
    assert orders(kept, sought) is None


def test_a_new_snapshot_is_served_by_whoever_had_the_old_one_open(kept: Hub) -> None:
    other = open_hub(kept.settings, clock=kept.clock)
    sought = of(kept, "c1")
    assert orders(other, sought) == 1
    view_of(kept).materialise(as_of=AS_OF - timedelta(days=30))
    row = view_of(other).row(sought, purpose=CHURN)
    assert row is not None
    assert row.as_of == AS_OF - timedelta(days=30)
    other.engine.dispose()
    other.keystore.engine.dispose()


def test_a_revoked_view_has_no_rows(kept: Hub) -> None:
    sought = of(kept, "c1")
    assert orders(kept, sought) == 1
    revoke(kept, VIEW, acting_principal(kept))
    view = View(VIEW, Gateway(kept), acting_principal(kept))
    with pytest.raises(AccessRefused, match="view_not_approved"):
        view.row(sought, purpose=CHURN)


def midnight_after(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def test_rows_expire_with_the_day_that_they_were_made_on(kept: Hub, clock: FixedClock) -> None:
    sought = of(kept, "c1")
    assert orders(kept, sought) == 1
    row = view_of(kept).row(sought, purpose=CHURN)
    assert row is not None
    assert row.expires_at == midnight_after(clock())
    clock.forward(days=1)
    with pytest.raises(AccessRefused, match="snapshot_expired"):
        orders(kept, sought)


@pytest.mark.parametrize(
    ("role", "purposes", "because"),
    [(Role.AGENT, "*", "role_may_not_read"), (Role.SERVICE, "winback", "credential_not_bound")],
)
def test_rows_are_for_whom_the_view_is_for(kept: Hub, role: Role, purposes: str, because: str) -> None:
    scope = Scope(role=role, purposes=frozenset({purposes}), views=frozenset({"*"}))
    _, token = add(kept, "reader", scope, acting_principal(kept))
    view = View(VIEW, Gateway(kept), authenticate(kept, token))
    with pytest.raises(AccessRefused, match=because):
        view.row(of(kept, "c1"), purpose=CHURN)


def test_figures_of_several_people_are_not_kept(shop: Hub) -> None:
    with pytest.raises(AccessRefused, match="figures_of_several"):
        Views(shop, acting_principal(shop))["fence_organisation"].materialise(as_of=AS_OF)
    with pytest.raises(AccessRefused, match="not_materialised"):
        orders(shop, b"?" * 16)


def test_after_any_acts_a_row_is_read_or_not_as_in_a_snapshot_opened_now(kept: Hub) -> None:
    """Acts by chance; what is brought on is what is opened from scratch."""
    rng = Random(11)  # noqa: S311 - to be repeatable
    records = [record_of(kept, f"c{number}") for number in range(1, 6)]
    homes = [entity_of(kept, record) for record in records]
    people = [of(kept, f"c{number}") for number in range(1, 6)]

    def move(number: int, home: EntityId) -> None:
        if entity_of(kept, records[number]) != home:
            merge(kept, records[number], home)

    acts: list[Callable[[int], None]] = [
        lambda n: object_to(kept, records[n]),
        lambda n: lift_objection(kept, records[n]),
        lambda n: move(n, rng.choice(homes)),
        lambda n: move(n, homes[n]),
    ]
    for _ in range(15):
        kept.clock.forward(minutes=1)
        rng.choice(acts)(rng.randrange(5))
        brought_on = [orders(kept, each) for each in people]
        fresh = open_hub(kept.settings, clock=kept.clock)
        assert brought_on == [orders(fresh, each) for each in people]
        fresh.engine.dispose()
        fresh.keystore.engine.dispose()
