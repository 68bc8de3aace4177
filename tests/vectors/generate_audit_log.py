"""Write audit_log.json: three entries, their leaves, tree and signed checkpoint, made without any code of ours.

Only hashlib, json and Ed25519 are used, so that the vectors and the house can disagree. Run it by hand: the output must
never change, because whoever kept an old checkpoint must be able to verify it for ever.
"""

import base64
import json
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEED = bytes(range(32))
ORIGIN = "varde/000102030405060708090a0b0c0d0e0f"
ENTRIES = [
    {
        "action": "view.release.intent",
        "actor": "a0" * 16,
        "at": 1742040000000000,
        "fields": {
            "absent": {"consent_withdrawn": 3, "objected": 2},
            "as_of": 1740787200000000,
            "columns": ["recency_days", "orders_90d"],
            "four_eyes": True,
            "legal_basis": "legitimate_interests",
            "purpose": "churn",
            "purpose_hash": "11" * 32,
            "role": "scientist",
            "view": "churn_signals",
            "view_version": 1,
        },
        "format": 1,
        "salt": "00" * 16,
    },
    {
        "action": "view.release.completion",
        "actor": "a0" * 16,
        "at": 1742040000500000,
        "fields": {"intent": 0, "outcome": "done", "rows": 5000, "sha256": "22" * 32, "size_bytes": 81920},
        "format": 1,
        "salt": "01" * 16,
    },
    {
        "action": "consent.act",
        "actor": "b1" * 16,
        "at": 1742040001000000,
        "fields": {
            "act": "withdrawn",
            "channel": "page",
            "notice_version": "privacy-2025-01",
            "purpose": "winback",
            "records": ["c2" * 16, "c3" * 16],
            "state": "withdrawn",
        },
        "format": 1,
        "salt": "02" * 16,
    },
]


def main() -> None:
    bodies = [json.dumps(entry, sort_keys=True, separators=(",", ":")) for entry in ENTRIES]
    leaves = [sha256(b"\x00" + body.encode()).digest() for body in bodies]
    first_two = sha256(b"\x01" + leaves[0] + leaves[1]).digest()
    root = sha256(b"\x01" + first_two + leaves[2]).digest()
    text = f"{ORIGIN}\n3\n{base64.b64encode(root).decode()}\n"
    private = Ed25519PrivateKey.from_private_bytes(SEED)
    public = private.public_key().public_bytes_raw()
    key_id = sha256(ORIGIN.encode() + b"\n\x01" + public).digest()[:4]
    signature = base64.b64encode(key_id + private.sign(text.encode())).decode()
    vectors = {
        "seed": SEED.hex(),
        "origin": ORIGIN,
        "vkey": f"{ORIGIN}+{key_id.hex()}+{base64.b64encode(bytes([1]) + public).decode()}",
        "bodies": bodies,
        "leaves": [leaf.hex() for leaf in leaves],
        "root": root.hex(),
        "note": f"{text}\n— {ORIGIN} {signature}\n",
    }
    target = Path(__file__).with_name("audit_log.json")
    target.write_text(json.dumps(vectors, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
