"""Rows at several instants, each for people of its own, are what one instant after the other gives of them."""

from datetime import timedelta
from random import Random

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from hub.views.compile import compile_each, compile_view
from hub.views.folding import Permitted
from hub.views.rules import check
from hub.views.spec import ViewSpec
from hub.views.values import Span, within, within_any
from tests.oracle.view_cases import AS_OF, frames, permitted_of, specs, world_of
from tests.oracle.view_keyed_cases import keyed_specs

FEWER = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
RANDOMS = st.randoms(use_true_random=True)
CUTS = [AS_OF - timedelta(days=days) for days in (400, 31, 30, 0)]


@FEWER
@given(RANDOMS, st.one_of(specs(), keyed_specs()))
def test_instants_read_together_are_as_read_one_by_one(rng: Random, spec: ViewSpec) -> None:
    check(spec)
    world = world_of(rng, spec)
    tables, everybody = frames(world), permitted_of(world)
    subjects = everybody.subjects.select("subject").unique().collect()["subject"]
    chosen = {cut: rng.sample(sorted(subjects), rng.randint(0, len(subjects))) for cut in CUTS}
    read: list[int] = []
    asked = [(cut, _only(everybody, chosen[cut])) for cut in CUTS]
    found = compile_each(spec, tables, asked, before_part=lambda: read.append(1))
    for (cut, theirs), plan in zip(asked, found, strict=True):
        together = plan.collect()
        assert_frame_equal(together, compile_view(spec, tables, theirs, as_of=cut).collect(), check_row_order=False)
        if not spec.groups_rows:
            alone = compile_view(spec, tables, everybody, as_of=cut).filter(pl.col("subject").is_in(chosen[cut]))
            assert_frame_equal(together, alone.collect(), check_row_order=False)
    of_rows = [*(each.rows for each in spec.aggregates), *spec.population.any_of, *spec.population.none_of]
    of_tables = {rows.table for rows in of_rows}
    assert len(read) == sum(len(tables.get(table, ())) or 1 for table in of_tables), "each part is read once"


def _only(everybody: Permitted, chosen: list[int]) -> Permitted:
    theirs = everybody.subjects.filter(pl.col("subject").is_in(chosen))
    return Permitted(theirs, everybody.persons, everybody.redactor)


@given(st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 40)), st.integers(1, 30)), min_size=1, max_size=6))
def test_spans_together_hold_what_each_holds(given_spans: list[tuple[int | None, int]]) -> None:
    begin = AS_OF - timedelta(days=50)
    spans = []
    for since, days in given_spans:
        start = None if since is None else begin + timedelta(days=since)
        spans.append(Span(start, (start or begin) + timedelta(days=days)))
    events = pl.DataFrame({"event_time": [begin + timedelta(hours=12 * step) for step in range(-4, 160)]})
    each = events.filter(pl.any_horizontal(within(span) for span in spans))
    assert events.filter(within_any(spans)).equals(each)
