"""The hash of a notice in a receipt: the text that was kept when the person acted, or nothing; the same for ever."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.consents import Subject, Wish, record_wish
from hub.notices.publishing import kept, publish
from hub.receipts import published_keys, signed_receipt
from privacy.receipt import verify_receipt
from privacy.store.notice import NewNotice, keep_notices
from privacy.store.receipt import recorded_acts
from privacy.terms import ActChannel, ConsentAct, PurposeId, RecordId
from tests.api.world import WINBACK, World, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(Path(tmp_path_factory.mktemp("told")), 2)
    yield made
    made.hub.engine.dispose()
    made.hub.keystore.engine.dispose()


def say(world: World, record: RecordId, act: ConsentAct) -> bytes:
    """Take in what a person says under the notice of today; return the id of its receipt."""
    wish = Wish(act=act, purpose=PurposeId(WINBACK), channel=ActChannel.AGENT)
    record_wish(world.hub, Subject(records=(record,)), wish, world.owner)
    with world.hub.reading() as session:
        return recorded_acts(session, [record])[0].receipt_id


def signed(world: World, receipt: bytes) -> str:
    with world.hub.reading() as session:
        return signed_receipt(world.hub, session, world.records, receipt)


def notice_in(world: World, compact: str) -> dict[str, Any]:
    told: dict[str, Any] = verify_receipt(compact, published_keys(world.hub))
    notice: dict[str, Any] = told["dpv:hasRecordOfActivity"]["dpv:hasConsentStatus"]["dpv:hasNotice"]
    return notice


def keep(world: World, byte: int, purpose: str, version: int, notice_version: str) -> None:
    """Keep a text of our own; `byte` repeated is its hash."""
    new = NewNotice(
        notice_hash=bytes([byte]) * 32,
        purpose=purpose,
        purpose_version=version,
        notice_version=notice_version,
        texts="{}",
    )
    with world.hub.unit_of_work() as session:
        keep_notices(session, [new], by=world.owner.principal_id, at=world.hub.clock())


def test_a_receipt_names_its_notice_by_hash_only_where_one_text_was_kept_by_then(world: World) -> None:
    record, purpose = world.records[0], world.hub.policy().purpose(PurposeId(WINBACK))
    version, notice = purpose.version, purpose.notice_version
    strangers = ((1, "churn", version, notice), (2, WINBACK, version + 1, notice), (3, WINBACK, version, f"{notice}-b"))
    for stranger in strangers:
        keep(world, *stranger)
    early = signed(world, before := say(world, record, ConsentAct.GIVEN))
    assert notice_in(world, early) == {"@type": "dpv:ConsentNotice", "dct:hasVersion": notice}

    publish(world.hub, world.owner)
    (text,) = [
        each for each in kept(world.hub, WINBACK) if (each.purpose_version, each.notice_version) == (version, notice)
    ]
    told = signed(world, hashed := say(world, record, ConsentAct.RENEWED))
    assert notice_in(world, told)["varde:sha256"] == text.notice_hash.hex()

    keep(world, 4, WINBACK, version, notice)
    unclear = signed(world, say(world, record, ConsentAct.RENEWED))
    assert "varde:sha256" not in notice_in(world, unclear), "of two texts under one version nobody knows which was seen"
    assert (signed(world, before), signed(world, hashed)) == (early, told), "asked for again it is the same"
