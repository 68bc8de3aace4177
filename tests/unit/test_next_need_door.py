"""What comes next as the child tells it: against lists made by hand, and nothing named to whom it does not fit."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from predict.errors import FrameRefused, MessageRefused
from predict.feature import LANGUAGES
from predict.next_need.door import Kind, answer
from predict.studies import load_study
from predict.wire import Message, arrow

AT = datetime(2026, 3, 2, tzinfo=UTC)
OFTEN = {Kind.PRODUCT: "product_orders_730d", Kind.FUNCTION: "function_days_90d"}
LATELY = {Kind.PRODUCT: "product_orders_90d", Kind.FUNCTION: "function_days_90d"}
SINCE = {Kind.PRODUCT: "days_since_product", Kind.FUNCTION: "days_since_function"}
Pairs = dict[tuple[int, int], int]
some_pairs: st.SearchStrategy[Pairs] = st.dictionaries(
    st.tuples(st.integers(0, 7), st.integers(0, 11)), st.integers(0, 4), min_size=1, max_size=40
)
"""Days since by customer and thing: small numbers, so that shares and ranks tie."""


def frame_of(kind: Kind, pairs: Pairs) -> pl.DataFrame:
    """Lay out pairs; in even days the thing was taken lately."""
    return pl.DataFrame(
        [
            {
                "pseudonym": bytes([who]),
                "as_of": AT,
                "product": f"p{thing:02}",
                OFTEN[kind]: 1 + days if kind is Kind.PRODUCT else 1 - days % 2,
                LATELY[kind]: 1 - days % 2,
                SINCE[kind]: 10 * days,
            }
            for (who, thing), days in pairs.items()
        ]
    )


def coming(kind: Kind, frame: pl.DataFrame, **fields: Any) -> pl.DataFrame:
    asked = Message({"kind": kind.value, "language": "en", **fields}, {"pairs": arrow(frame)}, {"pairs": "arrow"})
    return answer(asked).frame("coming")


def expected(kind: Kind, pairs: Pairs, places: int) -> list[tuple[bytes, int, str, str, float, int]]:
    """Rank by hand: what is own by times and days, then what most others took lately, in the order of the alphabet."""
    everybody = sorted({who for who, _ in pairs})
    takers = {thing: sum(days % 2 == 0 for (_, one), days in pairs.items() if one == thing) for _, thing in pairs}
    popular = sorted(takers, key=lambda thing: (-takers[thing], thing))
    rows = []
    for who in everybody:
        mine = {thing: days for (one, thing), days in pairs.items() if one == who}
        own = sorted(mine, key=lambda thing: (-mine[thing], thing))[:10] if kind is Kind.PRODUCT else []
        others = [thing for thing in popular if thing not in mine and takers[thing]]
        for place, thing in enumerate([*own, *others][:places], start=1):
            basis = "own" if thing in own else "everybody"
            share = round(takers[thing] / len(everybody), 6)
            rows.append((bytes([who]), place, f"p{thing:02}", basis, share, len(everybody)))
    return rows


@given(some_pairs, st.sampled_from(Kind), st.integers(1, 10))
@example({(0, 0): 0, (1, 0): 0, (2, 0): 0, (3, 0): 1, (4, 1): 0}, Kind.PRODUCT, 1)  # 0.6000000000000001 once
def test_each_place_is_what_a_person_would_have_listed(pairs: Pairs, kind: Kind, places: int) -> None:
    rows = coming(kind, frame_of(kind, pairs), places=places)
    told = rows.select("pseudonym", "place", kind.value, "basis", "share", "customers").rows()
    assert told == expected(kind, pairs, places)


@given(some_pairs)
def test_no_function_is_named_to_whom_it_is_known_even_if_given_up(pairs: Pairs) -> None:
    frame = frame_of(Kind.FUNCTION, pairs)
    rows = coming(Kind.FUNCTION, frame).rename({"function": "product"})
    assert rows.join(frame, on=["pseudonym", "product"], how="semi").is_empty()
    assert (rows["share"] > 0).all()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_row_says_why_in_each_language(language: str) -> None:
    pairs = {(0, 0): 2, (0, 1): 0, (1, 2): 4, (2, 1): 0}
    for kind in Kind:
        rows = coming(kind, frame_of(kind, pairs), language=language)
        assert rows["because"].null_count() == 0
        assert (rows["because"].str.len_chars() > 10).all()
    own = coming(Kind.PRODUCT, frame_of(Kind.PRODUCT, pairs), language=language).row(0, named=True)
    assert (own["basis"], "3" in own["because"], "20" in own["because"]) == ("own", True, True)


@pytest.mark.parametrize("kind", Kind)
def test_of_nobody_nothing_is_told(kind: Kind) -> None:
    rows = coming(kind, frame_of(kind, {(0, 0): 0}).clear())
    assert rows.is_empty()
    assert rows.columns == ["pseudonym", "as_of", "place", kind.value, "basis", "share", "customers", "because"]


@pytest.mark.parametrize(
    "wrong", [{"kind": "contact"}, {"language": "fi"}, {"places": 0}, {"places": 11}, {"places": True}]
)
def test_a_question_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    asked = Message({"kind": "product", "language": "en", **wrong})
    with pytest.raises(MessageRefused, match=next(iter(wrong))):
        load_study("next")(asked)


def test_a_view_without_a_column_is_refused_by_its_name() -> None:
    frame = frame_of(Kind.PRODUCT, {(0, 0): 0}).drop("days_since_product")
    with pytest.raises(FrameRefused, match="days_since_product"):
        coming(Kind.PRODUCT, frame)
