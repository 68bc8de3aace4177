"""`varde audit prove`, `receipt`, `export`, `verifier`: what an auditor takes away, to check it without the hub."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

import privacy.verifier
from hub.anchors.anchor import Level
from hub.anchors.cosigned import cosigned_note, cosigners_of, with_cosignatures
from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say
from hub.cli.note import note_from
from hub.cli.outfile import private_file
from privacy.audit import AuditFields
from privacy.checkpoint import origin_of
from privacy.store.audit_checkpoint import newest_checkpoint
from privacy.store.audit_continuation import logs_of
from privacy.store.audit_proof import checkpoint_over, export_log, prove_entry, prove_growth
from privacy.verifier import VerifierKey, checkpoint_of

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
            proof = prove_entry(session, entry, note or _over(session, entry), key)
        else:
            old = note_from(consistency or Path())
            proof = prove_growth(session, old, note or _after(session, old, key), key)
    _give([proof.encode()], out)
    levels = {each.level for each in act.hub.anchoring.anchors}
    if note is None and not cosigners_of(proof) and Level.WITNESSED in levels:
        say("No witness has cosigned a checkpoint over it yet: `varde audit anchor` asks them, then prove it again.")


def _over(session: Session, entry: int) -> str:
    """Return the note to prove an entry under: one that witnesses cosigned, if one covers it, else the newest."""
    within = ((log, entry - numbers.start) for log, numbers in logs_of(session).items() if entry in numbers)
    cosigned = next((cosigned_note(session, log, above=index) for log, index in within), None)
    return cosigned or checkpoint_over(session, entry)


def _after(session: Session, old: str, key: VerifierKey) -> str:
    """Return the note to prove growth up to, likewise."""
    origin, size = old.split("\n", maxsplit=1)[0], checkpoint_of(old.rpartition("\n\n")[0] + "\n").head.size
    log = next((log for log in logs_of(session) if origin_of(key.name, log) == origin), 0)
    return cosigned_note(session, log, above=size) or newest_checkpoint(session) or ""


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
        _give(with_cosignatures(session, export_log(session, act.hub.origin), list(logs_of(session))), out)


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
