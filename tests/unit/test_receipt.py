"""Receipts: the same for ever, checked by public keys alone, and nothing else passes for one."""

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.consent import ConsentEvent
from privacy.keys import Key, KeyKind
from privacy.purposes import Purpose, PurposeText
from privacy.receipt import (
    Controller,
    ReceiptRejected,
    RecordedAct,
    jwk_of,
    receipt_of,
    sign_receipt,
    thumbprint_of,
    verify_receipt,
)
from privacy.terms import ActChannel, ConsentAct, DataCategory, KeyId, PurposeId, RecordId
from tests.privacy_builders import a_purpose

VECTORS: Final = json.loads((Path(__file__).parents[1] / "vectors" / "receipts.json").read_text(encoding="utf-8"))
KEYS: Final = VECTORS["keys"]
KEY: Final = Key(key_id=KeyId(bytes(16)), kind=KeyKind.SIGNING, secret=bytes.fromhex(VECTORS["seed"]))
CONTROLLER: Final = Controller(instance=bytes(range(16)), name="Fjord AS, Bergen")
ACTS: Final = (ConsentAct.GIVEN, ConsentAct.WITHDRAWN, ConsentAct.OBJECTED, ConsentAct.GIVEN)
HASHED: Final = 3
"""The receipt whose notice is named by its hash, too."""


def purpose() -> Purpose:
    texts = dict.fromkeys(("nb", "sv", "en", "de"), PurposeText("x", "y"))
    return replace(
        a_purpose(),
        id=PurposeId("winback"),
        version=3,
        texts=texts | {"nn": PurposeText("Kom tilbake", "Vi spør kvifor du gjekk.")},
        data_categories=frozenset({DataCategory.BEHAVIOUR}),
        recipients=frozenset({"sales"}),
        retention_days=90,
    )


def act(number: int) -> RecordedAct:
    until = datetime(2027, 6, 1, 12, tzinfo=UTC) if number == 0 else None
    event = ConsentEvent(
        act=ACTS[number],
        at=datetime(2025, 6, 1, 11, 59, 59, tzinfo=UTC),
        channel=ActChannel.API,
        notice_version="privacy-2025-01",
        until=until,
    )
    return RecordedAct(
        receipt_id=bytes([0x11 * (number + 1)]) * 16,
        record_id=RecordId(b"\xa0" * 16),
        purpose=PurposeId("winback"),
        purpose_version=3,
        event=event,
        recorded_at=datetime(2025, 6, 1, 12, 0, 0, 1, tzinfo=UTC),
        language="nn",
        notice_hash=hashlib.sha256(b"What people were told, word for word.").digest() if number == HASHED else None,
    )


def b64u(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize("number", range(len(ACTS)))
def test_receipts_are_those_of_the_vectors(number: int) -> None:
    receipt = receipt_of(act(number), purpose(), CONTROLLER)
    assert receipt == VECTORS["receipts"][number]
    assert sign_receipt(receipt, KEY) == VECTORS["compact"][number]
    assert verify_receipt(VECTORS["compact"][number], KEYS) == receipt


def test_key_is_published_under_its_thumbprint() -> None:
    assert [jwk_of(KEY)] == KEYS["keys"]


def test_thumbprint_is_that_of_rfc_8037() -> None:
    """Appendix A.3 of RFC 8037."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint_of(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_one_key_alone_is_as_good_as_a_set() -> None:
    assert verify_receipt(VECTORS["compact"][0], KEYS["keys"][0]) == VECTORS["receipts"][0]


@given(data=st.data())
def test_changed_receipt_is_refused(data: st.DataObject) -> None:
    compact = VECTORS["compact"][0]
    place = data.draw(st.integers(0, len(compact) - 1))
    other = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n"))
    changed = compact[:place] + other + compact[place + 1 :]
    if changed.strip() != compact:
        with pytest.raises(ReceiptRejected):
            verify_receipt(changed, KEYS)


def forged(header: dict[str, Any], payload: bytes = b"{}") -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    signed = f"{b64u(json.dumps(header).encode())}.{b64u(payload)}"
    return f"{signed}.{b64u(Ed25519PrivateKey.from_private_bytes(KEY.secret).sign(signed.encode()))}"


GOOD: Final = {"alg": "EdDSA", "kid": KEYS["keys"][0]["kid"], "typ": "varde-receipt+jws"}


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        (GOOD | {"alg": "none"}, b"{}"),
        (GOOD | {"alg": "HS256"}, b"{}"),
        (GOOD | {"typ": "JWT"}, b"{}"),
        (GOOD | {"crit": ["b64"], "b64": False}, b"{}"),
        (GOOD | {"jwk": KEYS["keys"][0]}, b"{}"),
        (GOOD | {"kid": "of-nobody"}, b"{}"),
        (GOOD, b"{}"),
        (GOOD, b"[]"),
        (GOOD, b'{"dct:conformsTo": 1, "dct:conformsTo": 2}'),
        (GOOD, b"\xff"),
    ],
)
def test_what_is_signed_but_no_receipt_is_refused(header: dict[str, Any], payload: bytes) -> None:
    with pytest.raises(ReceiptRejected):
        verify_receipt(forged(header, payload), KEYS)


@pytest.mark.parametrize("keys", [{}, {"keys": []}, {"keys": {}}, {"keys": [None, {"kty": "RSA"}]}])
def test_keys_that_hold_none_refuse(keys: dict[str, Any]) -> None:
    with pytest.raises(ReceiptRejected):
        verify_receipt(VECTORS["compact"][0], keys)


def test_name_of_a_key_is_computed_not_believed() -> None:
    other = jwk_of(Key(key_id=KeyId(bytes(16)), kind=KeyKind.SIGNING, secret=bytes(32)))
    with pytest.raises(ReceiptRejected):
        verify_receipt(VECTORS["compact"][0], {"keys": [other | {"kid": GOOD["kid"]}]})


@pytest.mark.parametrize("each", ConsentAct)
def test_every_act_has_a_receipt_that_names_nobody(each: ConsentAct) -> None:
    event = ConsentEvent(act=each, at=datetime(2025, 6, 1, tzinfo=UTC), channel=ActChannel.IMPORT)
    written = receipt_of(replace(act(0), event=event), None, Controller(instance=bytes(16)))
    assert verify_receipt(sign_receipt(written, KEY), KEYS) == written
    assert written["dpv:hasEntity"] == [{"@id": f"urn:varde:hub:{'00' * 16}", "@type": "dpv:DataController"}]


@pytest.mark.parametrize("language", ["", "fi"])
def test_language_that_no_text_is_in_falls_back_to_english(language: str) -> None:
    written = receipt_of(replace(act(0), language=language), purpose(), CONTROLLER)
    assert written["dpv:hasRecordOfActivity"]["dpv:hasProcess"]["dpv:hasPurpose"]["dct:title"]["@language"] == "en"
