"""Sealing over pairs of cells: a value opens where it was sealed and at no other place, however alike."""

from dataclasses import fields

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from privacy.errors import SealBroken
from privacy.sealing import Cell, SealedTable, open_sealed, seal
from tests.builders import a_cell, a_key

PARTS = st.binary(max_size=4)  # short on purpose: parts that could run into one another
CELLS = st.builds(
    Cell,
    instance=PARTS,
    table=st.sampled_from(SealedTable),
    field=st.integers(0, 3),
    row=PARTS,
    revision=st.integers(0, 3),
)


@given(plain=st.binary(max_size=64), cell=CELLS)
def test_a_value_comes_back(plain: bytes, cell: Cell) -> None:
    assert open_sealed(seal(plain, key=a_key(), cell=cell), key=a_key(), cell=cell) == plain


@given(one=CELLS, other=CELLS)
@example(one=a_cell(instance=b"a", row=b"bc"), other=a_cell(instance=b"ab", row=b"c"))
@example(one=a_cell(instance=b"", row=b"\0\0"), other=a_cell(instance=b"\0\0", row=b""))
def test_two_cells_that_differ_never_open_each_other(one: Cell, other: Cell) -> None:
    assume(one != other)
    with pytest.raises(SealBroken):
        open_sealed(seal(b"value", key=a_key(), cell=one), key=a_key(), cell=other)


@given(one=CELLS, other=CELLS, part=st.sampled_from([field.name for field in fields(Cell)]))
def test_one_part_of_another_cell_is_enough_to_refuse(one: Cell, other: Cell, part: str) -> None:
    assume(getattr(one, part) != getattr(other, part))
    parts = {field.name: getattr(one, field.name) for field in fields(Cell)}
    moved = Cell(**parts | {part: getattr(other, part)})
    with pytest.raises(SealBroken):
        open_sealed(seal(b"value", key=a_key(), cell=one), key=a_key(), cell=moved)


@given(one=CELLS, other=CELLS)
def test_different_cells_have_different_associated_data(one: Cell, other: Cell) -> None:
    assert (one.aad(a_key()) == other.aad(a_key())) == (one == other)
    assert one.aad(a_key(1)) != one.aad(a_key(2))


@given(noise=st.binary(max_size=80))
def test_bytes_from_nowhere_are_refused_and_never_crash(noise: bytes) -> None:
    with pytest.raises(SealBroken):
        open_sealed(b"VRD\x01\x00\x01" + noise, key=a_key(), cell=a_cell())
    with pytest.raises(SealBroken):
        open_sealed(noise, key=a_key(), cell=a_cell())
