"""The room of unread answers: never more than it has, but for one that is alone; and what was given back is there."""

from typing import Final
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.api.unread import MEBIBYTE, Share, Unread
from hub.errors import AnswersUnread

MOST: Final = 4
SIZES: Final = st.integers(0, 6 * MEBIBYTE)


@given(acts=st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), SIZES)), max_size=30))
def test_the_room_is_what_a_ledger_of_shares_says(acts: list[tuple[int, int | None]]) -> None:
    room = Unread(MOST)
    shares, held = [Share(room) for _ in range(6)], dict[int, int]()
    for number, size in acts:
        held.pop(number, None)
        if size is None:
            shares[number].give_back()
        elif size > MEBIBYTE and held and sum(held.values()) + size > MOST * MEBIBYTE:
            with pytest.raises(AnswersUnread, match="4 MiB"):
                room.take(shares[number], size)
        else:
            room.take(shares[number], size)
            held |= {number: size} if size > MEBIBYTE else {}
        assert room.held_bytes == sum(held.values())
        assert len(held) <= 1 or room.held_bytes <= MOST * MEBIBYTE


def test_what_leaves_in_a_piece_is_not_weighed() -> None:
    room = Unread(1)
    with patch("hub.api.unread.PIECE_BYTES", 10):
        room.take(Share(room), 2 * MEBIBYTE)
        room.take(Share(room), 10)
        with pytest.raises(AnswersUnread):
            room.take(Share(room), 11)


def test_whoever_is_gone_before_their_answer_is_built_holds_nothing() -> None:
    """A request that is cancelled ends; the thread that builds for it goes on, and weighs what it built."""
    room = Unread(1)
    share = Share(room)
    share.give_back()
    share.weigh(pl.DataFrame({"number": pl.zeros(MEBIBYTE, dtype=pl.Int32, eager=True)}))
    assert room.held_bytes == 0
