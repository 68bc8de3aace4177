"""`varde view catalogue`: the views that there are to start from, and all of them as drafts."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.message import counted, say
from hub.cli.table import Format, FormatOption, Table, show
from hub.views.load import catalogue_names, catalogue_spec, catalogue_text
from hub.views.spec import ViewSpec

_COLUMNS = ("view", "purpose", "a row is", "columns", "label", "tables")


def catalogue(
    *,
    purpose: Annotated[str | None, typer.Option("--purpose", help="Only views of this purpose.")] = None,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="FOLDER", help="Write them as drafts; none is overwritten.")
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List the default catalogue's views, or write them into a folder as drafts to change and submit."""
    chosen = [spec for spec in map(catalogue_spec, catalogue_names()) if purpose in (None, spec.purpose)]
    if not chosen:
        raise typer.BadParameter("no view of the catalogue is for this purpose")
    if into is not None:
        _write(into, [spec.name for spec in chosen])
        return
    show(Table(_COLUMNS, [_row(spec) for spec in chosen], "Catalogue"), form)


def _row(spec: ViewSpec) -> tuple[object, ...]:
    grain = "figures of many" if spec.summary else spec.key.kind.value if spec.key else spec.grain.value
    return (
        spec.name,
        spec.purpose,
        grain,
        len(spec.columns),
        spec.label.name if spec.label else None,
        ", ".join(spec.tables),
    )


def _write(folder: Path, names: list[str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = [name for name in names if not (folder / f"{name}.yaml").exists()]
        for name in fresh:
            (folder / f"{name}.yaml").write_text(catalogue_text(name), encoding="utf-8")
    except OSError as exc:
        raise typer.BadParameter(f"the folder cannot be written ({type(exc).__name__}); name another") from None
    kept = len(names) - len(fresh)
    say(f"Wrote {counted(len(fresh), 'draft', 'drafts')}; {counted(kept, 'file was', 'files were')} there before.")
    say("Change what does not fit, then `varde view submit FILE`; a DPO who is not the author approves it.")
