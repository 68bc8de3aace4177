"""`varde audit prove`, `receipt`, `export`, `verifier`: what an auditor takes away, to check it without the hub."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

import privacy.verifier
from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say
from hub.cli.note import note_from
from hub.cli.outfile import private_file
from privacy.audit import AuditFields
from privacy.store.audit_checkpoint import newest_checkpoint
from privacy.store.audit_proof import checkpoint_over, export_log, prove_entry, prove_growth

Out = Annotated[Path | None, typer.Option("--out", help="Write here instead of printing; never over another file.")]
Entry = Annotated[
    int, typer.Argument(metavar="ENTRY", min=0, help="Number of an entry, as `varde audit log` shows it.")
]


def prove(
    ctx: typer.Context,
    entry: Annotated[int | None, typer.Argument(metavar="[ENTRY]", min=0, help="Number of an entry.")] = None,
    *,
    consistency: Annotated[
        Path | None, typer.Option("--consistency", help="An older checkpoint: prove growth.")
    ] = None,
    under: Annotated[Path | None, typer.Option("--under", help="Prove under this checkpoint, not the newest.")] = None,
    out: Out = None,
) -> None:
    """Prove that an entry is in the log (C2SP tlog-proof), or that the log only grew since an older checkpoint."""
    if (entry is None) == (consistency is None):
        raise typer.BadParameter("give either an ENTRY or --consistency with an older checkpoint")
    act = acting(ctx, Duty.READ_AUDIT)
    key = act.hub.verifier_key()
    note = None if under is None else note_from(under)
    if note is None:
        act.hub.checkpoint()
    with act.hub.reading() as session:
        if entry is not None:
            proof = prove_entry(session, entry, note or checkpoint_over(session, entry), key)
        else:
            old = note_from(consistency or Path())
            proof = prove_growth(session, old, note or newest_checkpoint(session) or "", key)
    _give([proof.encode()], out)


def receipt(ctx: typer.Context, entry: Entry, *, out: Out = None) -> None:
    """Sign the promise that an entry keeps its place; a later log without it proves that the promise was broken."""
    act = acting(ctx, Duty.VERIFY_AUDIT)
    _give([act.hub.receipt(entry).encode()], out)


def export(ctx: typer.Context, *, out: Out = None) -> None:
    """Write the whole log as NDJSON: every entry's exact bytes and every checkpoint, to be recomputed elsewhere."""
    act = acting(ctx, Duty.READ_AUDIT)
    with act.hub.unit_of_work() as session:
        act.hub.audit(session, "audit.export", act.principal.principal_id, AuditFields(role=act.principal.role))
    act.hub.checkpoint()
    with act.hub.reading() as session:
        _give(export_log(session, act.hub.origin), out)


def verifier(*, out: Out = None) -> None:
    """Write the stand-alone verifier: one file for another machine, which needs only Python and `cryptography`."""
    program = Path(privacy.verifier.__file__).read_bytes()
    _give([program], out)
    say(f"SHA-256 {sha256(program).hexdigest()}: tell it to the auditor by another way than the file.")


def _give(pieces: Iterable[bytes], out: Path | None) -> None:
    if out is None:
        stream = typer.get_binary_stream("stdout")
        for piece in pieces:
            stream.write(piece)
        stream.flush()
        return
    with private_file(out) as file:
        file.writelines(pieces)
