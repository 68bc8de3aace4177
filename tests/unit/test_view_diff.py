"""What a version changes is said in plain words, and nothing that changes its rules goes unsaid."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hub.inspection.diff import changes
from hub.views.feature import Aggregate, Comparison, Condition, Derived, DerivedOp, Meaning, Op, Rows, Shape, Unit
from hub.views.load import catalogue_spec, draft_text, load_spec
from hub.views.spec import Grid, Outcome, Reads, ViewSpec

BASE = catalogue_spec("churn_signals")
PLACED = "orders (status is placed)"
ORDERED = Outcome(rows=(Rows(table="orders"),), wanted=True)
PLACE = next(at for at, feature in enumerate(BASE.features) if feature.name == "orders_365d")
FIRST = BASE.features[PLACE]


def edited(**fields: object) -> ViewSpec:
    """Change one feature."""
    assert isinstance(FIRST, Aggregate)
    return replace(BASE, features=(*BASE.features[:PLACE], replace(FIRST, **fields), *BASE.features[PLACE + 1 :]))


EDITS = {
    "purpose": replace(BASE, purpose="winback"),
    "consumer": replace(BASE, consumer="another"),
    "description": replace(BASE, description="other words"),
    "grid": replace(BASE, grid=Grid.DAY),
    "reads": replace(BASE, reads=Reads(per=Grid.WEEK, at_most=2)),
    "k": replace(BASE, k=7),
    "expires": replace(BASE, expires_days=9),
    "quasi": replace(BASE, quasi_identifiers=("orders_365d",)),
    "label": replace(BASE, label=None),
    "horizon": replace(BASE, label=replace(BASE.label, horizon_days=30)),
    "outcomes": replace(
        BASE, label=replace(BASE.label, outcomes=(Outcome(rows=(Rows(table="orders"),), wanted=True),))
    ),
    "population": replace(BASE, population=replace(BASE.population, none_of=())),
    "added": replace(BASE, features=(*BASE.features, Derived(name="x", op=DerivedOp.TOTAL, left="a", right="b"))),
    "removed": replace(BASE, features=BASE.features[:-1]),
    "op": edited(op=Op.DISTINCT),
    "column": edited(column="channel"),
    "window": edited(rows=replace(FIRST.rows, window_days=30)),
    "filter": edited(rows=replace(FIRST.rows, conditions=(Condition("status", Comparison.NOT_NULL),))),
    "part": edited(part=(Condition("status", Comparison.NULL),)),
    "levels": edited(levels=("a",)),
    "shape": edited(shape=Shape(round_to=5)),
    "inner": edited(shape=replace(FIRST.shape, released=False)),
    "meaning": edited(meaning=Meaning(unit=Unit.DAYS)),
    "every": edited(every_days=3),
}


@given(st.sampled_from(sorted(EDITS)), st.sampled_from(sorted(EDITS)))
def test_a_change_is_told_exactly_where_the_rules_differ(one: str, other: str) -> None:
    old, new = EDITS[one], EDITS[other]
    assert bool(changes(old, new)) == (old.hash != new.hash)


def test_changes_are_sentences() -> None:
    said = [changes(BASE, EDITS[name]) for name in ("k", "reads", "window", "shape", "grid", "quasi")]
    assert said == [
        ("the smallest group is now 7, not 1",),
        ("it may now be read at most 2 times a week, not any number of times",),
        (f"orders_365d: counts {PLACED} in the last 30 days, not {PLACED} in the last 365 days",),
        ("orders_365d: leaves rounded to 5, not at most 500",),
        ("it is now read at the start of each day, not each month",),
        ("orders_365d is now a quasi-identifier: groups below 1 by it are hidden",),
    ]


def test_the_order_of_inner_columns_is_a_rule_too() -> None:
    turned = replace(BASE, features=BASE.features[::-1])
    assert turned.hash != BASE.hash
    assert changes(BASE, turned) == ("columns stand in another order",)


def test_where_nothing_was_approved_all_that_leaves_is_told() -> None:
    told = changes(None, BASE)
    assert len(told) == 1 + len(BASE.released)
    assert all(feature.name in text for feature, text in zip(BASE.released, told[1:], strict=True))


def test_a_draft_can_be_submitted_as_it_is_and_says_what_each_line_decides() -> None:
    text = draft_text("my_view")
    spec = load_spec(text)
    assert (spec.name, spec.reads) == ("my_view", Reads(per=Grid.MONTH, at_most=3))
    assert text.count("#") > 15
