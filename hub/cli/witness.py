"""`varde witness`: a small witness for other people's logs (C2SP tlog-witness); it needs no hub and no database."""

from pathlib import Path
from typing import Annotated, Final

import typer

from hub.cli.launch import Invocation
from hub.cli.message import say, would
from hub.cli.rehearsal import DryRun
from hub.cli.table import Format, FormatOption, Table, show
from hub.errors import SettingsInvalid
from hub.witness.record import trust as trust_log
from hub.witness.record import verify_new, watched
from hub.witness.witness import Witness, make_witness, open_witness, verified_new
from privacy.verifier import verifier_key_of

DEFAULT_FOLDER: Final = "varde-witness"
DEFAULT_PORT: Final = 8401
Folder = Annotated[
    Path | None, typer.Option("--folder", help="Folder of the witness; else VARDE_WITNESS or ./varde-witness.")
]

app = typer.Typer(help="A witness for the logs of others.", no_args_is_help=True)


@app.command()
def init(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name, a URL without scheme, such as witness.example.org/w1.")],
    *,
    folder: Folder = None,
    dry_run: DryRun = False,
) -> None:
    """Make a witness: a folder with a key of its own. Do it where the log's operator cannot reach."""
    if dry_run:
        verified_new(_folder(ctx, folder), name)
        would("make a witness with a key of its own")
        return
    made = make_witness(_folder(ctx, folder), name)
    typer.echo(str(made.public_key))
    say("This is the witness's public key. Next: `varde witness trust VKEY` for each log, then `varde witness serve`.")


@app.command()
def key(ctx: typer.Context, *, folder: Folder = None) -> None:
    """Print the public key that a log's operator and verifiers configure."""
    typer.echo(str(_opened(ctx, folder).public_key))


@app.command()
def trust(
    ctx: typer.Context,
    vkey: Annotated[str, typer.Argument(help="The log's public key, as its `varde audit key` prints it.")],
    *,
    folder: Folder = None,
    dry_run: DryRun = False,
) -> None:
    """Watch a log from now on: its first checkpoint is taken as it is, every later one must continue it."""
    witness, log = _opened(ctx, folder), verifier_key_of(vkey)
    try:
        if dry_run:
            verify_new(witness.folder, log)
            would(f"watch {log.name}")
            return
        trust_log(witness.folder, log)
    except FileExistsError:
        raise SettingsInvalid("VKEY", "this log is watched already", "Nothing is to be done") from None
    say(f"Watching {log.name}.")


@app.command()
def logs(ctx: typer.Context, *, folder: Folder = None, form: FormatOption = Format.TABLE) -> None:
    """List the logs that are watched, and what was cosigned last."""
    rows = [(record.key.name, record.head.size, str(record.key)) for record in watched(_opened(ctx, folder).folder)]
    show(Table(("log", "cosigned", "key"), rows, "Watched logs"), form)


@app.command()
def serve(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    *,
    folder: Folder = None,
    host: Annotated[str, typer.Option("--host", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Which port.")] = DEFAULT_PORT,
    certificate: Annotated[Path | None, typer.Option("--certificate", help="TLS certificate chain, PEM.")] = None,
    key_file: Annotated[Path | None, typer.Option("--key", help="The certificate's private key, PEM.")] = None,
    tls_at_proxy: Annotated[bool, typer.Option("--tls-at-proxy", help="A proxy before us ends TLS.")] = False,
) -> None:
    """Answer `POST /add-checkpoint` until told to stop (Ctrl-C)."""
    import uvicorn  # noqa: PLC0415 - only this command pays for the server

    from hub.api import serve as http  # noqa: PLC0415 - as above
    from hub.witness.http import create_app  # noqa: PLC0415 - as above

    if (certificate is None) != (key_file is None):
        raise typer.BadParameter("give --certificate and --key together")
    tls: http.Certificate | http.TlsElsewhere | None = http.TlsElsewhere.AT_PROXY if tls_at_proxy else None
    if certificate is not None and key_file is not None:
        tls = http.Certificate(certificate, key_file)
    witness = _opened(ctx, folder)
    app = create_app(witness, Invocation.of(ctx).clock)
    config = http.config_of_app(app, host, port, tls=tls)
    say(f"Witness {witness.name} on {host}:{port}, watching {len(watched(witness.folder))} logs.")
    uvicorn.Server(config).run()


def _folder(ctx: typer.Context, folder: Path | None) -> Path:
    named = folder or Path(Invocation.of(ctx).environment.get("VARDE_WITNESS") or DEFAULT_FOLDER)
    return named.expanduser().absolute()


def _opened(ctx: typer.Context, folder: Path | None) -> Witness:
    return open_witness(_folder(ctx, folder))
