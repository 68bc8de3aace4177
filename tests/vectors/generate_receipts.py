"""Write receipts.json: receipts of one purpose, the last with the hash of its notice, made without any code of ours.

Only hashlib, json and Ed25519 are used; JWS (RFC 7515), the thumbprint (RFC 7638) and the words of the Data Privacy
Vocabulary are written out. Run it by hand: the output must never change, because whoever kept a receipt must be able
to verify it for ever.
"""

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEED = bytes(range(50, 82))
HUB, RECORD = "000102030405060708090a0b0c0d0e0f", "a0" * 16
GIVEN, WITHDRAWN, OBJECTED, HASHED = ("11" * 16, "22" * 16, "33" * 16, "44" * 16)
TOLD = b"What people were told, word for word."
CONTEXT = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "schema": "https://schema.org/",
    "varde": "urn:varde:term:",
}
PROCESS = {
    "@type": "dpv:Process",
    "dpv:hasLegalBasis": "eu-gdpr:A6-1-a",
    "dpv:hasPersonalData": [{"@id": "varde:behaviour"}],
    "dpv:hasPurpose": {
        "@id": "urn:varde:purpose:winback",
        "@type": "dpv:Purpose",
        "dct:description": {"@language": "nn", "@value": "Vi spør kvifor du gjekk."},
        "dct:hasVersion": "3",
        "dct:title": {"@language": "nn", "@value": "Kom tilbake"},
    },
    "dpv:hasRecipient": ["sales"],
    "dpv:hasRight": ["eu-gdpr:A7-3"],
    "dpv:hasStorageCondition": {
        "@type": "dpv:StorageDuration",
        "dpv:hasDuration": {"@type": "dpv:TemporalDuration", "rdf:value": "P90D"},
    },
}


def b64u(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def receipt(identifier: str, record: dict[str, Any]) -> dict[str, Any]:
    hub = f"urn:varde:hub:{HUB}"
    return {
        "@context": CONTEXT,
        "@id": f"urn:varde:receipt:{identifier}",
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr",
        "dct:created": "2025-06-01T12:00:00.000001Z",
        "dct:identifier": identifier,
        "dct:publisher": hub,
        "dpv:hasEntity": [{"@id": hub, "@type": "dpv:DataController", "schema:name": "Fjord AS, Bergen"}],
        "dpv:hasRecordOfActivity": {
            "@type": "dpv:ConsentRecord",
            "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr",
            "dpv:hasApplicableLaw": "eu-gdpr:GDPR",
            "dpv:hasDataController": hub,
            "dpv:hasDataSubject": f"urn:varde:record:{RECORD}",
            "dpv:hasProcess": PROCESS,
        }
        | record,
        "schema:recipient": "dpv:DataSubject",
    }


def indicated(act: str, **more: Any) -> dict[str, Any]:
    return {
        "dpv:hasIndicationMethod": "api",
        "dpv:hasNotice": {"@type": "dpv:ConsentNotice", "dct:hasVersion": "privacy-2025-01"},
        "dpv:isIndicatedAtTime": "2025-06-01T11:59:59.000000Z",
        "dpv:isIndicatedBy": "dpv:DataSubject",
        "varde:act": act,
    } | more


RECEIPTS = [
    receipt(
        GIVEN,
        {
            "dpv:hasConsentStatus": indicated(
                "given",
                **{
                    "@type": "dpv:ConsentGiven",
                    "dpv:hasDuration": {"@type": "dpv:UntilTimeDuration", "rdf:value": "2027-06-01T12:00:00.000000Z"},
                },
            )
        },
    ),
    receipt(WITHDRAWN, {"dpv:hasConsentStatus": indicated("withdrawn", **{"@type": "dpv:ConsentWithdrawn"})}),
    receipt(
        OBJECTED,
        {
            "@type": "dpv:RightExerciseRecord",
            "dpv:hasRelatedActivity": indicated(
                "objected", **{"@type": "dpv:RightExerciseActivity", "dpv:hasRight": "eu-gdpr:A21"}
            ),
        },
    ),
    receipt(
        HASHED,
        {
            "dpv:hasConsentStatus": indicated(
                "given",
                **{
                    "@type": "dpv:ConsentGiven",
                    "dpv:hasDuration": {"@type": "dpv:EndlessDuration"},
                    "dpv:hasNotice": {
                        "@type": "dpv:ConsentNotice",
                        "dct:hasVersion": "privacy-2025-01",
                        "varde:sha256": sha256(TOLD).hexdigest(),
                    },
                },
            )
        },
    ),
]


def main() -> None:
    private = Ed25519PrivateKey.from_private_bytes(SEED)
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": b64u(private.public_key().public_bytes_raw())}
    kid = b64u(sha256(canonical(jwk)).digest())
    compacts = []
    for each in RECEIPTS:
        header = canonical({"alg": "EdDSA", "kid": kid, "typ": "varde-receipt+jws"})
        signed = f"{b64u(header)}.{b64u(canonical(each))}"
        compacts.append(f"{signed}.{b64u(private.sign(signed.encode()))}")
    keys = {"keys": [jwk | {"alg": "EdDSA", "kid": kid, "use": "sig"}]}
    written = {"seed": SEED.hex(), "keys": keys, "receipts": RECEIPTS, "compact": compacts}
    path = Path(__file__).with_name("receipts.json")
    path.write_text(json.dumps(written, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
