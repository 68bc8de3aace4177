"""Unwrapped keys against the audit log: what agrees, what nobody told, and what a count is worth."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from hub.compose import open_hub
from hub.consents import find_subject
from hub.database.unit import reading, unit_of_work
from hub.keystore.unwraps import DOCUMENTS, FILES, GENERATION, UNNAMED, Unwraps
from hub.reconciliation import Period, Reconciliation, Strength, compared, reconcile
from hub.reveals.reveal import reveal
from ingest.pipeline.opening import open_documents
from ingest.store.record import sealed_revisions
from privacy.keys import NO_ACT, KeyKind
from privacy.store.unwrap import Unwrapped, keep_tally, kept_tally
from privacy.terms import KeyId
from tests.builders import NOON, FixedClock, a_key, an_id
from tests.reveal_builders import Company

RUN, ACT, OTHER = an_id(1), an_id(2), an_id(3)
RECORD = KeyKind.RECORD.value


def of(*tally: Unwrapped, opened: dict[bytes, int]) -> Reconciliation:
    return compared(tally, opened, strength=Strength.ADVISORY)


def test_what_an_act_said_and_what_was_counted_agree() -> None:
    found = of(Unwrapped(RUN, RECORD, ACT, 3), Unwrapped(RUN, FILES, UNNAMED, 9), opened={ACT: 3})
    assert found.is_clean
    assert (found.acts, found.opened, found.unwrapped, found.files, found.runs) == (1, 3, 3, 9, 1)


def test_more_than_an_act_said_is_a_finding_and_less_is_not() -> None:
    more = of(Unwrapped(RUN, RECORD, ACT, 5), opened={ACT: 3})
    assert (more.unaudited, more.is_clean) == (2, False)
    assert of(Unwrapped(RUN, RECORD, ACT, 1), opened={ACT: 3}).is_clean, "somebody was erased in between"


def test_two_runs_of_one_act_add_up() -> None:
    other = an_id(9)
    assert of(Unwrapped(RUN, RECORD, ACT, 2), Unwrapped(other, RECORD, ACT, 2), opened={ACT: 3}).unaudited == 1


def test_an_act_that_the_log_does_not_know_is_a_finding() -> None:
    assert of(Unwrapped(RUN, RECORD, OTHER, 2), opened={ACT: 3}).unaudited == 2


@pytest.mark.parametrize("kind", sorted(DOCUMENTS))
def test_a_document_opened_for_no_act_is_a_finding(kind: str) -> None:
    found = of(Unwrapped(RUN, kind, UNNAMED, 2), opened={})
    assert (found.without_act, found.is_clean) == (2, False)


def test_an_act_whose_count_never_came_is_told_and_is_no_finding() -> None:
    found = of(opened={ACT: 3, OTHER: 0})
    assert (found.uncounted, found.is_clean) == (1, True)


def test_counts_are_kept_once_whatever_is_repeated(control: Engine) -> None:
    unwraps = Unwraps()
    unwraps.count([a_key(1), a_key(2)], ACT)
    unwraps.count_generation()
    tally = unwraps.due()
    for _ in range(2):
        with unit_of_work(control) as session:
            keep_tally(session, tally, at=NOON)
    assert unwraps.due() == tally, "what was not acknowledged is due again"
    unwraps.kept(tally)
    assert unwraps.due() == []
    unwraps.count([a_key(3)], ACT)
    (risen,) = unwraps.due()
    assert risen.count == 3, "the whole sum"
    with unit_of_work(control) as session:
        keep_tally(session, [risen], at=NOON)
        keep_tally(session, tally, at=NOON)
        keep_tally(session, [], at=NOON)
    with reading(control) as session:
        assert {(each.kind, each.count) for each in kept_tally(session)} == {(RECORD, 3), (GENERATION, 1)}


def test_reveals_and_batches_are_accounted_for(here: Company) -> None:
    before = reconcile(here.hub)
    reveal(here.hub, here.success, here.ask(1))
    open_documents(find_subject(here.hub, "shop:k2").records, here.hub.ports(here.owner.principal_id))
    after = reconcile(here.hub)
    assert after.is_clean
    assert (after.acts - before.acts, after.unwrapped - before.unwrapped) == (2, 2)
    assert (after.strength, after.generations) == (Strength.ADVISORY, 1)


def test_the_count_of_a_reveal_is_kept_with_its_completion(here: Company) -> None:
    revealed = reveal(here.hub, here.success, here.ask(1))
    with here.hub.reading() as session:
        assert [each.count for each in kept_tally(session) if each.act_id == revealed.reveal_id] == [1]


def test_who_opens_without_the_log_is_found(here: Company) -> None:
    """A program that goes to the key store by itself, and one that names an act that nobody noted."""
    with here.hub.reading() as session:
        keys = [KeyId(key) for _, _, key, _ in sealed_revisions(session, find_subject(here.hub, "shop:k1").records)]
    here.hub.keystore.get(keys, act_id=NO_ACT)
    here.hub.keystore.get(keys, act_id=an_id(66))
    found = reconcile(here.hub)
    assert (found.without_act, found.unaudited, found.is_clean) == (1, 1, False)


def test_every_run_counts_for_itself(here: Company) -> None:
    reveal(here.hub, here.success, here.ask(1))
    again = open_hub(here.hub.settings, clock=here.hub.clock)
    assert again.keystore.unwraps.run_id != here.hub.keystore.unwraps.run_id
    reveal(again, here.success, here.ask(2))
    found = reconcile(again)
    assert found.is_clean
    assert found.runs >= 2
    with again.unit_of_work() as session:
        session.execute(text("DELETE FROM unwrap_tally"))
    assert reconcile(again).uncounted >= 1, "a count that was taken away is told"


def test_a_period_compares_the_acts_that_the_log_dates_within_it(here: Company, clock: FixedClock) -> None:
    began = clock()
    reveal(here.hub, here.success, here.ask(1))
    between = clock.forward(hours=3)
    reveal(here.hub, here.success, here.ask(2))
    reveal(here.hub, here.success, here.ask(3))
    early, late = reconcile(here.hub, Period(began, between)), reconcile(here.hub, Period(between))
    assert (early.acts, early.unwrapped, early.is_clean) == (1, 1, True)
    assert (late.acts, late.unwrapped, late.is_clean) == (2, 2, True)
    assert (early.spanning, late.spanning) == (1, 1), "this run worked in both: its generation keys are told in both"
    assert early.generations == late.generations == 2
    none = reconcile(here.hub, Period(None, began - timedelta(days=400)))
    assert (none.acts, none.unwrapped, none.generations, none.runs) == (0, 0, 0, 0)
    assert reconcile(here.hub).spanning == 0


def test_keys_without_an_act_are_told_in_the_period_of_their_run(here: Company, clock: FixedClock) -> None:
    with here.hub.reading() as session:
        keys = [KeyId(key) for _, _, key, _ in sealed_revisions(session, find_subject(here.hub, "shop:k1").records)]
    reconcile(here.hub)
    began = clock.forward(hours=1)
    here.hub.keystore.get(keys, act_id=NO_ACT)
    here.hub.keystore.get(keys, act_id=an_id(66))
    found = reconcile(here.hub, Period(began))
    assert (found.without_act, found.unaudited, found.is_clean) == (1, 1, False)
    clock.forward(hours=1)
    assert reconcile(here.hub, Period(None, began)).is_clean
    assert reconcile(here.hub, Period(clock())).is_clean


def test_a_count_of_nobody_knows_when_is_told_in_every_period() -> None:
    old = Unwrapped(RUN, GENERATION, UNNAMED, 2)
    for period in (Period(NOON), Period(None, NOON), Period(NOON, NOON)):
        assert period.meets(old)
        assert not period.holds(old)
    assert Period().holds(old)
