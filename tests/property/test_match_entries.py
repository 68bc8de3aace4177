"""Entries of blocks: nothing is lost or made up when they are cut, packed, read back or thinned."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.match.entries import IN_A_BLOCK, Entries, bits_for
from ingest.match.keys import TOKEN_BITS

TOKENS = st.integers(0, 2**TOKEN_BITS - 1)
PAIRS = st.lists(st.tuples(TOKENS | st.integers(0, 3), st.integers(0, 5).map(lambda n: bytes([n]) * 16)))


def entries_of(pairs: list[tuple[int, bytes]]) -> Entries:
    return Entries.of([token for token, _ in pairs], [record for _, record in pairs])


def pairs_of(entries: Entries) -> list[tuple[int, bytes]]:
    return list(zip(entries.tokens.tolist(), entries.ids(), strict=True))


@given(PAIRS)
def test_ordered_entries_stand_once_and_by_token(pairs: list[tuple[int, bytes]]) -> None:
    found = pairs_of(entries_of(pairs).ordered())
    assert sorted(found) == sorted(set(pairs))
    assert [token for token, _ in found] == sorted(token for token, _ in found)


@given(PAIRS, st.integers(0, 6))
def test_blocks_hold_every_entry_where_it_is_looked_for(pairs: list[tuple[int, bytes]], bits: int) -> None:
    ordered = entries_of(pairs).ordered()
    blocks = list(ordered.blocks(bits))
    for number, block in blocks:
        assert set(block.blocks_of(bits).tolist()) == {number}
    columns = [block.packed() for _, block in blocks]
    assert pairs_of(Entries.unpacked([tokens for tokens, _ in columns], [ids for _, ids in columns])) == pairs_of(
        ordered
    )


@given(PAIRS, PAIRS)
def test_who_is_among_others_is_told_by_token_and_record(
    some: list[tuple[int, bytes]], others: list[tuple[int, bytes]]
) -> None:
    told = entries_of(some).among(entries_of(others)).tolist()
    assert told == [pair in set(others) for pair in some]


@given(st.integers(0, 2**24))
def test_blocks_are_of_about_one_size(entries: int) -> None:
    blocks = 1 << bits_for(entries)
    assert entries / blocks <= IN_A_BLOCK
    assert blocks == 1 or entries / blocks > IN_A_BLOCK / 2
