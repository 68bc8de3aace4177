"""Sealing over pairs of cells: a value opens where it was sealed and at no other place, however alike."""

from dataclasses import fields, replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from privacy.errors import SealBroken
from privacy.keys import Key, KeyColumn, KeyKind
from privacy.sealing import Cell, CellColumn, SealedTable, open_column, open_sealed, seal, seal_column
from privacy.terms import BatchId
from tests.builders import a_cell, a_key

PART_NAMES = tuple(field.name for field in fields(Cell))
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


KEYS = st.integers(1, 3).map(a_key)
FULL = st.binary(min_size=16, max_size=16)
REAL_CELLS = st.builds(
    Cell,
    instance=FULL,
    table=st.sampled_from(SealedTable),
    field=st.integers(0, 65_535),
    row=FULL,
    revision=st.integers(0, 2**63),
)


@given(
    one=REAL_CELLS, other=REAL_CELLS, keys=st.tuples(KEYS, KEYS), part=st.sampled_from([*PART_NAMES, "key", "value"])
)
def test_what_two_cells_exchange_opens_in_neither(one: Cell, other: Cell, keys: tuple[Key, Key], part: str) -> None:
    """Two sealed cells swap one part, their key or their whole value: neither opens the other's."""
    first, second = (seal(b"value", key=key, cell=cell) for key, cell in zip(keys, (one, other), strict=True))
    if part == "value":
        assume((one, keys[0].key_id) != (other, keys[1].key_id))
        swapped = ((second, keys[0], one), (first, keys[1], other))
    elif part == "key":
        assume(keys[0] != keys[1])
        swapped = ((first, keys[1], one), (second, keys[0], other))
    else:
        assume(getattr(one, part) != getattr(other, part))
        swapped = (
            (first, keys[0], replace(one, **{part: getattr(other, part)})),
            (second, keys[1], replace(other, **{part: getattr(one, part)})),
        )
    for sealed, key, cell in swapped:
        with pytest.raises(SealBroken):
            open_sealed(sealed, key=key, cell=cell)


@given(one=REAL_CELLS, keys=st.tuples(KEYS, KEYS))
def test_a_secret_under_another_key_id_opens_nothing(one: Cell, keys: tuple[Key, Key]) -> None:
    assume(keys[0] != keys[1])
    with pytest.raises(SealBroken):
        open_sealed(seal(b"v", key=keys[0], cell=one), key=replace(keys[0], key_id=keys[1].key_id), cell=one)


@given(noise=st.binary(max_size=80))
def test_bytes_from_nowhere_are_refused_and_never_crash(noise: bytes) -> None:
    with pytest.raises(SealBroken):
        open_sealed(b"VRD\x01\x00\x01" + noise, key=a_key(), cell=a_cell())
    with pytest.raises(SealBroken):
        open_sealed(noise, key=a_key(), cell=a_cell())


@given(st.lists(st.tuples(st.text(max_size=9), FULL, st.integers(1, 2**40)), max_size=5))
def test_a_column_is_sealed_as_each_of_its_values_would_be(rows: list[tuple[str, bytes, int]]) -> None:
    texts, records, revisions = (
        [text for text, _, _ in rows],
        [record for _, record, _ in rows],
        [n for _, _, n in rows],
    )
    keys = KeyColumn.drawn(KeyKind.RECORD, records, BatchId(b"b" * 16))
    cells = CellColumn(instance=b"i" * 16, table=SealedTable.HELD_TEXT, field=2, rows=records, revisions=revisions)
    sealed = seal_column(texts, keys=keys, cells=cells)
    assert len({*keys.key_ids, *keys.each()}) == 2 * len(rows)
    held = [Key(key_id, KeyKind.RECORD, secret) for key_id, secret in zip(keys.key_ids, keys.each(), strict=True)]
    assert open_column(sealed, keys=held, cells=cells) == [text.encode() for text in texts]
    for value, text, record, revision, key_id, secret in zip(
        sealed, texts, records, revisions, keys.key_ids, keys.each(), strict=True
    ):
        cell = Cell(instance=b"i" * 16, table=SealedTable.HELD_TEXT, field=2, row=record, revision=revision)
        assert open_sealed(value, key=Key(key_id, KeyKind.RECORD, secret), cell=cell) == text.encode()


@given(
    at=st.integers(0, 200),
    flipped=st.integers(1, 255),
    kept=st.one_of(st.none(), st.integers(0, 40)),
    place=st.integers(0, 2),
)
def test_a_column_with_one_altered_value_is_not_opened(at: int, flipped: int, kept: int | None, place: int) -> None:
    keys = [a_key()] * 3
    cells = CellColumn(
        instance=b"i" * 16, table=SealedTable.HELD_TEXT, field=2, rows=[b"a", b"b", b"c"], revisions=[1, 2, 3]
    )
    each = zip(keys, cells.rows, cells.revisions, strict=True)
    sealed = [
        seal(b"x" * 9, key=key, cell=Cell(instance=b"i" * 16, table=cells.table, field=2, row=row, revision=revision))
        for key, row, revision in each
    ]
    assert open_column(sealed, keys=keys, cells=cells) == [b"x" * 9] * 3
    changed = bytearray(sealed[place][:kept])
    if changed:
        changed[at % len(changed)] ^= flipped
    sealed[place] = bytes(changed)
    with pytest.raises(SealBroken):
        open_column(sealed, keys=keys, cells=cells)
