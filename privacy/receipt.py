"""Receipts: what a person said and what it is about, signed, so that they can hold us to it without us.

Rules kept here:
- one receipt is one act of the ledger; what it says follows from the act, the purpose as it was worded then, and the
  controller's name, so a receipt that is asked for twice says the same;
- it names nobody: the person is the random id of their record, the controller is named because they must be;
- the words are those of ISO/IEC TS 27560:2023 as the W3C Data Privacy Vocabulary writes them down for the GDPR
  (profile `dpv-27560#receipt-eu-gdpr`); the act itself, and who is no DPV word, are terms of our own (`varde:`);
- JSON-LD with its context inside: nothing is fetched to read it;
- signed as JWS (RFC 7515) in compact form with EdDSA over Ed25519 (RFC 8037); a key is named by its thumbprint (RFC
  7638). `verify_receipt` knows this one algorithm, so no header can talk it into another.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from privacy.consent import ConsentEvent
from privacy.errors import PrivacyError
from privacy.keys import Key
from privacy.purposes import Purpose
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, DataCategory, LegalBasis, PurposeId, RecordId

RECEIPTS: Final = "receipts"
"""The name of the hub's key that signs them; the audit log's key signs nothing else."""

TYPE: Final = "varde-receipt+jws"
ALGORITHM: Final = "EdDSA"
MEDIA_TYPE: Final = "application/jose"
PROFILE: Final = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"
RECORD_PROFILE: Final = "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"
CONTEXT: Final = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "schema": "https://schema.org/",
    "varde": "urn:varde:term:",
}
_DEFAULT_LANGUAGE: Final = "en"
_MOST_CHARACTERS: Final = 1 << 16  # a receipt has about 3,000; whoever sends more is not sending a receipt
_STATUS: Final = {
    ConsentAct.REQUESTED: "dpv:ConsentRequested",
    ConsentAct.REFUSED: "dpv:ConsentRefused",
    ConsentAct.GIVEN: "dpv:ConsentGiven",
    ConsentAct.RENEWED: "dpv:RenewedConsentGiven",
    ConsentAct.WITHDRAWN: "dpv:ConsentWithdrawn",
    ConsentAct.REVOKED: "dpv:ConsentRevoked",
    ConsentAct.EXPIRED: "dpv:ConsentExpired",
    ConsentAct.INVALIDATED: "dpv:ConsentInvalidated",
}
_RIGHT: Final = {
    ConsentAct.OBJECTED: "eu-gdpr:A21",
    ConsentAct.OBJECTION_LIFTED: "eu-gdpr:A21",
    ConsentAct.RESTRICTED: "eu-gdpr:A18",
    ConsentAct.RESTRICTION_LIFTED: "eu-gdpr:A18",
}
_BASIS: Final = {
    LegalBasis.CONSENT: "eu-gdpr:A6-1-a",
    LegalBasis.CONTRACT: "eu-gdpr:A6-1-b",
    LegalBasis.LEGAL_OBLIGATION: "eu-gdpr:A6-1-c",
    LegalBasis.VITAL_INTERESTS: "eu-gdpr:A6-1-d",
    LegalBasis.PUBLIC_TASK: "eu-gdpr:A6-1-e",
    LegalBasis.LEGITIMATE_INTERESTS: "eu-gdpr:A6-1-f",
}


class ReceiptRejected(PrivacyError):
    """A receipt does not verify; the text names the clause and repeats nothing of what was read."""

    def __init__(self, because: str) -> None:
        super().__init__(f"receipt rejected: {because}")
        self.because = because


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """Who answers for the processing: the hub's random id, and the name and contact that people are told ("": none)."""

    instance: bytes
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAct:
    """One act of the ledger, as a receipt speaks of it; `notice_hash` is the SHA-256 of its notice, if known."""

    receipt_id: bytes
    record_id: RecordId
    purpose: PurposeId
    purpose_version: int
    event: ConsentEvent
    recorded_at: datetime
    language: str = ""
    notice_hash: bytes | None = None


def receipt_of(act: RecordedAct, purpose: Purpose | None, controller: Controller) -> dict[str, Any]:
    """Write a receipt; `purpose` is the act's purpose in the version that it was about, None for every purpose."""
    hub = f"urn:varde:hub:{controller.instance.hex()}"
    party = {"@id": hub, "@type": "dpv:DataController"} | ({"schema:name": controller.name} if controller.name else {})
    return {
        "@context": CONTEXT,
        "@id": f"urn:varde:receipt:{act.receipt_id.hex()}",
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": PROFILE,
        "dct:created": _instant(act.recorded_at),
        "dct:identifier": act.receipt_id.hex(),
        "dct:publisher": hub,
        "schema:recipient": "dpv:DataSubject",
        "dpv:hasEntity": [party],
        "dpv:hasRecordOfActivity": _record(act, purpose, hub),
    }


def sign_receipt(receipt: Mapping[str, Any], key: Key) -> str:
    """Return a receipt as a compact JWS; Ed25519 is deterministic, so the same receipt is the same text."""
    private = Ed25519PrivateKey.from_private_bytes(key.secret)
    header = {"alg": ALGORITHM, "kid": jwk_of(key)["kid"], "typ": TYPE}
    signed = f"{_encoded(_canonical(header))}.{_encoded(_canonical(receipt))}"
    return f"{signed}.{_encoded(private.sign(signed.encode()))}"


def verify_receipt(compact: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a receipt says, once its signature is known to be by one of the keys (a JWK set, or one JWK).

    Raises:
        ReceiptRejected: names the clause that is broken.

    """
    if len(compact) > _MOST_CHARACTERS or compact.count(".") != 2:  # noqa: PLR2004 - three parts have two dots between them
        raise ReceiptRejected("RFC 7515 §7.1: not a compact serialisation")
    signed, _, signature = compact.strip().rpartition(".")
    head, _, body = signed.partition(".")
    header = _object(_decoded(head), "RFC 7515 §4: header")
    if header.keys() != {"alg", "kid", "typ"} or (header["alg"], header["typ"]) != (ALGORITHM, TYPE):
        raise ReceiptRejected("RFC 7515 §4.1: another algorithm, type or parameter than a receipt's")
    try:
        _public_key(keys, header["kid"]).verify(_decoded(signature), signed.encode())
    except InvalidSignature:
        raise ReceiptRejected("RFC 8037 §3.1: the signature is not by this key") from None
    receipt = _object(_decoded(body), "RFC 7515 §5.2: payload")
    if receipt.get("dct:conformsTo") != PROFILE:
        raise ReceiptRejected("the payload is not a receipt of this profile")
    return receipt


def jwk_of(key: Key) -> dict[str, str]:
    """Return the public half of a signing key as a JWK (RFC 8037 §2), named by its thumbprint."""
    public = Ed25519PrivateKey.from_private_bytes(key.secret).public_key().public_bytes_raw()
    named = {"crv": "Ed25519", "kty": "OKP", "x": _encoded(public)}
    return named | {"alg": ALGORITHM, "kid": thumbprint_of(named), "use": "sig"}


def thumbprint_of(jwk: Mapping[str, str]) -> str:
    """Return the SHA-256 thumbprint of an Ed25519 JWK (RFC 7638 §3, RFC 8037 §2)."""
    return _encoded(hashlib.sha256(_canonical({name: jwk[name] for name in ("crv", "kty", "x")})).digest())


def _record(act: RecordedAct, purpose: Purpose | None, hub: str) -> dict[str, Any]:
    """Write what the receipt is a copy of: who, about what, which act, when, and by which way."""
    event = act.event
    indication: dict[str, Any] = {
        "dpv:isIndicatedAtTime": _instant(event.at),
        "dpv:isIndicatedBy": "dpv:DataController" if event.channel is ActChannel.IMPORT else "dpv:DataSubject",
        "dpv:hasIndicationMethod": event.channel.value,
        "varde:act": event.act.value,
    }
    if event.notice_version is not None:
        hashed = {} if act.notice_hash is None else {"varde:sha256": act.notice_hash.hex()}
        named = {"@type": "dpv:ConsentNotice", "dct:hasVersion": event.notice_version}
        indication["dpv:hasNotice"] = named | hashed
    if event.act in {ConsentAct.GIVEN, ConsentAct.RENEWED}:
        indication["dpv:hasDuration"] = _duration(event)
    record = {
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": RECORD_PROFILE,
        "dpv:hasApplicableLaw": "eu-gdpr:GDPR",
        "dpv:hasDataController": hub,
        "dpv:hasDataSubject": f"urn:varde:record:{act.record_id.hex()}",
        "dpv:hasProcess": _process(act, purpose),
    }
    if event.act in _RIGHT:
        exercised = {"@type": "dpv:RightExerciseActivity", "dpv:hasRight": _RIGHT[event.act]} | indication
        return record | {"@type": "dpv:RightExerciseRecord", "dpv:hasRelatedActivity": exercised}
    return record | {"dpv:hasConsentStatus": {"@type": _STATUS[event.act]} | indication}


def _process(act: RecordedAct, purpose: Purpose | None) -> dict[str, Any]:
    named: dict[str, Any] = {"@id": f"urn:varde:purpose:{act.purpose}", "@type": "dpv:Purpose"}
    if act.purpose == EVERY_PURPOSE or purpose is None:
        return {"@type": "dpv:Process", "dpv:hasPurpose": named}
    language = act.language if act.language in purpose.texts else _DEFAULT_LANGUAGE
    text = purpose.texts[language]
    named |= {
        "dct:description": {"@language": language, "@value": text.description},
        "dct:hasVersion": str(purpose.version),
        "dct:title": {"@language": language, "@value": text.name},
    }
    special = DataCategory.SPECIAL in purpose.data_categories
    return {
        "@type": "dpv:Process",
        "dpv:hasPurpose": named,
        "dpv:hasLegalBasis": "eu-gdpr:A9-2-a" if special else _BASIS[purpose.legal_basis],
        "dpv:hasPersonalData": [{"@id": f"varde:{category}"} for category in sorted(purpose.data_categories)],
        "dpv:hasRecipient": sorted(purpose.recipients),
        "dpv:hasStorageCondition": {
            "@type": "dpv:StorageDuration",
            "dpv:hasDuration": {"@type": "dpv:TemporalDuration", "rdf:value": f"P{purpose.retention_days}D"},
        },
        "dpv:hasRight": ["eu-gdpr:A7-3"] if purpose.legal_basis is LegalBasis.CONSENT else ["eu-gdpr:A21"],
    }


def _duration(event: ConsentEvent) -> dict[str, str]:
    if event.until is None:
        return {"@type": "dpv:EndlessDuration"}  # until it is withdrawn
    return {"@type": "dpv:UntilTimeDuration", "rdf:value": _instant(event.until)}


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _decoded(text: object) -> bytes:
    """Decode base64url as RFC 7515 §2 has it: without padding, and in one way only."""
    try:
        octets = base64.b64decode(f"{text}{'=' * (-len(str(text)) % 4)}", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ReceiptRejected("RFC 7515 §2: not base64url") from None
    if _encoded(octets) != text:
        raise ReceiptRejected("RFC 7515 §2: not base64url")
    return octets


def _object(octets: bytes, what: str) -> dict[str, Any]:
    try:
        parsed = json.loads(octets, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise ReceiptRejected(f"{what}: not JSON with every name once") from None
    if not isinstance(parsed, dict):
        raise ReceiptRejected(f"{what}: not an object")
    return parsed


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("a name stands twice")
    return names


def _public_key(keys: Mapping[str, Any], kid: object) -> Ed25519PublicKey:
    """Find the key of that thumbprint: it is computed, never believed."""
    known = keys.get("keys", [keys])
    for jwk in known if isinstance(known, list) else []:
        if not isinstance(jwk, dict) or (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519"):
            continue
        public = _decoded(jwk.get("x"))
        if thumbprint_of(jwk) == kid and len(public) == 32:  # noqa: PLR2004 - an Ed25519 key
            return Ed25519PublicKey.from_public_bytes(public)
    raise ReceiptRejected("RFC 7515 §4.1.4: none of the keys has the thumbprint that the receipt names")
