import xml.etree.ElementTree as ET

import pytest

from hub.inspection.lineage import Thread

pytest.importorskip("altair", reason="pictures need the extra `plots`")


def drawn(*threads: Thread) -> tuple[list[str], list[str]]:
    from hub.cli.picture_lineage import lineage_picture

    root = ET.fromstring(lineage_picture(threads, "churn_signals"))  # noqa: S314 - a picture of ours
    words = [str(each.text) for each in root.iter() if each.text and each.text.strip()]
    lines = [str(each.get("aria-label")) for each in root.iter() if "use:" in str(each.get("aria-label"))]
    return words, lines


ORDERS = Thread(
    column="orders_90d",
    sources=("orders.event_time", "orders.state"),
    used_by=("churn",),
    unused_by=("winback",),
    recipients=("customer success",),
)


def test_a_column_is_followed_from_where_it_is_read_to_who_receives_it():
    words, lines = drawn(ORDERS)
    named = {"orders.event_time", "orders.state", "orders_90d", "churn", "winback", "customer success", "churn_signals"}
    assert all(any(name in word for word in words) for name in named)
    assert len(lines) == 5, "two sources, two models, and from the one that used it to the recipient"
    assert sum("not used" in line for line in lines) == 1


def test_a_column_that_no_model_learned_leaves_all_the_same():
    _, lines = drawn(Thread(column="tickets", sources=("tickets.id",), used_by=(), unused_by=(), recipients=("desk",)))
    assert len(lines) == 2
    assert not any("not used" in line for line in lines)


def test_a_view_that_nothing_receives_is_drawn():
    words, lines = drawn(Thread(column="age", sources=("people.born",), used_by=(), unused_by=(), recipients=()))
    assert "age" in words
    assert len(lines) == 1
