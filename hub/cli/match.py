"""`varde match`: try matching on files of one's own, before anything is taken in; and look at what it found in a home.

What works on a file reads no home and keeps nothing; what works on a home is in `hub.cli.match_review`.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import polars as pl
import typer

from hub.cli.drawing import PictureOption, draw
from hub.cli.duty import Duty
from hub.cli.infile import readable
from hub.cli.invocation import acting
from hub.cli.launch import Invocation
from hub.cli.match_find import find
from hub.cli.match_kind import SEVERAL, KindOption, rebuild_command
from hub.cli.match_model import models, text_of, use
from hub.cli.match_rebuild import rebuild
from hub.cli.match_review import decide, open_, review, undo, why
from hub.cli.message import say, warn
from hub.cli.outfile import private_file
from hub.cli.progress import counting
from hub.cli.table import Format, FormatOption, Table, show
from ingest.errors import ColumnsUnfit
from ingest.match.engine import ENGINES, Engine
from ingest.match.evaluation import Evaluation, Quality, evaluate
from ingest.match.explanation import explain as explain_pair
from ingest.match.form import ATTRIBUTES, mapped
from ingest.match.kinds import COMPARABLE
from ingest.match.learning import learn
from ingest.match.linkage import LEAST
from ingest.match.model import Model, read, written
from ingest.match.organisation import ORGANISATION_ATTRIBUTES
from ingest.match.report import level_rows, told_of
from ingest.match.resolution import Resolution, resolve
from ingest.match.spec import Spec, read_spec
from ingest.pipeline.learning import records_of_home
from privacy.terms import EntityKind

app = typer.Typer(help="Find out how well records of people and organisations are matched.", no_args_is_help=True)
for home_command in (review, why, find, decide, undo, rebuild, use, models):
    app.command()(home_command)
app.command("open")(open_)


Records = Annotated[Path, typer.Argument(metavar="FILE", help="Records: CSV or Parquet, one row each.")]
RecordsOrHome = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="Records: CSV or Parquet; without it, those of this home.")
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="ATTRIBUTE=COLUMN",
        help=f"Which column is what: record, source, entity, {', '.join(ATTRIBUTES)}; of organisations record, source, "
        f"entity, {', '.join(ORGANISATION_ATTRIBUTES)}; columns joined by +.",
    ),
]
ModelFile = Annotated[Path | None, typer.Option("--model", help="A saved model; else one is trained on the file.")]
Truth = Annotated[Path, typer.Option("--truth", help="Which record is whose: columns record and entity.")]
Output = Annotated[Path, typer.Option("--output", help="Where the model goes; it holds shares, no values.")]

_SWEEP: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
_SHARES: Final = ("comparison", "level", "m", "u", "weight")
_BARS: Final = ("from", "pairs", "share")
_BAR: Final = 40
_FEW: Final = 200
"""Joined records below which a model learns next to nothing of look-alikes, and of pairs in doubt nothing at all."""
_FIGURES: Final = ("measure", "precision", "recall", "f1")


@app.command()
def train(
    ctx: typer.Context,
    path: RecordsOrHome = None,
    *,
    output: Output,
    column: Columns = None,
    kind: KindOption = EntityKind.PERSON,
) -> None:
    """Learn from records how alike those of one person or organisation are; write the model with its report."""
    spec = read_spec(kind)
    records = _of_home(ctx, kind) if path is None else _comparable(path, _mapping(column), kind)
    learned = learn(records, spec, engine=_engine(ctx))
    resolution = learned.resolution
    report = learned.report | told_of(resolution.records, resolution.weights, spec, resolution.model)
    with private_file(output) as file:
        file.write(written(resolution.model, report).encode())
    show(Table(_SHARES, level_rows(spec, resolution.model), f"{report['pairs_compared']} pairs compared"), Format.TABLE)
    show(Table(_BARS, _bars(report["weights"]), "pairs compared by weight (log2 odds)"), Format.TABLE)
    say(f"{report['unlinkable']:.1%} of records say too little to be matched, even with a copy of themselves.")
    joined = resolution.linkage.joined.filter(pl.col("at") >= resolution.threshold.at).height
    if joined < _FEW:
        warn(f"only {joined} records were found to be one with another: the shipped model knows more.")
    option = "" if kind is EntityKind.PERSON else f" --kind {kind.value}"
    say(f"Trained on {resolution.model.records} records. `varde match use {output}{option}` lets a home match by it.")


@app.command(name="evaluate")
def evaluate_file(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    path: Records,
    truth: Truth,
    *,
    column: Columns = None,
    model: ModelFile = None,
    kind: KindOption = EntityKind.PERSON,
    picture: PictureOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Match the records of a file and say how good that is, by a truth that is known."""
    mapping = _mapping(column)
    known = _truth(truth, mapping)
    records, spec = _comparable(path, mapping, kind), read_spec(kind)
    resolution = resolve(records, spec, _saved(model, spec), least=LEAST, engine=_engine(ctx))
    evaluation = evaluate(resolution.clusters, known)
    _warn_of_others(evaluation.records, {"the truth": known.height, "the file": records.height})
    sweep = _sweep(resolution, known)
    if picture is not None:
        draw(picture, lambda pictures: pictures.sweep_picture(sweep, at=resolution.threshold.at))
    others = [(f"pairwise at {at:g}", *figures) for at, *figures in sweep]
    show(Table(_FIGURES, [*_rows(evaluation), *others], f"{evaluation.records} records"), form)
    say(
        f"Joined from a mean probability of {resolution.threshold.at:.3f} on, chosen from the records; "
        f"expected pairwise F1 {resolution.threshold.expected_f1:.3f}."
    )
    if resolution.doubts.height:
        warn(f"{resolution.doubts['cluster'].n_unique()} clusters are doubtful and would go to review.")


@app.command()
def explain(  # noqa: PLR0913 - a command's options are its parameters
    path: Records,
    pair: Annotated[tuple[str, str], typer.Argument(metavar="RECORD RECORD", help="Identifiers of two records.")],
    *,
    column: Columns = None,
    model: ModelFile = None,
    kind: KindOption = EntityKind.PERSON,
    picture: PictureOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show what speaks for and against two records being one: closeness and weights, no values."""
    records, spec = _comparable(path, _mapping(column), kind), read_spec(kind)
    told = explain_pair(resolve(records, spec, _saved(model, spec), least=LEAST), spec, *pair)
    if picture is not None:
        steps = [(f"{each.what}: {each.says}", each.weight) for each in told.steps]
        draw(picture, lambda pictures: pictures.waterfall_picture(steps))
    rows = [(step.what, step.says, round(step.weight, 2)) for step in told.steps]
    show(Table(("what", "says", "weight"), [*rows, ("all together", "log2 odds", round(told.weight, 2))]), form)
    ruled = f", joined by the rule `{told.rule}`" if told.rule else ""
    say(f"Probability {told.probability:.3f}{ruled}: {f'one {kind}' if told.together else f'two {SEVERAL[kind]}'}.")


def _saved(path: Path | None, spec: Spec) -> Model | None:
    return None if path is None else read(text_of(path), spec)


def _engine(ctx: typer.Context) -> Engine:
    """Return what compares many records: VARDE_MATCHING_ENGINE."""
    return ENGINES[Invocation.of(ctx).settings().matching_engine]


def _comparable(path: Path, mapping: Mapping[str, str], kind: EntityKind) -> pl.DataFrame:
    read = COMPARABLE[kind]
    return read.form(_records(path, mapping, read.attributes))


def _of_home(ctx: typer.Context, kind: EntityKind) -> pl.DataFrame:
    """Open everybody of a kind in this home; the log is told before each part."""
    act = acting(ctx, Duty.REVIEW_MATCHES)
    with counting(f"Opening {SEVERAL[kind]}") as progress:
        found = records_of_home(replace(act.hub.ports(act.principal.principal_id), progress=progress), kind)
    if found.is_empty():
        raise typer.BadParameter(
            f"no {SEVERAL[kind]} were taken in here whom the model may learn from: take some in (`varde ingest`), "
            f"run `{rebuild_command(kind)}` where exact rules took them in, or name a file"
        )
    return found


def _bars(weights: list[list[int]]) -> list[tuple[object, ...]]:
    most = max((pairs for _, pairs in weights), default=1)
    return [(lower, pairs, "#" * -(-_BAR * pairs // most)) for lower, pairs in weights]


def _mapping(told: list[str] | None) -> dict[str, str]:
    pairs = [each.partition("=") for each in told or ()]
    if not all(name and column for name, _, column in pairs):
        raise typer.BadParameter("a mapping is written ATTRIBUTE=COLUMN")
    return {name: column for name, _, column in pairs}


def _records(path: Path, mapping: Mapping[str, str], attributes: tuple[str, ...]) -> pl.DataFrame:
    """Read records; without `source` they are all of one, and columns that bear an attribute's name need no mapping."""
    table = _table(path, "the file of records")
    named = {name: name for name in ("record", "source", *attributes) if name in table.columns}
    told = named | {name: column for name, column in mapping.items() if name != "entity"}
    records = mapped(table, told, attributes)
    return records if "source" in records.columns else records.with_columns(source=pl.lit("file"))


def _truth(path: Path, mapping: Mapping[str, str]) -> pl.DataFrame:
    """Read whose each record is; its columns may be called as in the records' file, or by their own names."""
    table = _table(path, "the truth")
    told = {name: mapping.get(name, name) for name in ("record", "entity")}
    found = {name: column if column in table.columns else name for name, column in told.items()}
    if not set(found.values()) <= set(table.columns):
        raise ColumnsUnfit("the truth has no column record or entity", "Map them with --column entity=COLUMN")
    return table.select(pl.col(column).alias(name) for name, column in found.items())


def _table(path: Path, what: str) -> pl.DataFrame:
    """Read a file as text; what its reader says of it may hold values, so it is not repeated.

    Raises:
        ColumnsUnfit: the file is none of its kind.
        BadParameter: it cannot be read at all.

    """
    try:
        with readable(what):
            table = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    except pl.exceptions.NoDataError:
        raise ColumnsUnfit(f"{what} is empty", "Its first line names the columns") from None
    except pl.exceptions.PolarsError as exc:
        raise ColumnsUnfit(f"{what} is no table ({type(exc).__name__})", "Give a CSV or Parquet file") from None
    return table.select(pl.all().cast(pl.String).str.strip_chars().replace("", None)).rename(str.strip)


def _warn_of_others(compared: int, told: Mapping[str, int]) -> None:
    """Say how many records have no counterpart: else figures of a few would look like those of all."""
    left_out = [f"{rows - compared} of {rows} in {where}" for where, rows in told.items() if rows > compared]
    if left_out:
        warn(f"figures are of the {compared} records that truth and file both have; left out: {', '.join(left_out)}.")


def _rows(evaluation: Evaluation) -> list[tuple[object, ...]]:
    by_sources = [
        (f"pairwise {one} - {other}", *_figures(quality)) for (one, other), quality in evaluation.by_sources.items()
    ]
    several = by_sources if len(by_sources) > 1 else []
    return [("pairwise", *_figures(evaluation.pairwise)), ("B-cubed", *_figures(evaluation.b_cubed)), *several]


def _sweep(resolution: Resolution, truth: pl.DataFrame) -> list[tuple[float, float, float, float]]:
    """Say what other thresholds would have given, pairwise."""
    rows = []
    for threshold in _SWEEP:
        cut = resolution.clusters.with_columns(cluster=pl.Series(resolution.linkage.clusters(threshold)))
        rows.append((threshold, *_figures(evaluate(cut, truth).pairwise)))
    return rows


def _figures(quality: Quality) -> tuple[float, float, float]:
    return round(quality.precision, 4), round(quality.recall, 4), round(quality.f1, 4)
