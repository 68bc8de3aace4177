import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from privacy.cosignature import cosign, cosigner_key
from privacy.keys import Key, KeyKind
from privacy.terms import KeyId
from privacy.verifier import ProofRejected, verifier_key_of, verify_cosignature

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "cosignatures.json").read_text(encoding="utf-8")
)
NAME = VECTORS["name"]
KEY = Key(KeyId(bytes(16)), KeyKind.SIGNING, bytes.fromhex(VECTORS["seed"]))
AT = datetime.fromtimestamp(VECTORS["seconds"], UTC)
TEXT = VECTORS["lines"][0]["text"]


def test_key_of_the_vectors_is_written_as_others_write_it() -> None:
    assert str(cosigner_key(NAME, KEY)) == VECTORS["vkey"]
    assert cosigner_key(NAME, KEY) == verifier_key_of(VECTORS["vkey"])


@pytest.mark.parametrize("vector", VECTORS["lines"], ids=["checkpoint", "with an extension line"])
def test_cosignature_of_the_vectors_is_made_alike(vector: dict[str, str]) -> None:
    line = cosign(vector["text"], cosigner=NAME, key=KEY, at=AT)
    assert line == vector["line"]
    assert verify_cosignature(f"{vector['text']}\n{line}", cosigner_key(NAME, KEY)) == VECTORS["seconds"]


def test_extension_lines_are_part_of_what_is_cosigned() -> None:
    extended = VECTORS["lines"][1]
    with pytest.raises(ProofRejected, match="RFC 8032"):
        verify_cosignature(f"{extended['text']}another line\n\n{extended['line']}", cosigner_key(NAME, KEY))


@pytest.mark.parametrize("text", ["", "origin\n3\n", "origin\nthree\nAAAA\n", TEXT.rstrip("\n")])
def test_what_is_no_checkpoint_is_not_cosigned(text: str) -> None:
    with pytest.raises(ProofRejected):
        cosign(text, cosigner=NAME, key=KEY, at=AT)


@pytest.mark.parametrize("name", ["two words", "a+b", ""])
def test_name_that_cannot_name_a_key_is_refused(name: str) -> None:
    with pytest.raises(ProofRejected):
        cosigner_key(name, KEY)


def test_time_zero_is_refused() -> None:
    with pytest.raises(ProofRejected, match="timestamp"):
        cosign(TEXT, cosigner=NAME, key=KEY, at=datetime.fromtimestamp(0.5, UTC))
