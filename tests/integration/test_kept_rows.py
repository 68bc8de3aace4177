"""All kept rows of a view at once: what the read at that instant gave, less whoever has left since, and audited."""

from datetime import timedelta
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.accesses import accesses_of
from hub.authentication import Scope, acting_principal, add, authenticate
from hub.compose import Hub, open_hub
from hub.errors import AccessRefused, ReadContended
from hub.views import kept as kept_module
from hub.views.gateway import Gateway, Released
from hub.views.intent import Reader, open_releases
from hub.views.kept import CHANGED, read_kept, release_kept
from hub.views.piecemeal import Piecemeal, Standing, bounds_of, digest_of_all
from hub.views.recall import recall_of
from hub.views.registry import revoke
from hub.views.shelf import Shelf
from privacy.store.audit import entries
from privacy.terms import Role
from tests.builders import FixedClock
from tests.integration.test_gateway_fence import AS_OF, entity_of, merge, object_to, record_of, shop
from tests.integration.test_online_rows import lift_objection, of, orders, view_of

__all__ = ["shop"]  # a fixture
VIEW, CHURN = "fence_person", "churn"


@pytest.fixture
def kept(shop: Hub) -> Hub:
    view_of(shop).materialise(as_of=AS_OF)
    return shop


def read(hub: Hub) -> Released:
    return read_kept(hub, Reader(principal=acting_principal(hub)), VIEW, purpose=CHURN)


def test_all_rows_are_what_the_read_at_their_instant_gave(kept: Hub, clock: FixedClock) -> None:
    made_at = clock()
    whole = Gateway(kept).read(acting_principal(kept), VIEW, purpose=CHURN, as_of=AS_OF)
    clock.forward(minutes=5)
    found = read(kept)
    assert found.frame.equals(whole.frame)
    assert found.frame.schema == whole.frame.schema
    assert found.expires_at == made_at + timedelta(days=7), "they may be used as long as a read of then"
    with kept.reading() as session:
        assert not open_releases(session)
        ((_, done),) = entries(session, action="view.release.complete", limit=1)
        (_, intent), *_ = entries(session, action="view.release.intent", limit=1)
    left = digest_of_all(whole.frame)
    assert (done.fields.rows, done.fields.sha256, done.fields.size_bytes) == (5, left.sha256.hex(), left.size)
    assert (intent.fields.act_id, intent.fields.as_of, intent.fields.rows) == (found.release_id, AS_OF, 5)


def test_who_is_in_it_is_told_and_recalled(kept: Hub) -> None:
    found, record = read(kept), record_of(kept, "c3")
    told = accesses_of(kept, [record])
    assert [(each.act, each.purpose, each.view) for each in told] == [("view.release", CHURN, VIEW)]
    object_to(kept, record)
    gone = of(kept, "c3")
    assert gone in recall_of(kept, found.release_id, acting_principal(kept)).pseudonyms


def test_a_no_is_honoured_at_the_next_read_and_its_absence_not_told_to_modellers(kept: Hub) -> None:
    assert read(kept).frame.height == 5
    object_to(kept, record_of(kept, "c1"))
    found = read(kept)
    assert of(kept, "c1") not in found.frame["pseudonym"].to_list()
    assert (found.frame.height, found.absent) == (4, {CHANGED: 1}), "the owner is told"
    assert accesses_of(kept, [record_of(kept, "c2")])[0].act == "view.release"
    assert len(accesses_of(kept, [record_of(kept, "c1")])) == 1, "not in the second one"
    scope = Scope(role=Role.SCIENTIST, purposes=frozenset({"*"}), views=frozenset({"*"}))
    _, token = add(kept, "modeller", scope, acting_principal(kept))
    reader = Reader(principal=authenticate(kept, token))
    assert read_kept(kept, reader, VIEW, purpose=CHURN).absent == {}


@pytest.mark.parametrize("through", ["the transaction", "another thread", "a lapse"])
def test_an_act_between_the_choice_of_rows_and_the_commit_is_found(
    kept: Hub, monkeypatch: pytest.MonkeyPatch, through: str
) -> None:
    """Rows are chosen before the lock is held: whatever happens until then has them chosen again."""
    read(kept)
    acted: list[None] = []
    choose = Piecemeal.standing

    def interrupted(pieces: Piecemeal, standing: Standing) -> pl.DataFrame:
        chosen = choose(pieces, standing)
        if not acted:
            acted.append(None)
            if through == "a lapse":
                kept.memory.of(Shelf).of(kept, VIEW).until_us[0] = 0
            else:
                object_to(kept, record_of(kept, "c1"))
            if through == "another thread":
                kept.memory.of(Shelf).bring_on(kept, VIEW)
        return chosen

    monkeypatch.setattr(Piecemeal, "standing", interrupted)
    assert read(kept).frame.height == 4


def test_merged_customers_are_left_out_and_the_unmerged_are_back(kept: Hub) -> None:
    one, home = record_of(kept, "c1"), entity_of(kept, record_of(kept, "c1"))
    read(kept)
    merge(kept, one, entity_of(kept, record_of(kept, "c2")))
    assert read(kept).frame.height == 3
    merge(kept, one, home)
    assert read(kept).frame.height == 5


def test_after_any_acts_all_rows_are_those_that_are_read_one_by_one(kept: Hub, clock: FixedClock) -> None:
    rng, names = Random(5), [f"c{n}" for n in range(1, 6)]  # noqa: S311 - to be repeatable
    people = {name: of(kept, name) for name in names}
    for _ in range(8):
        clock.forward(minutes=1)
        rng.choice([object_to, lift_objection])(kept, record_of(kept, rng.choice(names)))
        whole = dict(read(kept).frame.iter_rows())
        assert whole == {each: orders(kept, each) for each in people.values() if orders(kept, each) is not None}


def test_rows_without_ordinals_are_given_some_once(kept: Hub) -> None:
    """A process that had decided about everybody before the first release knows no ordinals."""
    other = open_hub(kept.settings, clock=kept.clock)
    opened = other.memory.of(Shelf).of(other, VIEW)
    opened.made_of.records = opened.made_of.records.with_columns(ordinal=pl.lit(None, dtype=pl.UInt32))
    assert read(other).frame.height == 5
    assert opened.made_of.records["ordinal"].null_count() == 0
    assert len(accesses_of(kept, [record_of(kept, "c1")])) == 1
    other.engine.dispose()
    other.keystore.engine.dispose()


def test_a_revoked_view_and_another_purpose_release_nothing(kept: Hub) -> None:
    reader = Reader(principal=acting_principal(kept))
    with pytest.raises(AccessRefused, match="purpose_not_of_view"):
        read_kept(kept, reader, VIEW, purpose="winback")
    with pytest.raises(AccessRefused, match="not_materialised"):
        read_kept(kept, reader, "fence_organisation", purpose=CHURN)
    read(kept)
    revoke(kept, VIEW, acting_principal(kept))
    with pytest.raises(AccessRefused, match="view_not_approved"):
        read(kept)


def test_rows_that_were_handed_on_and_never_arrived_are_shown(kept: Hub) -> None:
    released = release_kept(kept, Reader(principal=acting_principal(kept)), VIEW, purpose=CHURN)
    with kept.reading() as session:
        assert [each.release_id for each in open_releases(session)] == [released.release_id]


def test_reading_goes_on_only_so_long_while_others_change_what_is_read(
    kept: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_module, "_released", lambda *_: None)
    with pytest.raises(ReadContended):
        read(kept)


@settings(max_examples=12)
@given(st.lists(st.integers(0, 255), max_size=40), st.randoms(use_true_random=False))
def test_what_is_remembered_of_pieces_is_the_digest_from_scratch(firsts: list[int], rng: Random) -> None:
    pseudonyms = sorted(bytes([first]) + rng.randbytes(15) for first in firsts)
    rows = pl.DataFrame({"pseudonym": pl.Series(pseudonyms, dtype=pl.Binary), "n": range(len(pseudonyms))})
    pieces = Piecemeal(rows, bounds_of(rows["pseudonym"]))
    for _ in range(3):
        standing = np.array([rng.random() < 0.8 for _ in pseudonyms], dtype=np.bool_)
        frame = rows.filter(pl.Series(standing, dtype=pl.Boolean))
        assert pieces.standing(standing).equals(frame)
        assert pieces.digest(standing) == digest_of_all(frame)
