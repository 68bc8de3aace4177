"""What a summary is made of: one row for each customer, or for each customer and cell of events, and its features.

A view without a summary is compiled as it is. What customers are grouped by, and who is in the population, belongs to
the customer; so where events are put into cells, it is asked of all of the customer's events and joined.
"""

from dataclasses import replace
from datetime import datetime

import polars as pl

from hub.views.compile import Tables, check_grid, compile_view
from hub.views.dimension import cell_of
from hub.views.folding import SUBJECT, Permitted
from hub.views.spec import Population, ViewSpec, needed_features


def compile_rows(spec: ViewSpec, tables: Tables, permitted: Permitted, *, as_of: datetime) -> pl.LazyFrame:
    """Return a view's rows at one instant; of a summary what its figures are made of, which never leaves.

    Raises:
        CutRefused: the instant is not on the view's grid.

    """
    summary = spec.summary
    if summary is None or not summary.of_events:
        return compile_view(spec, tables, permitted, as_of=as_of)
    check_grid(spec, as_of)
    measured = replace(spec, population=Population(), features=needed_features(spec, summary.measured))
    rows = compile_view(measured, tables, permitted, as_of=as_of, cell=cell_of(spec, as_of))
    plain = spec.population == Population() and not summary.grouping
    if plain:
        return rows
    of_customer = replace(spec, features=needed_features(spec, summary.grouping), summary=replace(summary, min_staff=0))
    customers = compile_view(of_customer, tables, permitted, as_of=as_of)
    return rows.join(customers, on=SUBJECT, how="inner")
