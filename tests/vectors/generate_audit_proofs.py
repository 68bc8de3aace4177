"""Write audit_proofs.json: a log of seven entries with what an auditor is handed of it, made without any code of ours.

Only hashlib, json and Ed25519 are used; trees and proofs follow the definitions of RFC 6962 §2.1 word for word. Run it
by hand: the output must never change, because whoever kept a proof or a receipt must be able to verify it for ever.
"""

import base64
import json
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN, WITNESS = "varde/000102030405060708090a0b0c0d0e0f", "witness.example/w1"
LOG_SEED, WITNESS_SEED = bytes(range(32)), bytes(range(100, 132))
SECONDS, PROVED, OLD_SIZE = 1_742_040_060, 4, 3


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def entry(number: int) -> bytes:
    fields = {"fields": {"rows": number}, "format": 1, "salt": f"{number:032x}"}
    told = {"action": "view.release.intent", "actor": "a0" * 16, "at": 1742040000000000 + number, **fields}
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def split(n: int) -> int:
    return max(1 << bit for bit in range(n.bit_length()) if 1 << bit < n)


def mth(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    return [*path(m, leaves[:k]), mth(leaves[k:])] if m < k else [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], *, known: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if known else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], known=known), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], known=False), mth(leaves[:k])]


def key_id(name: str, kind: int, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def vkey(name: str, kind: int, private: Ed25519PrivateKey) -> str:
    public = private.public_key().public_bytes_raw()
    return f"{name}+{key_id(name, kind, public).hex()}+{b64(bytes([kind]) + public)}"


def main() -> None:
    log, witness = (Ed25519PrivateKey.from_private_bytes(seed) for seed in (LOG_SEED, WITNESS_SEED))
    entries = [entry(number) for number in range(7)]
    leaves = [sha256(b"\x00" + each).digest() for each in entries]

    def signed(text: str) -> str:
        made = key_id(ORIGIN, 1, log.public_key().public_bytes_raw()) + log.sign(text.encode())
        return f"{text}\n— {ORIGIN} {b64(made)}\n"

    def checkpoint(size: int) -> str:
        return f"{ORIGIN}\n{size}\n{b64(mth(leaves[:size]))}\n"

    cosigned = witness.sign(f"cosignature/v1\ntime {SECONDS}\n{checkpoint(7)}".encode())
    line = key_id(WITNESS, 4, witness.public_key().public_bytes_raw()) + SECONDS.to_bytes(8, "big") + cosigned
    note = signed(checkpoint(7)) + f"— {WITNESS} {b64(line)}\n"
    inclusion = "".join(f"{b64(each)}\n" for each in path(PROVED, leaves))
    growth = "".join(f"{b64(each)}\n" for each in subproof(OLD_SIZE, leaves, known=True))
    lines = [json.dumps({"log": ORIGIN}, separators=(",", ":"))]
    for size, each in enumerate(entries, 1):
        lines.append('{"entry":' + each.decode() + "}")
        if size in {OLD_SIZE, 7}:
            lines.append(json.dumps({"checkpoint": signed(checkpoint(size))}, separators=(",", ":")))
    vectors = {
        "origin": ORIGIN,
        "seed": LOG_SEED.hex(),
        "vkey": vkey(ORIGIN, 1, log),
        "witness_vkey": vkey(WITNESS, 4, witness),
        "old": signed(checkpoint(OLD_SIZE)),
        "note": note,
        "entry_proof": f"c2sp.org/tlog-proof@v1\nextra {b64(entries[PROVED])}\nindex {PROVED}\n{inclusion}\n{note}",
        "growth_proof": f"old {OLD_SIZE}\n{growth}\n{note}",
        "receipt": signed(f"varde-audit-receipt@v1\n{ORIGIN}\n{PROVED}\n{b64(leaves[PROVED])}\n{SECONDS}\n"),
        "export": "".join(f"{each}\n" for each in lines),
    }
    target = Path(__file__).with_name("audit_proofs.json")
    target.write_text(json.dumps(vectors, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
