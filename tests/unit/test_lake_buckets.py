import random
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.lake.buckets import MAX_MODULUS, Bucket, bucket, bucket_of, buckets, modulus_for, owners_in, owners_of
from tests.builders_lake import NOON, ORDERS, orders, record

ids = st.one_of(st.none(), st.binary(min_size=16, max_size=16))
rows = st.lists(st.tuples(ids, ids, st.integers(0, 10**14)), min_size=1, max_size=60)


def frame_of(drawn: list[tuple[bytes | None, bytes | None, int]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "person": [person for person, _, _ in drawn],
            "organisation": [organisation for _, organisation, _ in drawn],
            "event_time": [NOON + timedelta(microseconds=us) for _, _, us in drawn],
            "event_id": range(len(drawn)),
            "amount_minor": [0] * len(drawn),
            "employee": [None] * len(drawn),
        },
        schema=ORDERS,
    )


def cut_of(frame: pl.DataFrame, modulus: int) -> list[Bucket]:
    return buckets(owners_of(frame), frame["event_time"], modulus)


@given(rows, st.sampled_from([1, 2, 16, 64]))
def test_every_row_lies_once_in_the_bucket_of_its_record_sorted_by_record_and_time(
    drawn: list[tuple[bytes | None, bytes | None, int]], modulus: int
) -> None:
    frame = frame_of(drawn)
    cut = cut_of(frame, modulus)
    assert sorted(i for each in cut for i in each.order) == list(range(len(drawn)))
    for each in cut:
        owners = [drawn[i][0] or drawn[i][1] for i in each.order]
        assert all((bucket_of(owner) if owner else 0) % modulus == each.remainder for owner in owners)
        keys = [
            (owner is not None, (owner or b"")[:8], drawn[i][2]) for owner, i in zip(owners, each.order, strict=True)
        ]
        assert keys == sorted(keys)


@given(rows)
def test_the_expression_and_its_twin_agree(drawn: list[tuple[bytes | None, bytes | None, int]]) -> None:
    expected = [bucket_of(person or organisation or b"\0") for person, organisation, _ in drawn]
    assert frame_of(drawn).select(bucket()).to_series().to_list() == expected


@pytest.mark.parametrize("step_us", [1, 1_000, 1_000_000, 10**11 + 1])
def test_order_holds_for_every_time_unit(step_us: int) -> None:
    times = [NOON + timedelta(microseconds=step_us * (i * 7 % 300)) for i in range(300)]
    frame = orders([i % 3 for i in range(300)]).with_columns(event_time=pl.Series(times, dtype=ORDERS["event_time"]))
    (only,) = cut_of(frame, 1)
    ordered = frame[only.order]
    assert ordered.equals(ordered.sort("person", "event_time"))


def test_plain_sort_takes_over_when_rank_and_time_need_more_than_64_bits() -> None:
    many = 1 << 14
    odd = orders(range(many)).with_columns(
        event_time=pl.Series([NOON] * (many - 1) + [NOON.replace(year=9999)], dtype=ORDERS["event_time"])
        + pl.Series([timedelta(microseconds=i % 2) for i in range(many)])
    )
    span = odd["event_time"].to_physical()
    assert (int(span.max()) - int(span.min())).bit_length() + many.bit_length() > 64
    (only,) = cut_of(odd, 1)
    assert odd[only.order].equals(odd[only.order].sort("person", "event_time"))


@given(st.integers(0, 10**9))
def test_modulus_is_a_power_of_two_within_bounds_and_grows_with_rows(rows: int) -> None:
    modulus = modulus_for(rows)
    assert 1 <= modulus <= MAX_MODULUS
    assert modulus & (modulus - 1) == 0
    assert modulus <= modulus_for(rows + 50_000)


@pytest.mark.parametrize(("rows", "modulus"), [(0, 1), (99_999, 1), (100_000, 2), (3_200_000, 64), (10**8, 64)])
def test_modulus_at_its_boundaries(rows: int, modulus: int) -> None:
    assert modulus_for(rows) == modulus


def test_records_of_one_prefix_share_a_bucket_and_lose_nothing() -> None:
    twins = orders([1, 1]).with_columns(person=pl.Series([record(1)[:8] + b"a" * 8, record(1)[:8] + b"b" * 8]))
    assert sum(each.order.len() for each in cut_of(twins, 64)) == 2


@given(rows, st.sampled_from([1, 4, 64]), st.randoms())
def test_rows_that_carry_numbers_are_cut_and_ordered_as_rows_that_carry_ids(
    drawn: list[tuple[bytes | None, bytes | None, int]], modulus: int, order: random.Random
) -> None:
    frame = frame_of(drawn)
    known = sorted({owner for person, organisation, _ in drawn for owner in (person, organisation) if owner})
    order.shuffle(known)
    roster = pl.Series(known, dtype=pl.Binary)
    number = {owner: at for at, owner in enumerate(known)}
    numbered = frame.with_columns(
        pl.Series("person", [number.get(person or b"") for person, _, _ in drawn], dtype=pl.UInt32),
        pl.Series("organisation", [number.get(org or b"") for _, org, _ in drawn], dtype=pl.UInt32),
    )
    by_number = buckets(owners_in(numbered, roster), frame["event_time"], modulus)
    by_id = cut_of(frame, modulus)
    assert [(each.remainder, each.order.len()) for each in by_number] == [(e.remainder, e.order.len()) for e in by_id]
    for numbers, plain in zip(by_number, by_id, strict=True):
        keys = pl.coalesce("person", "organisation").bin.slice(0, 8).alias("owner"), "event_time"
        assert frame[numbers.order].select(keys).equals(frame[plain.order].select(keys))


@given(rows)
def test_rows_in_the_order_of_time_are_ordered_as_any_others(
    drawn: list[tuple[bytes | None, bytes | None, int]],
) -> None:
    frame = frame_of(drawn)
    keys = pl.coalesce("person", "organisation").bin.slice(0, 8).alias("owner"), "event_time"
    in_time = frame.sort("event_time")
    (by_time,), (anyhow,) = cut_of(in_time, 1), cut_of(frame, 1)
    assert in_time[by_time.order].select(keys).equals(frame[anyhow.order].select(keys))
