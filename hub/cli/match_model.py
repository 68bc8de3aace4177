"""`varde match use|models`: by which model this home matches people or organisations, and by which it did."""

import hashlib
from pathlib import Path
from typing import Annotated, Final

import typer

from hub.cli.duty import Duty
from hub.cli.infile import text_in
from hub.cli.invocation import acting
from hub.cli.match_kind import SEVERAL, KindOption, rebuild_command
from hub.cli.message import say, warn, would
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.keystore.matching import is_readable, shipped_of
from ingest.match.saved import saved, verify_words
from ingest.match.spec import read_spec
from ingest.store.match_model import ModelSet, last_number, models_set, set_model
from privacy.audit import AuditFields
from privacy.store.epoch import lock_epoch
from privacy.terms import EntityKind

SHIPPED: Final = "shipped"

ModelName = Annotated[
    str, typer.Argument(metavar="FILE", help=f"A model that `varde match train` wrote, or `{SHIPPED}` for the own one.")
]


def use(ctx: typer.Context, model: ModelName, *, kind: KindOption = EntityKind.PERSON, dry_run: DryRun = False) -> None:
    """Match people, or organisations, by this model from now on. It is kept in the home, beside those before it."""
    act = acting(ctx, Duty.REVIEW_MATCHES)
    document = None if model == SHIPPED else text_of(Path(model))
    chosen = shipped_of(kind) if document is None else saved(document, read_spec(kind))
    if document is not None:
        verify_words(document, chosen.spec)
    if dry_run:
        would(f"match {SEVERAL[kind]} by a model of {chosen.model.records} records")
        return
    whole = hashlib.sha256((document or SHIPPED).encode()).hexdigest()
    with act.hub.unit_of_work() as session:
        lock_epoch(session)
        told = ModelSet(
            number=last_number(session, kind) + 1,
            document=document,
            digest=chosen.digest,
            records=chosen.model.records,
            by=act.principal.principal_id,
            at=act.hub.clock(),
        )
        set_model(session, kind, told)
        fields = AuditFields(sha256=whole, rows=told.records, outcome=kind.value, role=act.principal.role)
        act.hub.audit(session, "match.model", act.principal.principal_id, fields)
    say(
        f"{SEVERAL[kind].capitalize()} are matched by model {told.number} from now on, learned from {told.records} "
        f"records. Who was compared before is compared by it when `{rebuild_command(kind)}` runs."
    )


def models(ctx: typer.Context, *, kind: KindOption = EntityKind.PERSON, form: FormatOption = Format.TABLE) -> None:
    """List the models that this home matched people, or organisations, by, the newest first."""
    act = acting(ctx, Duty.REVIEW_MATCHES)
    with act.hub.reading() as session:
        found = models_set(session, kind)
    rows = [
        (each.number, SHIPPED if each.document is None else each.digest.hex(), each.records, each.at, each.by.hex())
        for each in found
    ]
    if not rows:
        several, records = SEVERAL[kind].capitalize(), shipped_of(kind).model.records
        say(f"{several} are matched by the shipped model, learned from {records} records.")
        return
    show(Table(("number", "model", "records", "since", "by"), rows, "Models, the newest in use"), form)
    if found[0].document is not None and not is_readable(found[0].document, kind):
        warn("the newest was learned for another form or spec: the shipped model serves until you train one anew.")


def text_of(path: Path) -> str:
    """Read a model's file.

    Raises:
        BadParameter: it cannot be read.

    """
    return text_in(path, "the model")
