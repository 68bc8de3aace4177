"""`varde predict triggers`: what brings a need up, to be edited; and whether an edited file may be taught with."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import counted, say, warn
from hub.cli.module_name import ModuleName
from hub.predictions.triggers import columns_missing, first_triggers, has_triggers, kept_triggers, read_triggers
from predict.errors import RuleRefused

TriggersFile = Annotated[
    Path | None, typer.Option("--triggers", help="What brings the need up, a file of yours: `varde predict triggers`.")
]


def triggers(
    ctx: typer.Context,
    module: ModuleName,
    *,
    check: Annotated[
        Path | None, typer.Option("--check", help="A file of yours: say whether it keeps the rules.")
    ] = None,
) -> None:
    """Print the triggers that the current model was taught with, else those to begin with, as a file to edit."""
    act = acting(ctx, Duty.TRAIN)
    if check is not None:
        found = triggers_in(check, module) or []
        say(f"{counted(len(found), 'trigger', 'triggers')} that may be taught with: `varde predict train --triggers`.")
        return
    _verify_speaks(module)
    kept = kept_triggers(act.hub, module)
    typer.echo(json.dumps(kept or first_triggers(), indent=2, ensure_ascii=False))
    say("Of the current model." if kept else "To begin with: no model was taught yet.")


def triggers_in(file: Path | None, module: str) -> list[dict[str, Any]] | None:
    """Read a file of triggers; None where none is named. A column that the view lacks is warned of."""
    if file is None:
        return None
    _verify_speaks(module)
    try:
        found = read_triggers(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise typer.BadParameter(f"the triggers cannot be read as UTF-8 ({type(exc).__name__})") from None
    except RuleRefused as exc:
        raise typer.BadParameter(str(exc)) from None
    for name, columns in columns_missing(module, found).items():
        warn(f"trigger {name}: the module's view has no column {', '.join(columns)}, so it never speaks.")
    return found


def _verify_speaks(module: str) -> None:
    if not has_triggers(module):
        raise typer.BadParameter("triggers speak in next_need, next_upgrade and next_service")
