"""Blind indexes: the same value is found in its own scope and tells nothing in another."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.blind_index import CANDIDATE_BYTES, FULL_BYTES, REFERENCE_BYTES, BlindIndex, reference_of
from privacy.keys import Key, KeyKind
from privacy.terms import KeyId
from tests.builders import a_key


def test_one_value_has_one_token_in_its_scope() -> None:
    email = BlindIndex(a_key(), "email")
    assert email.token_of("a@b.no") == email.token_of("a@b.no")
    assert email.token_of("a@b.no") != email.token_of("b@b.no")


def test_scopes_keys_and_versions_are_apart() -> None:
    indexes = [BlindIndex(a_key(key), scope) for key in (1, 2) for scope in ("email", "phone", "source_key:crm")]
    assert len({index.token_of("4711") for index in indexes}) == len(indexes)


def test_no_letter_can_move_from_scope_to_value() -> None:
    assert BlindIndex(a_key(), "ab").token_of("c") != BlindIndex(a_key(), "a").token_of("bc")
    assert BlindIndex(a_key(), "").token_of("\0\1ab") != BlindIndex(a_key(), "a").token_of("b")


def test_many_tokens_are_the_tokens_one_by_one() -> None:
    index = BlindIndex(a_key(), "email")
    assert index.tokens_of(["a", "", "ø"]) == [index.token_of(value) for value in ("a", "", "ø")]
    assert index.tokens_of([]) == []


@pytest.mark.parametrize("length", [REFERENCE_BYTES, CANDIDATE_BYTES, FULL_BYTES])
def test_a_short_token_is_the_beginning_of_the_long_one(length: int) -> None:
    assert BlindIndex(a_key(), "x", FULL_BYTES).token_of("v").startswith(BlindIndex(a_key(), "x", length).token_of("v"))
    assert len(BlindIndex(a_key(), "x", length).token_of("v")) == length


@pytest.mark.parametrize("length", [-1, 0, 7, 33])
def test_a_length_at_which_tokens_meet_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="8 to 32"):
        BlindIndex(a_key(), "x", length)


def test_references_are_signed_and_take_eight_bytes() -> None:
    assert reference_of([b"\x00" * 7 + b"\x01", b"\xff" * 8, b"\x80" + b"\x00" * 7]) == [1, -1, -(2**63)]


@given(st.binary(min_size=32, max_size=32), st.text(), st.lists(st.text()))
def test_a_token_is_the_hmac_of_rfc_2104(secret: bytes, scope: str, values: list[str]) -> None:
    index = BlindIndex(Key(KeyId(bytes(16)), KeyKind.INDEX, secret), scope, FULL_BYTES)
    prefix = len(scope.encode()).to_bytes(2, "big") + scope.encode()
    assert index.tokens_of(values) == [hmac.digest(secret, prefix + value.encode(), "sha256") for value in values]
