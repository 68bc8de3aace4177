"""Write cosignatures.json: a witness's key and its cosignature over a checkpoint, made without any code of ours.

Only hashlib, json and Ed25519 are used, so that the vectors and the house can disagree. Run it by hand: the output must
never change, because whoever kept an old cosignature must be able to verify it for ever. (C2SP tlog-cosignature.)
"""

import base64
import json
import struct
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SEED = bytes(range(32, 64))
NAME = "witness.example.com/w1"
SECONDS = 1679315147
LOG = json.loads((Path(__file__).parent / "audit_log.json").read_text(encoding="utf-8"))
EXTENDED = "example.com/log\n3\n" + LOG["note"].split("\n")[2] + "\nan extension line\n"


def cosignature(text: str) -> str:
    private = Ed25519PrivateKey.from_private_bytes(SEED)
    message = b"cosignature/v1\n" + b"time " + str(SECONDS).encode() + b"\n" + text.encode()
    signature = struct.pack(">Q", SECONDS) + private.sign(message)
    return f"\u2014 {NAME} {base64.b64encode(key_id() + signature).decode()}\n"


def public() -> bytes:
    return Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()


def key_id() -> bytes:
    return sha256(NAME.encode() + b"\n" + b"\x04" + public()).digest()[:4]


if __name__ == "__main__":
    vectors = {
        "seed": SEED.hex(),
        "name": NAME,
        "seconds": SECONDS,
        "vkey": f"{NAME}+{key_id().hex()}+{base64.b64encode(bytes([4]) + public()).decode()}",
        "lines": [
            {"text": text, "line": cosignature(text)} for text in (LOG["note"].split("\n\n")[0] + "\n", EXTENDED)
        ],
    }
    target = Path(__file__).with_name("cosignatures.json")
    target.write_text(json.dumps(vectors, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
