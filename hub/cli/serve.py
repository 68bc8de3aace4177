"""`varde serve`: the hub over HTTP, so that every person works under a credential of their own."""

from pathlib import Path
from typing import Annotated

import typer

from hub import logs
from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say

_LOG = logs.log_of("api")


def serve(  # noqa: PLR0913 - a command's options are its parameters
    ctx: typer.Context,
    *,
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; another machine needs encryption.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Which port.")] = 8400,
    certificate: Annotated[Path | None, typer.Option("--certificate", help="TLS certificate chain, PEM.")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="The certificate's private key, PEM.")] = None,
    tls_at_proxy: Annotated[bool, typer.Option("--tls-at-proxy", help="A proxy before us ends TLS.")] = False,
) -> None:
    """Serve until told to stop (Ctrl-C). What a crash interrupted is finished first."""
    from hub.api import serve as http  # noqa: PLC0415 - FastAPI costs half a second; only this command pays for it

    if (certificate is None) != (key is None):
        raise typer.BadParameter("give --certificate and --key together")
    if certificate is not None and tls_at_proxy:
        raise typer.BadParameter("TLS ends either here or at the proxy: give a certificate or --tls-at-proxy")
    act = acting(ctx, Duty.SERVE)
    tls: http.Certificate | http.TlsElsewhere | None = http.TlsElsewhere.AT_PROXY if tls_at_proxy else None
    if certificate is not None and key is not None:
        tls = http.Certificate(certificate, key)
    say(f"Serving {act.hub.settings.home} on {host}:{port}. Callers show a token of `varde principal add`.")
    _LOG.info(logs.LogEvent.SERVER_STARTED, extra={"principal": act.principal.principal_id})
    http.serve(act.hub, host, port, tls=tls)
    _LOG.info(logs.LogEvent.SERVER_STOPPED)
    say("Stopped; everything that was acknowledged is stored.")
