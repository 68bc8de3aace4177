"""`varde receipt`: checking a person's receipt without the hub, and the public keys to check it with."""

import json
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say
from hub.receipts import published_keys
from privacy.receipt import verify_receipt

app = typer.Typer(help="Check receipts of consent acts.", no_args_is_help=True)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The receipt, as `GET /v1/me/receipts/ID` gave it.")],
    *,
    key: Annotated[
        Path,
        typer.Option("--key", help="The public keys: a JWK set, as `/.well-known/jwks.json` or `varde receipt keys`."),
    ],
) -> None:
    """Check a receipt by public keys alone and print what it says; needs no home, no database and no network."""
    try:
        keys = json.loads(key.read_bytes())
        compact = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        raise typer.BadParameter("FILE must be a receipt and --key a JSON Web Key Set, both readable") from None
    if not isinstance(keys, dict):
        raise typer.BadParameter("--key must be a JSON Web Key Set")
    told = verify_receipt(compact, keys)
    typer.echo(json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True))
    say("The signature is good.")


@app.command("keys")
def show_keys(ctx: typer.Context) -> None:
    """Print the public keys that receipts are signed with, as a JWK set."""
    act = acting(ctx, Duty.VERIFY_AUDIT)
    typer.echo(json.dumps(published_keys(act.hub), indent=1, sort_keys=True))
