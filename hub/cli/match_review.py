"""`varde match review|open|why|decide|undo`: what matching found in this home, and people's word on it."""

from typing import Annotated, Final

import typer

from hub.cli.drawing import PictureOption, draw
from hub.cli.duty import Duty
from hub.cli.invocation import Acting, acting
from hub.cli.match_kind import SEVERAL, KindOption, matching_set
from hub.cli.message import counted, say, would
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.compose import Hub
from hub.views.withdrawal import withdraw
from ingest.pipeline.deciding import Word
from ingest.pipeline.deciding import decide as let_hold
from ingest.pipeline.deciding import undo as take_back
from ingest.pipeline.reviewing import opened, steps_of, waiting
from ingest.store.batch import visible_batches
from ingest.store.identity import kinds_of
from ingest.store.match_decision import Verdict
from ingest.store.match_edge import find_edge
from ingest.store.record import find_records
from privacy.terms import BatchId, EntityKind, RecordId

Pair = Annotated[tuple[str, str], typer.Argument(metavar="A B", help="Two records: ids as listed, or SOURCE:KEY.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, as one word such as household or called_them.")]
_PLACES: Final = ("first", "second")
_HOW: Final = "name it SOURCE:KEY as it was delivered, or by an id that `varde match review` lists"


def review(
    ctx: typer.Context,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many pairs at most.")] = 50,
    kind: KindOption = EntityKind.PERSON,
    form: FormatOption = Format.TABLE,
) -> None:
    """List pairs that somebody should look at: near the threshold, or likely and kept apart. No values are shown."""
    act = acting(ctx, Duty.REVIEW_MATCHES)
    matching = matching_set(act.hub, kind)
    rows = []
    for edge in waiting(act.hub.ports(act.principal.principal_id), matching.model, limit=limit):
        told = [step for step in steps_of(edge, matching.model)[1:-1] if step.says != "absent"]
        agrees = ", ".join(f"{step.what}: {step.says}" for step in told if step.weight > 0)
        differs = ", ".join(step.what for step in told if step.weight < 0)
        joined = "one" if edge.together else "two"
        rows.append((edge.record.hex(), edge.other.hex(), round(edge.probability, 3), joined, agrees, differs))
    show(Table(("record", "other", "probability", "now", "agrees", "differs"), rows, "To be looked at"), form)


def open_(
    ctx: typer.Context,
    pair: Pair,
    *,
    reason: Reason,
    kind: KindOption = EntityKind.PERSON,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show what two records say, side by side. The audit log is told first: who, which records, and why."""
    act = acting(ctx, Duty.REVIEW_MATCHES)
    told = opened(_records(act.hub, pair, kind), reason, act.principal.role, act.hub.ports(act.principal.principal_id))
    if told is None:
        raise typer.BadParameter("matching has not found these two alike, or one is being erased: nothing to look at")
    show(Table(("attribute", "a", "b"), list(told.rows), "Side by side"), form)


def why(
    ctx: typer.Context,
    pair: Pair,
    *,
    kind: KindOption = EntityKind.PERSON,
    picture: PictureOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show what speaks for and against two records of this home being one: closeness and weights, no values."""
    act = acting(ctx, Duty.REVIEW_MATCHES)
    matching = matching_set(act.hub, kind)
    records = _records(act.hub, pair, kind)
    with act.hub.reading() as session:
        edge = find_edge(session, *records)
    if edge is None:
        say("These two were never compared, or are nothing like each other.")
        return
    told = steps_of(edge, matching.model)
    if picture is not None:
        weights = [(f"{step.what}: {step.says}", step.weight) for step in told]
        draw(picture, lambda pictures: pictures.waterfall_picture(weights))
    steps = [(step.what, step.says, round(step.weight, 2)) for step in told]
    show(Table(("what", "says", "weight"), [*steps, ("all together", "log2 odds", round(edge.weight, 2))]), form)
    ruled = f", joined by the rule `{edge.rule}`" if edge.rule else ""
    say(f"Probability {edge.probability:.3f}{ruled}: {f'one {kind}' if edge.together else f'two {SEVERAL[kind]}'} now.")


def decide(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    pair: Pair,
    verdict: Verdict,
    *,
    reason: Reason,
    kind: KindOption = EntityKind.PERSON,
    dry_run: DryRun = False,
) -> None:
    """Say that two records are the `same` or `different`; it holds through every later delivery."""
    act = acting(ctx, Duty.REVIEW_MATCHES)
    matching, (one, other) = matching_set(act.hub, kind), _records(act.hub, pair, kind)
    if dry_run:
        would(f"say that two records are {verdict.value}")
        return
    word = Word(pair=(one, other), verdict=verdict, reason=reason, role=act.principal.role)
    moved = let_hold(word, act.hub.ports(act.principal.principal_id), matching)
    withdraw(act.hub)
    say(f"Noted; {counted(moved, 'record', 'records')} changed entity.")


def undo(
    ctx: typer.Context,
    batch: Annotated[str, typer.Argument(help="A batch id, or its beginning: `varde batch list`.")],
    *,
    dry_run: DryRun = False,
) -> None:
    """Take back what a delivery joined: its records stay, and those that it joined are kept apart from then on."""
    act = acting(ctx, Duty.REVIEW_MATCHES)
    batch_id = _batch(act, batch)
    if dry_run:
        would("take back what the delivery joined")
        return
    moved = take_back(batch_id, act.principal.role, act.hub.ports(act.principal.principal_id))
    withdraw(act.hub)
    say(f"{counted(moved, 'record is where it was', 'records are where they were')} before.")


def _batch(act: Acting, name: str) -> BatchId:
    with act.hub.reading() as session:
        found = [each.batch_id for each in visible_batches(session) if each.batch_id.hex().startswith(name)]
    if not found:
        raise typer.BadParameter("there is no such delivery; `varde batch list` shows them")
    if len(found) > 1:
        raise typer.BadParameter(f"{len(found)} deliveries begin so: write more of the id (`varde batch list`)")
    return BatchId(found[0])


def _records(hub: Hub, pair: tuple[str, str], kind: EntityKind) -> tuple[RecordId, RecordId]:
    """Return the two records that are named.

    Raises:
        BadParameter: one is not here, or is of the other kind, or both are one; no key is repeated.

    """
    one, other = (_record(hub, name, kind) for name in pair)
    for place, record in zip(_PLACES, (one, other), strict=True):
        if record is None:
            raise typer.BadParameter(f"the {place} is no record of that kind here, or was erased: {_HOW}")
    if one is None or other is None or one == other:
        raise typer.BadParameter("both are one record: name two")
    return one, other


def _record(hub: Hub, name: str, kind: EntityKind) -> RecordId | None:
    source, colon, key = name.partition(":")
    if colon:
        token = hub.indexes().source_key(source, kind).token_of(key)
        with hub.reading() as session:
            return find_records(session, [token]).get(token)
    try:
        record = RecordId(bytes.fromhex(name))
    except ValueError:
        return None
    with hub.reading() as session:
        return record if kinds_of(session, [record]) == {kind} else None
