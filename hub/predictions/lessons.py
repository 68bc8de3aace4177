"""What a module is taught and shown: which instants of a view, which columns, and what is said of each.

A view that serves a module has one row a customer, or a machine of one, and teaches the label that the module declares.
Whoever is scored must stand in the columns that were learned. A module knows a machine by its owner's pseudonym and its
own behind it, as one: a machine that was sold is another row with each owner.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.lake.catalogue import files_of
from hub.lake.terms import FileState
from hub.predictions.store import TrainedModel
from hub.views.compile import AS_OF
from hub.views.feature import Aggregate, Feature, Op
from hub.views.gateway import PSEUDONYM
from hub.views.load import load_spec
from hub.views.registry import readable_spec
from hub.views.release import dtype_of
from hub.views.row_key import RowKind
from hub.views.spec import Grid, ViewSpec, header_of
from hub.views.version import find_version
from predict.registry import DECLARED

_MOST_CUTS: Final = 36
_FILLED: Final = 0.01
_TRAINING: Final = "_training"
_SCORING: Final = "_scoring"


def scoring_view_of(view: str) -> str:
    """Name the view by which a model scores that learned from a view."""
    stem = view.removesuffix(_TRAINING)
    return view if stem == view else f"{stem}{_SCORING}"


def described(spec: ViewSpec) -> list[dict[str, object]]:
    """Say of each released number or level what a module may know: name, unit, role and words."""
    kinds, texts = _levels(spec), _texts(spec)
    return [
        {**entry, "role": "level" if entry["name"] in kinds else entry["role"] or "plain"}
        for entry in header_of(spec)
        if entry["name"] not in texts
    ]


def families_of(spec: ViewSpec) -> dict[str, list[str]]:
    """Say of each released feature which tables it is made from: what is lost where nobody delivers one."""
    by_name = {feature.name: feature for feature in spec.features}

    def tables(name: str) -> set[str]:
        feature = by_name[name]
        if isinstance(feature, Aggregate):
            return {feature.rows.table}
        return set[str]().union(*(tables(each) for each in feature.reads))

    return {feature.name: sorted(tables(feature.name)) for feature in spec.released}


def segments_in(frame: pl.DataFrame, spec: ViewSpec) -> pl.DataFrame | None:
    """Return the levels that a view releases beside its numbers: what figures are shown by; None where it has none.

    Never what people wrote.
    """
    levels = sorted(_levels(spec) & set(frame.columns))
    return by_row(frame, spec).select(PSEUDONYM, AS_OF, *levels) if levels else None


def by_row(frame: pl.DataFrame, spec: ViewSpec) -> pl.DataFrame:
    """Put the pseudonym of what a row is in the place of its owner's: of a machine both; customers stay as they are."""
    if spec.key is None:
        return frame
    return frame.with_columns(pl.col(PSEUDONYM) + pl.col(spec.key.name)).drop(spec.key.name)


def of_rows(scores: pl.DataFrame, spec: ViewSpec) -> pl.DataFrame:
    """Take apart again what `by_row` put together: whose a machine is, and the machine beside it."""
    if spec.key is None:
        return scores
    both = pl.col(PSEUDONYM)
    half = (both.bin.size() // 2).cast(pl.Int64)
    return scores.with_columns(both.bin.slice(0, half), both.bin.slice(half).alias(spec.key.name))


def labelled_cuts(spec: ViewSpec, *, since: datetime, known_until: datetime) -> list[datetime]:
    """List the grid's first instant of each month after the first of history whose label window ended in the past."""
    if spec.label is None:
        return []
    horizon = timedelta(days=spec.label.starts_days + spec.label.horizon_days)
    first = _next_month(_next_month(since))
    cuts = []
    while (cut := _at_or_after(spec.grid, first)) + horizon <= known_until:
        cuts.append(cut)
        first = _next_month(first)
    return cuts[-_MOST_CUTS:]


def well_filled(frame: pl.DataFrame, cuts: list[datetime]) -> list[datetime]:
    """Leave out the first instants of a training while they hold hardly anybody.

    A single mistyped year would otherwise begin the history of everybody, and every month in between teach that nobody
    did anything. An instant counts from where it holds `_FILLED` of the rows of the fullest; later ones all stay.
    """
    counts = dict(frame.group_by(AS_OF).len().iter_rows())
    least = max(counts.values(), default=0) * _FILLED
    first = next((place for place, cut in enumerate(cuts) if counts.get(cut, 0) >= least), 0)
    return cuts[first:]


def newest_cut(spec: ViewSpec, known_until: datetime, now: datetime) -> datetime:
    """Return the instant of the view's grid to score at: the first one that has seen all that is known.

    If that lies in the future (the month is still running, or something was dated ahead), the last one that does not.
    """
    known_until = min(known_until, now)
    latest, following = _around(spec.grid, known_until)
    if latest == known_until:
        return latest
    return following if following <= now else latest


def _around(grid: Grid, at: datetime) -> tuple[datetime, datetime]:
    """Return the grid's instants at or before, and after, an instant."""
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if grid is Grid.MONTH:
        return midnight.replace(day=1), _next_month(midnight)
    step = timedelta(days=7 if grid is Grid.WEEK else 1)
    latest = midnight - timedelta(days=midnight.weekday() if grid is Grid.WEEK else 0)
    return latest, latest + step


def on_grid(cut: datetime, grid: Grid) -> bool:
    """Say whether a midnight is an instant of a grid."""
    return _at_or_after(grid, cut) == cut


def _at_or_after(grid: Grid, at: datetime) -> datetime:
    latest, following = _around(grid, at)
    return latest if latest == at else following


def _next_month(at: datetime) -> datetime:
    start = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (start + timedelta(days=32)).replace(day=1)


def spec_of(hub: Hub, view: str) -> ViewSpec:
    """Return an approved view whose rows are customers or machines; raises AccessRefused for any other."""
    with hub.reading() as session:
        spec = readable_spec(session, hub.policy(), view, at=hub.clock())
    if spec.summary is not None or (spec.key is not None and spec.key.kind is not RowKind.ASSET):
        raise AccessRefused("rows_are_no_customers", "Use a view of person, organisation or asset grain")
    return spec


def customers_of(hub: Hub, view: str) -> ViewSpec:
    """Return an approved view whose rows are customers: kept scores lie by customer, one row each.

    Raises:
        AccessRefused: its rows are machines, or something else.

    """
    spec = spec_of(hub, view)
    if spec.key is not None:
        raise AccessRefused("scores_not_kept", "Scores of machines are shown and not kept: compare models instead")
    return spec


def known_since(hub: Hub, spec: ViewSpec) -> datetime:
    """Return the first event time in the tables that say who is a customer; if that is later, in those of the label.

    Before anything of an outcome was told, that it did not come about is ignorance.
    """
    customers = _first(hub, {rows.table for rows in spec.population.any_of})
    return customers if spec.label is None else max(customers, _first(hub, {rows.table for rows in spec.label.rows}))


def known_until(hub: Hub, spec: ViewSpec) -> datetime:
    """Return the end of what is known: just after the last event that makes somebody a customer, never after now."""
    files = _files(hub, {rows.table for rows in spec.population.any_of})
    last = max((file.max_event_at for file in files), default=hub.clock())
    return min(last + timedelta(microseconds=1), hub.clock())


def _first(hub: Hub, tables: Collection[str]) -> datetime:
    return min((file.min_event_at for file in _files(hub, tables)), default=hub.clock())


def _files(hub: Hub, tables: Collection[str]) -> list[Any]:
    with hub.reading() as session:
        return [f for table in tables for f in files_of(session, table=table, states=[FileState.LIVE])]


def modelled(frame: pl.DataFrame, spec: ViewSpec) -> pl.DataFrame:
    """Give a module the types it knows: whole and real numbers, flags, and text whose levels are declared."""
    return (
        by_row(frame, spec)
        .drop(pl.selectors.string() - pl.selectors.by_name(_levels(spec), require_all=False))
        .with_columns(
            pl.col(pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.Int8, pl.Int16, pl.Int32).cast(pl.Int64),
            pl.col(pl.Float32).cast(pl.Float64),
        )
    )


def _levels(spec: ViewSpec) -> set[str]:
    """Name the text columns of which a contract or the view says what may stand in them, never what people wrote."""
    return {one.name for one in spec.released if dtype_of(one) == pl.String and not _is_text(one)}


def _texts(spec: ViewSpec) -> set[str]:
    return {one.name for one in spec.released if _is_text(one)}


def _is_text(feature: Feature) -> bool:
    return isinstance(feature, Aggregate) and feature.op is Op.TEXT


def verify_model(hub: Hub, model: TrainedModel, spec: ViewSpec) -> None:
    """Refuse a model that learned other columns, or of other customers, than a view has."""
    same = model.spec_hash == spec.hash
    if model.view != spec.name:
        with hub.reading() as session:
            found = find_version(session, model.view, model.view_version)
        taught = None if found is None else load_spec(found.spec)
        same = taught is not None and taught.hash == model.spec_hash and _counted(taught) == _counted(spec)
    if not same:
        raise AccessRefused("model_of_other_view_version", "The view changed since training: train the module again")


def verify_label(spec: ViewSpec, module: str) -> None:
    """Refuse a view that teaches something else than the module foretells, or nothing."""
    wanted, taught = DECLARED[module].label.name, None if spec.label is None else spec.label.name
    if taught != wanted:
        remedy = f"Module {module} learns the label {wanted}; view {spec.name} teaches {taught or 'none'}"
        raise AccessRefused("label_of_other_module", remedy)


def _counted(spec: ViewSpec) -> tuple[object, ...]:
    """Return what decides who is a row of a view and what stands in it."""
    return spec.features, spec.population, spec.grain, spec.key, spec.purpose, spec.quasi_identifiers, spec.k
