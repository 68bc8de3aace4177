"""`varde match find`: who a record would be that nobody delivered yet."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from hub.cli.duty import Duty
from hub.cli.infile import text_in
from hub.cli.invocation import acting
from hub.cli.match_kind import OWN, KindOption, matching_set
from hub.cli.message import counted, say
from hub.cli.table import Format, FormatOption, Table, show
from ingest.match.kinds import COMPARABLE
from ingest.pipeline.arriving import Arriving
from ingest.pipeline.lookup import Found, Lookup
from ingest.pipeline.reviewing import steps_of
from privacy.audit import SHAPES, AuditFields
from privacy.terms import EntityKind, RecordId, random_id

_UNFIT: Final = "write one JSON object, from attribute to text; attributes are"


def find(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="SOURCE:KEY", help="Whose record it is, in its source.")],
    file: Annotated[Path, typer.Argument(help="One JSON object: attribute to text. Values never stand in a command.")],
    *,
    country: Annotated[str, typer.Option("--country", help="Where numbers come from, as the contract says it.")] = "",
    kind: KindOption = EntityKind.PERSON,
    form: FormatOption = Format.TABLE,
) -> None:
    """Say who a record would be if it were delivered now: closeness and weights, no values. Nothing of it is kept."""
    act = acting(ctx, Duty.REVIEW_MATCHES)
    source, colon, key = name.partition(":")
    if not colon or not SHAPES["source"].admits(source):  # else the log would refuse it, once somebody was opened
        raise typer.BadParameter("name the record as SOURCE:KEY, the source without 7 digits in a row")
    arriving = Arriving(source=source, key=key, attributes=_attributes(file, kind), country=country or None, kind=kind)
    lookup = Lookup(matching_set(act.hub, kind))
    found = lookup.find(arriving, act.hub.ports(act.principal.principal_id))
    like_it = {edge.record for edge in found.edges} | {edge.other for edge in found.edges}
    fields = AuditFields(
        act_id=random_id(),
        role=act.principal.role,
        source=source,
        outcome="nobody" if found.entity is None else "known",
        entity=found.entity,
        records=tuple(sorted(RecordId(record) for record in like_it - {found.record})) or None,
    )
    with act.hub.unit_of_work() as session:
        act.hub.audit(session, "match.find", act.principal.principal_id, fields)
    _show(found, lookup, form)


def _show(found: Found, lookup: Lookup, form: Format) -> None:
    rows = []
    for edge in found.edges:
        other = edge.other if edge.record == found.record else edge.record
        told = [step for step in steps_of(edge, lookup.model)[1:-1] if step.says != "absent"]
        agrees = ", ".join(f"{step.what}: {step.says}" for step in told if step.weight > 0)
        differs = ", ".join(step.what for step in told if step.weight < 0)
        joined = "one" if edge.together else "two"
        rows.append((other.hex(), found.homes[other].hex(), round(edge.probability, 3), joined, agrees, differs))
    show(Table(("record", "entity", "probability", "then", "agrees", "differs"), rows, "Like it"), form)
    if found.entity is None:
        say(f"It would be {OWN[lookup.kind]} of its own.")
    else:
        say(f"It would belong to {found.entity.hex()}.")
    if found.moved:
        say(f"{counted(found.moved, 'other record', 'other records')} would change entity.")
    for doubt in found.doubts:
        say(f"Somebody should look: {doubt}.")


def _attributes(file: Path, kind: EntityKind) -> dict[str, str]:
    """Read attributes; what is wrong with them is told without a word of theirs."""
    known = COMPARABLE[kind].attributes
    remedy = f"{_UNFIT} {', '.join(known)}"
    try:
        told: Any = json.loads(text_in(file, "the file"))
    except ValueError:
        raise typer.BadParameter(f"the file is no JSON: {remedy}") from None
    if not isinstance(told, dict) or not told:
        raise typer.BadParameter(f"the file holds no attributes: {remedy}")
    if not set(known) >= told.keys():
        raise typer.BadParameter(f"the file names something that is no attribute of {OWN[kind]}: {remedy}")
    if not all(isinstance(value, str) for value in told.values()):
        raise typer.BadParameter(f"the file has a value that is no text: put it in quotes; {remedy}")
    return told
