"""Whose rows of an earlier release must be dropped: told to who holds it, and everything where nobody can be named."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hub.authentication import Scope, acting_principal, add, authenticate
from hub.compose import Hub, open_hub
from hub.consents import Subject
from hub.erasing import erase
from hub.errors import AccessRefused
from hub.views.gateway import Gateway, Released
from hub.views.recall import Recall, recall_of
from hub.views.remembered import permitted_now
from privacy.store.audit import entries
from privacy.store.principal import Principal
from privacy.terms import EntityKind, Role
from tests.builders import FixedClock
from tests.integration.test_gateway_fence import AS_OF, entity_of, merge, object_to, pseudonym, record_of, shop

__all__ = ["shop"]  # a fixture


def released(hub: Hub, grain: str = "person") -> Released:
    return Gateway(hub).read(acting_principal(hub), f"fence_{grain}", purpose="churn", as_of=AS_OF)


def recalled(hub: Hub, release: Released) -> Recall:
    return recall_of(hub, release.release_id, acting_principal(hub))


def test_nothing_is_recalled_while_nothing_happened(shop: Hub) -> None:
    release = released(shop)
    found = recalled(shop, release)
    assert (found.everything, found.pseudonyms, found.expires_at) == (False, (), release.expires_at)
    with shop.reading() as session:
        ((_, told),) = entries(session, action="view.recall")
    assert (told.fields.act_id, told.fields.outcome) == (release.release_id, "none")


def test_another_process_recalls_alike(shop: Hub) -> None:
    with closing_hub(shop) as other:
        with other.reading() as session:  # it remembers everybody without a number
            permitted_now(other, session, other.policy().purpose("churn"), EntityKind.PERSON, at=other.clock())
        release = released(shop)
        assert recalled(other, release).pseudonyms == ()


@contextmanager
def closing_hub(hub: Hub) -> Iterator[Hub]:
    other = open_hub(hub.settings, clock=hub.clock)
    yield other
    other.engine.dispose()
    other.keystore.engine.dispose()


def test_who_objects_is_recalled_from_releases_they_were_in(shop: Hub) -> None:
    before, gone = released(shop), pseudonym(shop, record_of(shop, "c1"))
    object_to(shop, record_of(shop, "c1"))
    assert recalled(shop, before).pseudonyms == (gone,)
    assert recalled(shop, released(shop)).pseudonyms == (), "who was not in a release is not named to its holder"


def test_whose_records_were_joined_is_recalled_by_the_names_they_had(shop: Hub) -> None:
    before, one, other = released(shop), record_of(shop, "c1"), record_of(shop, "c2")
    names = {pseudonym(shop, one), pseudonym(shop, other)}
    merge(shop, one, entity_of(shop, other))
    found = recalled(shop, before)
    assert (found.everything, set(found.pseudonyms)) == (False, names)


def test_whom_nobody_can_name_any_more_recalls_everything(shop: Hub) -> None:
    before = released(shop)
    erase(shop, Subject(records=(record_of(shop, "c1"),)), acting_principal(shop))
    assert recalled(shop, before).everything
    assert not recalled(shop, released(shop)).everything


def test_a_figure_of_several_is_recalled_as_a_whole(shop: Hub) -> None:
    before = released(shop, "organisation")
    assert not recalled(shop, before).everything
    object_to(shop, record_of(shop, "c3"))
    assert recalled(shop, before).everything


def test_an_expired_release_is_recalled_as_a_whole(shop: Hub, clock: FixedClock) -> None:
    before = released(shop)
    clock.forward(days=7)
    assert recalled(shop, before).everything


def somebody(hub: Hub, role: Role) -> Principal:
    scope = Scope(role=role, purposes=frozenset({"*"}), views=frozenset({"*"}))
    return authenticate(hub, add(hub, role, scope, acting_principal(hub))[1])


def test_recalls_are_told_to_who_holds_the_release_and_to_the_dpo(shop: Hub) -> None:
    release = released(shop).release_id
    assert recall_of(shop, release, somebody(shop, Role.DPO)).pseudonyms == ()
    other = somebody(shop, Role.SERVICE)
    for sought in (release, b"?" * 16):
        with pytest.raises(AccessRefused, match="release_not_yours"):
            recall_of(shop, sought, other)
