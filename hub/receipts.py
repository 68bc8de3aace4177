"""Receipts for the person who acted: signed anew when asked for, the same each time, checkable without us."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from hub.compose import Hub
from hub.errors import ReceiptNotFound
from privacy.keys import KeyKind
from privacy.receipt import RECEIPTS, Controller, jwk_of, receipt_of, sign_receipt
from privacy.store.receipt import find_recorded_act, purpose_of
from privacy.terms import RecordId


def signed_receipt(hub: Hub, session: Session, records: Sequence[RecordId], receipt_id: bytes) -> str:
    """Return the receipt of an act on one of a person's records, as a compact JWS.

    Raises:
        ReceiptNotFound: there is none, or it is somebody else's.

    """
    act = find_recorded_act(session, receipt_id)
    if act is None or act.record_id not in records:
        raise ReceiptNotFound
    controller = Controller(instance=hub.instance, name=hub.settings.controller)
    receipt = receipt_of(act, purpose_of(session, act), controller)
    return sign_receipt(receipt, hub.named_key(KeyKind.SIGNING, RECEIPTS))


def published_keys(hub: Hub) -> dict[str, list[dict[str, Any]]]:
    """Return the public keys by which receipts are checked, as a JWK set (RFC 7517 §5)."""
    return {"keys": [jwk_of(hub.named_key(KeyKind.SIGNING, RECEIPTS))]}
