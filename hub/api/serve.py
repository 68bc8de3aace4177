"""Serving a hub: on this machine only, unless the way to the caller is encrypted."""

import gc
import ipaddress
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from hub.api.app import create_app
from hub.compose import Hub
from hub.errors import SettingsInvalid

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8400
_MOST_CONNECTIONS: Final = 512
_YOUNG_OBJECTS: Final = 20_000  # Python's own limit is 700: less than two requests


@dataclass(frozen=True, slots=True)
class Certificate:
    """TLS ends here: the certificate chain and its key, both PEM."""

    chain: Path
    key: Path


class TlsElsewhere(StrEnum):
    """TLS ends before us: the operator says so."""

    AT_PROXY = "at_proxy"


def serve(
    hub: Hub, host: str = DEFAULT_HOST, port: int = DEFAULT_PORT, *, tls: Certificate | TlsElsewhere | None = None
) -> None:
    """Serve until told to stop (SIGINT or SIGTERM).

    Raises:
        SettingsInvalid: the host can be reached from other machines and nobody said who encrypts.

    """
    config = config_of(hub, host, port, tls=tls)
    spare_collector()
    with suppress(KeyboardInterrupt):  # uvicorn raises Ctrl-C anew once it has stopped: it is how one ends it
        uvicorn.Server(config).run()


def spare_collector() -> None:
    """Let Python's collector leave alone what lives as long as the server, and look at the rest less often.

    Requests make and drop thousands of small objects; with Python's own settings a fifth of an opt-out's processor time
    went into looking for cycles among them (measured).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 20)


def config_of(hub: Hub, host: str, port: int, *, tls: Certificate | TlsElsewhere | None = None) -> uvicorn.Config:
    """Configure the server of a hub."""
    return config_of_app(create_app(hub), host, port, tls=tls)


def config_of_app(
    app: ASGIApp, host: str, port: int, *, tls: Certificate | TlsElsewhere | None = None
) -> uvicorn.Config:
    """Configure a server; its own access log is off: it would write paths and queries.

    Raises:
        SettingsInvalid: the host can be reached from other machines and nobody said who encrypts.

    """
    _verify_encrypted(host, tls)
    certificate = tls if isinstance(tls, Certificate) else None
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        ws="none",
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=30,
        ssl_certfile=None if certificate is None else certificate.chain,
        ssl_keyfile=None if certificate is None else certificate.key,
    )


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach a host."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _verify_encrypted(host: str, tls: Certificate | TlsElsewhere | None) -> None:
    """Tokens and customers' rows never cross a network in clear."""
    if tls is None and not is_loopback(host):
        remedy = "give a certificate and its key, say that a proxy ends TLS, or serve on 127.0.0.1"
        raise SettingsInvalid("host", "other machines can reach it and nothing encrypts", remedy)
