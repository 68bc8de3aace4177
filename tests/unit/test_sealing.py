"""Sealing: a value opens in its own cell under its own key, and nowhere else."""

import logging
import pickle
import traceback
from dataclasses import replace

import pytest

from privacy.errors import SealBroken
from privacy.sealing import (
    HEADER_BYTES,
    NONCE_BYTES,
    SealedTable,
    open_sealed,
    seal,
    seal_with_nonce,
)
from tests.builders import CANARY, a_cell, a_key, an_id

KEY, CELL = a_key(), a_cell()
PLAIN = CANARY.encode()


def test_a_value_opens_in_its_cell() -> None:
    assert open_sealed(seal(PLAIN, key=KEY, cell=CELL), key=KEY, cell=CELL) == PLAIN


def test_nothing_of_the_value_is_in_the_sealed_bytes() -> None:
    assert PLAIN not in seal(PLAIN, key=KEY, cell=CELL)


def test_the_empty_value_is_a_value() -> None:
    assert open_sealed(seal(b"", key=KEY, cell=CELL), key=KEY, cell=CELL) == b""


def test_two_seals_of_one_value_differ() -> None:
    assert len({seal(PLAIN, key=KEY, cell=CELL) for _ in range(100)}) == 100


@pytest.mark.parametrize("position", range(HEADER_BYTES))
def test_a_flipped_byte_of_the_header_is_refused(position: int) -> None:
    sealed = bytearray(seal(PLAIN, key=KEY, cell=CELL))
    for bit in range(8):
        sealed[position] ^= 1 << bit
        with pytest.raises(SealBroken):
            open_sealed(bytes(sealed), key=KEY, cell=CELL)
        sealed[position] ^= 1 << bit
    assert open_sealed(bytes(sealed), key=KEY, cell=CELL) == PLAIN


def test_a_flipped_byte_of_ciphertext_or_tag_is_refused() -> None:
    sealed = seal(PLAIN, key=KEY, cell=CELL)
    for position in range(HEADER_BYTES, len(sealed)):
        altered = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
        with pytest.raises(SealBroken):
            open_sealed(altered, key=KEY, cell=CELL)


@pytest.mark.parametrize("length", [0, 1, 5, 6, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 15])
def test_a_short_value_is_refused(length: int) -> None:
    with pytest.raises(SealBroken, match="too short"):
        open_sealed(seal(b"", key=KEY, cell=CELL)[:length], key=KEY, cell=CELL)


def test_an_appended_byte_is_refused() -> None:
    with pytest.raises(SealBroken):
        open_sealed(seal(PLAIN, key=KEY, cell=CELL) + b"\0", key=KEY, cell=CELL)


@pytest.mark.parametrize("header", [b"VRD\x00\x00\x01", b"VRD\x02\x00\x01", b"VRD\x01\x00\x00", b"VRD\x01\x00\x02"])
def test_an_unknown_suite_or_version_is_an_error_and_never_a_guess(header: bytes) -> None:
    sealed = seal(PLAIN, key=KEY, cell=CELL)
    with pytest.raises(SealBroken, match="unknown suite"):
        open_sealed(header + sealed[len(header) :], key=KEY, cell=CELL)


def test_another_magic_is_no_sealed_value() -> None:
    with pytest.raises(SealBroken, match="not a Varde sealed value"):
        open_sealed(b"XRD" + seal(PLAIN, key=KEY, cell=CELL)[3:], key=KEY, cell=CELL)


def test_another_secret_or_another_key_id_is_refused() -> None:
    sealed = seal(PLAIN, key=KEY, cell=CELL)
    for other in (a_key(2), replace(a_key(2), secret=KEY.secret), replace(KEY, secret=a_key(2).secret)):
        with pytest.raises(SealBroken):
            open_sealed(sealed, key=other, cell=CELL)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"instance": an_id(8)},
        {"table": SealedTable.PRINCIPAL},
        {"field": 2},
        {"row": an_id(10)},
        {"revision": 2},
        {"instance": an_id(9), "row": an_id(7)},
        {"instance": an_id(7) + b"\0"},
        {"row": an_id(9)[:-1]},
    ],
)
def test_a_value_moved_to_another_cell_is_refused(elsewhere: dict[str, object]) -> None:
    with pytest.raises(SealBroken):
        open_sealed(seal(PLAIN, key=KEY, cell=CELL), key=KEY, cell=a_cell(**elsewhere))


def test_table_numbers_never_change() -> None:
    """Sealed values of years ago are bound to them."""
    assert {table.name: int(table) for table in SealedTable} == {
        "RECORD_REVISION": 1,
        "QUARANTINE_ROW": 2,
        "HELD_TEXT": 3,
        "PRINCIPAL": 4,
        "SCORE": 5,
        "GOLDEN_RECORD": 6,
        "CONSENT_EVIDENCE": 7,
        "RELEASE_MEMBERS": 8,
        "MODEL_MEMBERS": 9,
        "LETTER": 10,
        "RECORD_CORRECTION": 11,
        "RECIPIENT": 12,
        "RECIPIENT_NOTICE": 13,
        "FINDING_EVIDENCE": 14,
        "WINBACK_LETTER": 15,
        "VOICE_ALERT": 16,
    }


def test_a_refusal_tells_the_key_id_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    sealed = seal(PLAIN, key=KEY, cell=CELL)
    try:
        open_sealed(sealed, key=a_key(2), cell=CELL)
    except SealBroken as broken:
        logging.getLogger("test").exception("opening failed")
        told = traceback.TracebackException.from_exception(broken, capture_locals=True)
    said = "".join(told.format()) + caplog.text
    assert a_key(2).key_id.hex() in said
    for secret in (KEY.secret, a_key(2).secret, PLAIN):
        assert repr(bytes(secret))[2:-1] not in said
        assert secret.hex() not in said


def test_a_nonce_is_where_the_format_says() -> None:
    nonce = bytes(range(NONCE_BYTES))
    assert seal_with_nonce(PLAIN, key=KEY, cell=CELL, nonce=nonce)[6:18] == nonce


def test_a_cell_holds_no_secret_and_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(CELL)) == CELL  # noqa: S301 - our own bytes
