"""Writes keys.json: sealing v1, wrapped keys v1, pseudonyms v1 and blind indexes v1, with none of Varde's code.

Run it only to add a vector; a changed line means that sealed values of running hubs no longer open. Other primitives
are used than in the code under test: AES-GCM through `Cipher`, AES blocks through CBC of one block at a time, HMAC
written out by RFC 2104.
"""

import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def gcm(key: bytes, nonce: bytes, plain: bytes, aad: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(aad)
    return encryptor.update(plain) + encryptor.finalize() + encryptor.tag


def block(key: bytes, plain: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
    return encryptor.update(plain) + encryptor.finalize()


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    padded = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in padded) + message).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in padded) + inner).digest()


def prefixed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


def sealed(number: int, plain: bytes, table: int, field: int, revision: int) -> dict[str, object]:
    secret, key_id = bytes([number]) * 32, bytes([0xA0 + number]) * 16
    instance, row, nonce = bytes([0x10 + number]) * 16, bytes([0x20 + number]) * 16, bytes(range(number, number + 12))
    header = b"VRD" + b"\x01" + b"\x00\x01" + nonce
    cell = prefixed(
        instance, table.to_bytes(2, "big"), field.to_bytes(2, "big"), row, revision.to_bytes(8, "big"), key_id
    )
    return {
        "secret": secret.hex(),
        "key_id": key_id.hex(),
        "instance": instance.hex(),
        "table": table,
        "field": field,
        "row": row.hex(),
        "revision": revision,
        "nonce": nonce.hex(),
        "plain": plain.hex(),
        "sealed": (header + gcm(secret, nonce, plain, header + cell)).hex(),
    }


PARTS = {"instance": b"i" * 16, "table": 3, "field": 1, "row": b"r" * 16, "revision": 5, "key_id": b"k" * 16}
OTHERS = {"instance": b"j" * 16, "table": 4, "field": 2, "row": b"s" * 16, "revision": 6, "key_id": b"l" * 16}
HEADERS = {
    "magic": b"VRE" + b"\x01" + b"\x00\x01",
    "suite": b"VRD" + b"\x02" + b"\x00\x01",
    "key version": b"VRD" + b"\x01" + b"\x00\x02",
}


def refused(name: str) -> dict[str, object]:
    """Seal with one part of the cell, or of the header, exchanged: authentic as such, and of another place."""
    parts = PARTS | ({name: OTHERS[name]} if name in OTHERS else {})
    secret, plain, nonce = bytes(range(32)), b"whose", bytes(range(50, 62))
    header = HEADERS.get(name, b"VRD" + b"\x01" + b"\x00\x01") + nonce
    fields = [
        part if isinstance(part, bytes) else part.to_bytes(8 if at == 4 else 2, "big")
        for at, part in enumerate(parts.values())
    ]
    value = header + gcm(secret, nonce, plain, header + prefixed(*fields))
    if name == "nonce":
        value = value[:6] + bytes([value[6] ^ 1]) + value[7:]
    if name == "tag":
        value = value[:-1] + bytes([value[-1] ^ 1])
    if name == "ciphertext":
        value = value[:18] + bytes([value[18] ^ 1]) + value[19:]
    cell = {key: part.hex() if isinstance(part, bytes) else part for key, part in PARTS.items()}
    return cell | {"secret": secret.hex(), "because": name, "sealed": value.hex()}


def wrapped(number: int, kind: str, owner: bytes) -> dict[str, object]:
    kek, secret, key_id = bytes([number]) * 32, bytes(range(32)), bytes([0xB0 + number]) * 16
    nonce = bytes(range(100, 112))
    aad = prefixed(b"varde-wrap-1", key_id, kind.encode(), owner)
    return {
        "kek": kek.hex(),
        "kek_id": "file-" + hashlib.sha256(b"varde-kek-id" + kek).hexdigest()[:16],
        "key_id": key_id.hex(),
        "kind": kind,
        "owner": owner.hex(),
        "secret": secret.hex(),
        "wrapped": (b"\x01" + nonce + gcm(kek, nonce, secret, b"\x01" + aad)).hex(),
    }


def pseudonym(number: int) -> dict[str, object]:
    secret, entity = bytes(range(number, number + 32)), hashlib.sha256(bytes([number])).digest()[:16]
    return {"secret": secret.hex(), "entity": entity.hex(), "pseudonym": block(secret, entity).hex()}


def index(number: int, scope: str, value: str, length: int) -> dict[str, object]:
    secret = bytes(range(number, number + 32))
    message = len(scope.encode()).to_bytes(2, "big") + scope.encode() + value.encode()
    token = hmac_sha256(secret, message)[:length]
    return {"secret": secret.hex(), "scope": scope, "value": value, "length": length, "token": token.hex()}


def vectors() -> dict[str, object]:
    return {
        "sealing_v1": [
            sealed(1, b"", 1, 1, 1),
            sealed(2, "Bjørn Sørensen".encode(), 1, 1, 70_000),
            sealed(3, bytes(range(256)), 4, 1, 0),
            sealed(4, b"x", 7, 65_535, 2**63),
            *(sealed(10 + table, b"table", table, 2, 3) for table in range(1, 17)),
        ],
        "sealing_v1_refused": [refused(name) for name in (*PARTS, *HEADERS, "nonce", "ciphertext", "tag")],
        "wrapped_key_v1": [wrapped(1, "record", bytes([9]) * 16), wrapped(2, "domain", b""), wrapped(3, "file", b"f")],
        "pseudonym_v1": [pseudonym(number) for number in (1, 2, 3)],
        "blind_index_v1": [
            index(1, "attribute:email", "a@example.org", 16),
            index(2, "source_key:crm", "4711", 32),
            index(3, "event:erp_orders", "", 8),
            index(4, "attribute:name", "Ærlig Øst", 16),
        ],
    }


if __name__ == "__main__":
    path = Path(__file__).with_name("keys.json")
    path.write_text(json.dumps(vectors(), indent=2) + "\n", encoding="utf-8")
