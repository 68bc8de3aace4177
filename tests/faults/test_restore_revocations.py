"""What was taken away after a backup is taken away again when it is restored: credentials, links, approvals."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from hub.authentication import Scope, add, authenticate, withdraw
from hub.backup.restoring import Work, finish, restore
from hub.backup.saving import Places, save
from hub.compose import Hub, open_hub
from hub.consents import Wish
from hub.errors import AccessRefused, NotAuthenticated
from hub.home import Stores, put_policy_in_force
from hub.policy.pack import default_pack, pack_of
from hub.settings import Settings
from hub.subject_tokens import authenticate_subject, issue
from hub.subject_tokens import revoke as revoke_links
from hub.suppression.opt_out import note_opt_out
from hub.views.gateway import Gateway
from hub.views.registry import revoke as revoke_view
from privacy.store.subject_token import SubjectScope, SubjectToken
from privacy.store.suppression import live_entries
from privacy.suppression import EntryKind
from privacy.terms import ActChannel, ConsentAct, PurposeId, Role
from tests.builders import FixedClock
from tests.conftest import HubFactory
from tests.recipient_builders import AS_OF, Shop, shop_in

pytestmark = pytest.mark.faults
EVERYTHING = frozenset({"*"})


class Place:
    """A home with an approved view, a backup of it, and what came after."""

    def __init__(self, shop: Shop, folder: Path, clock: FixedClock) -> None:
        self.shop, self.folder, self.clock = shop, folder, clock
        self.home = shop.hub.settings.home
        hub = shop.hub
        scope = Scope(role=Role.SCIENTIST, purposes=EVERYTHING, views=EVERYTHING)
        self.reader, self.token = add(hub, "reader", scope, shop.owner)
        self.other, self.others = add(hub, "other", scope, shop.owner)
        record = shop.who(1).records[0]
        opens = SubjectToken(
            record_id=record,
            scope=SubjectScope.OPT_OUT,
            purposes=EVERYTHING,
            expires_at=clock() + timedelta(days=9),
        )
        self.link = issue(hub, opens, shop.owner)
        self.places = Places(
            home=folder / "saved", keystore=folder / "saved-keys", generations=folder / "saved-generations"
        )
        save(hub, self.places)
        clock.forward(hours=1)

    def restored(self) -> Hub:
        """Lose the control database and the lake; bring the backup back."""
        for engine in (self.shop.hub.engine, self.shop.hub.keystore.engine):
            engine.dispose()
        (self.home / "control.db").unlink()
        for rest in ("control.db-wal", "control.db-shm"):
            (self.home / rest).unlink(missing_ok=True)
        shutil.rmtree(self.home / "lake")
        self.done = restore(self.settings, self.places, Work(clock=self.clock))
        return open_hub(self.settings, clock=self.clock)

    @property
    def settings(self) -> Settings:
        return Settings.load({}, self.home)


@pytest.fixture
def place(hub_factory: HubFactory, tmp_path: Path, clock: FixedClock) -> Place:
    return Place(shop_in(hub_factory("sqlite"), tmp_path, people=2), tmp_path, clock)


def test_credentials_and_links_that_were_revoked_stay_revoked(place: Place) -> None:
    shop = place.shop
    withdraw(shop.hub, place.reader.principal_id, shop.owner)
    revoke_links(shop.hub, shop.who(1), shop.owner)
    hub = place.restored()
    assert (place.done.credentials, place.done.views, place.done.policies) == (1, 0, 0)
    with pytest.raises(NotAuthenticated):
        authenticate(hub, place.token)
    with hub.reading() as session, pytest.raises(NotAuthenticated):
        authenticate_subject(hub, session, place.link)
    other = authenticate(hub, place.others)
    assert Gateway(hub).read(other, "fence", purpose="churn", as_of=AS_OF).frame.height == 2


def test_a_view_that_was_revoked_is_read_by_nobody(place: Place) -> None:
    revoke_view(place.shop.hub, "fence", place.shop.dpo)
    hub = place.restored()
    assert place.done.views == 1
    with pytest.raises(AccessRefused, match="view_not_approved"):
        Gateway(hub).read(authenticate(hub, place.others), "fence", purpose="churn", as_of=AS_OF)


def test_under_a_policy_that_is_lost_no_view_is_read_until_it_is_applied_again(place: Place) -> None:
    hub, pack = place.shop.hub, pack_of(default_pack().replace("retention_days: 90", "retention_days: 80"))
    for purpose in pack["purposes"].values():
        purpose["version"] = purpose.get("version", 1) + 1
    stores = Stores(hub.engine, hub.keystore)
    put_policy_in_force(stores, pack, by=place.shop.owner.principal_id, at=place.clock)
    hub.ledger.ship()
    hub = place.restored()
    assert (place.done.policies, place.done.views) == (1, 1)
    with pytest.raises(AccessRefused, match="view_not_approved"):
        Gateway(hub).read(authenticate(hub, place.others), "fence", purpose="churn", as_of=AS_OF)


def test_a_no_that_waits_for_somebody_may_be_the_last_thing_before_the_loss(place: Place) -> None:
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
    note_opt_out(place.shop.hub, "email:nobody@here.example", wish, place.shop.owner)
    hub = place.restored()
    with hub.reading() as session:
        assert live_entries(session, {EntryKind.OPT_OUT}).height == 1
    again = finish(place.settings, Work(clock=place.clock))
    assert (again.credentials, again.views) == (0, 0)
