"""Random views whose rows are machines, products, messages or weeks of a customer."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from hub.views.feature import Aggregate, Comparison, Condition, Measure, Op
from hub.views.row_key import RowKey, RowKind
from hub.views.spec import ViewSpec
from privacy.terms import EntityKind
from tests.oracle.view_cases import rows, view

_KEYED: list[tuple[RowKey, list[tuple[str, dict[str, Any], list[Op]]]]] = [
    (
        RowKey(kind=RowKind.ASSET),
        [
            ("asset_readings", {"column": "value"}, [Op.MEAN, Op.MAX, Op.LAST, Op.STD, Op.DISTINCT]),
            ("asset_readings", {}, [Op.COUNT, Op.DAYS_SINCE, Op.GAP_MEAN]),
            ("service_events", {"column": "duration_minutes"}, [Op.SUM, Op.COUNT]),
            ("service_events", {}, [Op.COUNT, Op.DAYS_SINCE, Op.DAYS_SINCE_FIRST]),
        ],
    ),
    (
        RowKey(kind=RowKind.CUSTOMER_PRODUCT, column="product_code"),
        [
            ("order_lines", {}, [Op.COUNT, Op.DAYS_SINCE, Op.GAP_MEAN]),
            ("order_lines", {"column": "quantity"}, [Op.SUM, Op.MEAN]),
            ("order_lines", {"of": Measure.SUM, "column": "amount_minor"}, [Op.TREND, Op.TREND_DIFFERENCE]),
        ],
    ),
    (
        RowKey(kind=RowKind.MESSAGE),
        [
            ("messages", {"column": "text_redacted"}, [Op.TEXT]),
            ("messages", {}, [Op.COUNT, Op.DAYS_SINCE, Op.HOURS_SINCE]),
            ("messages", {"column": "thread_ref"}, [Op.THREAD]),
            ("messages", {"column": "channel", "levels": ("chat",)}, [Op.LAST]),
        ],
    ),
    (
        RowKey(kind=RowKind.TIME_BUCKET, bucket_days=7),
        [
            ("orders", {}, [Op.COUNT]),
            ("orders", {"column": "amount_minor"}, [Op.SUM, Op.MEAN, Op.MAX, Op.STD, Op.LAST]),
            ("orders", {"column": "channel"}, [Op.DISTINCT]),
            ("tickets", {"part": (Condition("escalated", Comparison.IN, (True,)),)}, [Op.SHARE]),
        ],
    ),
]


@st.composite
def keyed_specs(draw: DrawFn) -> ViewSpec:
    """Draw a view whose rows are machines, products, messages or weeks of a customer."""
    key, reads = draw(st.sampled_from(_KEYED))
    features = []
    for number in range(draw(st.integers(2, 5))):
        table, keys, ops = draw(st.sampled_from(reads))
        op, chosen = draw(st.sampled_from(ops)), draw(rows(table))
        if op.compares:
            chosen = replace(chosen, window_days=30)
        if key.bucket_days:
            chosen = replace(
                chosen, window_days=draw(st.sampled_from([28, 84])), offset_days=draw(st.sampled_from([0, 7]))
            )
        features.append(Aggregate(name=f"f{number}", op=op, rows=chosen, **keys))
    spec = view(features, grain=draw(st.sampled_from(EntityKind)))
    return replace(spec, key=key, k=2 if key.column else 1)
