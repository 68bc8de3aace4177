"""A new key version for a domain: other pseudonyms from one commit on, old ones led back for a while and then never."""

from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread

import polars as pl
import pytest

from hub.authentication import acting_principal
from hub.compose import Hub
from hub.doctor import examine
from hub.errors import AccessRefused
from hub.finding import State
from hub.home import make_home
from hub.keystore.named import versions_of
from hub.policy.pack import default_pack, pack_of
from hub.predictions.scores import TABLE, write_scores
from hub.predictions.store import TrainedModel
from hub.reveals.reveal import reveal
from hub.rotation.destruction import retire
from hub.rotation.domain import Window, rotate_domain
from hub.rotation.due import Need, old_keys
from hub.rotation.status import all_keys, warnings
from hub.views.gateway import PSEUDONYM, Gateway
from hub.views.registry import approve, submit
from ingest.canonical.catalogue import lake_table_of
from privacy.keys import KeyKind
from privacy.terms import DomainName
from tests.api.world import AS_OF
from tests.builders import NOON, FixedClock, a_key
from tests.integration.test_gateway_fence import AS_OF as FENCED_AT
from tests.integration.test_gateway_fence import shop as fenced
from tests.integration.test_scores_carry_revision import MODEL
from tests.reveal_builders import Company
from tests.shop import view_text
from tests.view_builders import WITHOUT_CHECK

__all__ = ["fenced"]
CHURN = DomainName("churn")
MONTH = Window(led_back=timedelta(days=30))


@pytest.fixture
def shop(here: Company) -> Company:
    submit(here.hub, view_text("shopping", "churn"), here.owner)
    approve(here.hub, "shopping", here.dpo, WITHOUT_CHECK)
    return here


def pseudonyms(shop: Company) -> set[bytes]:
    frame = Gateway(shop.hub).read(shop.success, "shopping", purpose="churn", as_of=AS_OF).frame
    return set(frame[PSEUDONYM])


def versions(shop: Company) -> list[int]:
    return [each.version for each in versions_of(shop.hub.keystore.engine, KeyKind.DOMAIN, CHURN)]


def test_releases_carry_new_pseudonyms_and_say_of_which_version(shop: Company) -> None:
    before, others = pseudonyms(shop), [shop.pseudonym(number, "service") for number in range(6)]
    done = rotate_domain(shop.hub, CHURN, shop.owner, MONTH)
    assert (done.version, done.old_until, done.needs_approval) == (2, NOON + timedelta(days=30), False)
    after = pseudonyms(shop)
    assert len(after) == len(before) == 6
    assert before.isdisjoint(after)
    assert [shop.pseudonym(number, "service") for number in range(6)] == others, "another purpose's pseudonyms stay"
    told = [(each["purpose"], each["domain_version"]) for each in shop.audited("view.release.intent")]
    assert told == [("churn", 2), ("churn", 1)]
    (act,) = shop.audited("keys.rotate_domain")
    assert (act["purpose"], act["domain_version"]) == ("churn", 2)


def test_an_old_pseudonym_leads_back_within_the_window_and_not_after(shop: Company, clock: FixedClock) -> None:
    old = shop.pseudonym(2)
    rotate_domain(shop.hub, CHURN, shop.owner, MONTH)
    clock.forward(days=29)
    assert retire(shop.hub, shop.dpo).destroyed == ()
    assert reveal(shop.hub, shop.success, shop.ask(2, pseudonym=old)).opened == 1
    clock.forward(days=1)
    with pytest.raises(AccessRefused, match="pseudonym_points_nowhere"):
        reveal(shop.hub, shop.success, shop.ask(2, pseudonym=old))
    (gone,) = retire(shop.hub, shop.dpo).destroyed
    assert (gone.name, gone.version) == (CHURN, 1)
    assert versions(shop) == [2]
    with pytest.raises(AccessRefused, match="pseudonym_points_nowhere"):
        reveal(shop.hub, shop.success, shop.ask(2, pseudonym=old))
    assert reveal(shop.hub, shop.success, shop.ask(2)).opened == 1
    assert len(pseudonyms(shop)) == 6


def test_scores_of_rows_that_left_before_a_rotation_are_written_back_within_the_window(
    fenced: Hub, clock: FixedClock
) -> None:
    owner = acting_principal(fenced)
    released = Gateway(fenced).read(owner, "fence_person", purpose="churn", as_of=FENCED_AT)
    empty = [pl.lit(None).alias(name) for name in lake_table_of(TABLE).schema]
    scores = released.frame.select(PSEUDONYM, *empty, as_of=pl.lit(FENCED_AT))
    rotate_domain(fenced, CHURN, owner, MONTH)
    model = TrainedModel(**MODEL)
    assert write_scores(fenced, owner, scores, released, model) == released.frame.height > 0
    clock.forward(days=30)
    assert write_scores(fenced, owner, scores, released, model) == 0


def test_retiring_is_told_before_and_after_and_says_which(shop: Company, clock: FixedClock) -> None:
    rotate_domain(shop.hub, CHURN, shop.owner, MONTH)
    clock.forward(days=30)
    (old,) = old_keys(shop.hub)
    retire(shop.hub, shop.dpo)
    (intent,), (complete,) = shop.audited("keys.retire.intent"), shop.audited("keys.retire.complete")
    assert intent["act_id"] == complete["act_id"]
    assert (intent["key"], intent["reason"], intent["purpose"], intent["domain_version"]) == (
        *(old.key_id, "domain"),
        *("churn", 1),
    )


def test_a_retired_version_does_not_come_back_with_the_next_policy(shop: Company, clock: FixedClock) -> None:
    rotate_domain(shop.hub, CHURN, shop.owner, MONTH)
    clock.forward(days=30)
    retire(shop.hub, shop.dpo)
    shop.apply(pack_of(default_pack()))
    make_home(shop.hub.settings, clock=clock)
    assert versions(shop) == [2]
    assert [each for each in examine(shop.hub.settings, clock=clock) if each.state is State.FAULT] == []


def test_backups_keep_an_old_version_beyond_its_window(shop: Company, clock: FixedClock) -> None:
    window = Window(led_back=timedelta(days=1), keep_until=clock() + timedelta(days=10))
    rotate_domain(shop.hub, CHURN, shop.owner, window)
    assert [each.needs for each in old_keys(shop.hub)] == [(Need.WINDOW, Need.BACKUP)]
    clock.forward(days=9)
    assert [(each.needs, each.until) for each in old_keys(shop.hub)] == [((Need.BACKUP,), window.keep_until)]
    assert retire(shop.hub, shop.dpo).destroyed == ()
    clock.forward(days=1)
    assert [each.version for each in retire(shop.hub, shop.dpo).destroyed] == [1]


def test_versions_whose_window_is_over_leave_the_record(shop: Company, clock: FixedClock) -> None:
    for _ in range(3):
        rotate_domain(shop.hub, CHURN, shop.owner, MONTH)
        clock.forward(days=20)
    assert [domain.version for domain in shop.hub.domains.live(CHURN, at=clock())] == [4, 3]
    assert [each.version for each in retire(shop.hub, shop.dpo).destroyed] == [1, 2]


def test_a_key_that_a_broken_rotation_left_is_taken_and_no_third_is_made(shop: Company) -> None:
    shop.hub.keystore.add_named(a_key(77, KeyKind.DOMAIN), CHURN, 2)
    assert old_keys(shop.hub) == []
    assert [each.state for each in all_keys(shop.hub) if each.name == CHURN] == ["current", "unused"]
    rotate_domain(shop.hub, CHURN, shop.owner, MONTH)
    assert shop.hub.domain(CHURN).version == 2
    assert versions(shop) == [1, 2]


def test_of_two_rotations_at_once_one_is_refused(shop: Company) -> None:
    def other(step: str) -> None:
        if step == "domain_key_made":
            rotate_domain(shop.hub, CHURN, shop.owner, MONTH)

    with pytest.raises(AccessRefused, match="domain_changed_meanwhile"):
        rotate_domain(replace(shop.hub, reached=other), CHURN, shop.owner, MONTH)
    assert shop.hub.domain(CHURN).version == 2
    assert versions(shop) == [1, 2]


def test_no_release_mixes_two_versions_while_the_key_is_rotated(shop: Company) -> None:
    every, done = [], Event()

    def reading() -> None:
        while not done.is_set():
            every.append(frozenset(pseudonyms(shop)))

    reader = Thread(target=reading)
    reader.start()
    try:
        for _ in range(3):
            seen = len(every)
            rotate_domain(shop.hub, CHURN, shop.owner, MONTH)
            while len(every) < seen + 2 and reader.is_alive():
                done.wait(0.01)
    finally:
        done.set()
        reader.join()
    kinds = set(every)
    assert 3 <= len(kinds) <= 4
    assert all(len(kind) == 6 for kind in kinds)
    assert sum(map(len, kinds)) == len(frozenset.union(*kinds)), "two kinds share no pseudonym"


def test_a_domain_without_a_purpose_and_a_window_without_bounds_are_refused(shop: Company) -> None:
    with pytest.raises(AccessRefused, match="domain_unknown"):
        rotate_domain(shop.hub, DomainName("sales"), shop.owner, MONTH)
    with pytest.raises(AccessRefused, match="window_out_of_bounds"):
        Window(led_back=timedelta(days=367))


def test_status_tells_age_and_when_a_domains_key_is_due(shop: Company, clock: FixedClock) -> None:
    due = {each.name: each.due for each in all_keys(shop.hub) if each.what == "domain"}
    assert due[CHURN] == NOON + timedelta(days=365)
    assert warnings(shop.hub, all_keys(shop.hub)) == []
    clock.forward(days=365)
    rotate_domain(shop.hub, CHURN, shop.owner, MONTH)
    shown = all_keys(shop.hub)
    said = warnings(shop.hub, shown)
    assert any("domain service version 1: due since 2026-06-01" in text for text in said)
    assert not any("domain churn" in text for text in said)
    (finding,) = [each for each in examine(shop.hub.settings, clock=clock) if each.check == "keys_due"]
    assert finding.state is State.WARNING
    assert [(each.version, each.state, each.age_days(clock())) for each in shown if each.name == CHURN] == [
        (1, "retiring", 365),
        (2, "current", 0),
    ]


def test_a_current_key_that_is_missing_is_warned_of(shop: Company) -> None:
    rotate_domain(shop.hub, CHURN, shop.owner, MONTH)
    (_, second) = versions_of(shop.hub.keystore.engine, KeyKind.DOMAIN, CHURN)
    shop.hub.keystore.shred([second.key_id])
    (said,) = warnings(shop.hub, all_keys(shop.hub))
    assert "domain churn" in said
    assert "restore" in said
