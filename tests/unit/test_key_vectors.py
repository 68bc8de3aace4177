"""The formats of version 1 to the byte, against vectors that were made with none of our code."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hub.kek.file import FileKek
from hub.keystore.binding import wrap_aad
from privacy.blind_index import BlindIndex
from privacy.errors import SealBroken
from privacy.keys import Key, KeyKind
from privacy.pseudonym import PseudonymisationDomain, entity_of, pseudonym_of, pseudonyms_of
from privacy.sealing import Cell, SealedTable, open_sealed, seal_with_nonce
from privacy.terms import DomainName, EntityId, KeyId
from tests.vectors.generate_keys import vectors

FILE = Path(__file__).parents[1] / "vectors" / "keys.json"
VECTORS: dict[str, list[dict[str, Any]]] = json.loads(FILE.read_text(encoding="utf-8"))


def raw(vector: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(vector[name])


def test_the_file_is_what_its_generator_writes() -> None:
    assert vectors() == VECTORS


@pytest.mark.parametrize("vector", VECTORS["sealing_v1"])
def test_sealing_v1(vector: dict[str, Any]) -> None:
    key = Key(key_id=KeyId(raw(vector, "key_id")), kind=KeyKind.RECORD, secret=raw(vector, "secret"))
    cell = Cell(
        instance=raw(vector, "instance"),
        table=SealedTable(vector["table"]),
        field=vector["field"],
        row=raw(vector, "row"),
        revision=vector["revision"],
    )
    sealed = seal_with_nonce(raw(vector, "plain"), key=key, cell=cell, nonce=raw(vector, "nonce"))
    assert sealed.hex() == vector["sealed"]
    assert open_sealed(raw(vector, "sealed"), key=key, cell=cell).hex() == vector["plain"]


@pytest.mark.parametrize("vector", VECTORS["sealing_v1_refused"], ids=lambda vector: vector["because"])
def test_sealing_v1_refuses(vector: dict[str, Any]) -> None:
    """Each value is authentic but for one part: that part alone must be enough."""
    key = Key(key_id=KeyId(raw(vector, "key_id")), kind=KeyKind.RECORD, secret=raw(vector, "secret"))
    cell = Cell(
        instance=raw(vector, "instance"),
        table=SealedTable(vector["table"]),
        field=vector["field"],
        row=raw(vector, "row"),
        revision=vector["revision"],
    )
    with pytest.raises(SealBroken):
        open_sealed(raw(vector, "sealed"), key=key, cell=cell)


def test_every_sealed_table_has_a_vector() -> None:
    assert {vector["table"] for vector in VECTORS["sealing_v1"]} == {int(table) for table in SealedTable}


@pytest.mark.parametrize("vector", VECTORS["wrapped_key_v1"])
def test_wrapped_key_v1(vector: dict[str, Any]) -> None:
    kek = FileKek(raw(vector, "kek"))
    aad = wrap_aad(KeyId(raw(vector, "key_id")), KeyKind(vector["kind"]), raw(vector, "owner"))
    assert kek.kek_id == vector["kek_id"]
    assert kek.unwrap([raw(vector, "wrapped")], [aad]) == [raw(vector, "secret")]


@pytest.mark.parametrize("vector", VECTORS["pseudonym_v1"])
def test_pseudonym_v1(vector: dict[str, Any]) -> None:
    domain = PseudonymisationDomain(DomainName("d"), 1, raw(vector, "secret"))
    entity = EntityId(raw(vector, "entity"))
    assert pseudonym_of(domain, entity).hex() == vector["pseudonym"]
    assert entity_of(domain, pseudonym_of(domain, entity)) == entity
    assert pseudonyms_of(domain, pl.Series([entity], dtype=pl.Binary)).to_list() == [raw(vector, "pseudonym")]


@pytest.mark.parametrize("vector", VECTORS["blind_index_v1"])
def test_blind_index_v1(vector: dict[str, Any]) -> None:
    key = Key(key_id=KeyId(bytes(16)), kind=KeyKind.INDEX, secret=raw(vector, "secret"))
    assert BlindIndex(key, vector["scope"], vector["length"]).token_of(vector["value"]).hex() == vector["token"]
