"""The anchors that are configured, by address; secrets come from the environment alone.

| address | anchor |
|---|---|
| `dir:/path` | a folder that must be there, outside the home |
| `s3://BUCKET/PREFIX?region=R&endpoint=URL&lock=governance|compliance|none&days=N` | an S3-compatible bucket |
| `mailto:ADDRESS?host=H&port=P&from=ADDRESS` | a mailbox; VARDE_SMTP_USER and VARDE_SMTP_PASSWORD log in |
| `witness:https://HOST/PREFIX#VKEY` | a C2SP tlog-witness with its public key |

Each takes `every=10m` (s, m, h, d): how long after a checkpoint the next one is handed over.
"""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from hub.anchors.anchor import Anchor
from hub.anchors.directory import DirectoryAnchor
from hub.anchors.mail import MailAnchor
from hub.anchors.object_store import Bucket, ObjectStoreAnchor
from hub.anchors.witness import WitnessAnchor
from hub.errors import SettingsInvalid
from hub.mail import MailServer
from hub.settings import Settings
from privacy.verifier import ProofRejected, verifier_key_of

_EVERY: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LOCKS: Final = frozenset({"governance", "compliance", "none"})
_AT_ONCE: Final = timedelta(0)
_DAILY: Final = timedelta(days=1)
Options = dict[str, str]


def anchors_of(settings: Settings) -> tuple[Anchor, ...]:
    """Make the configured anchors; none is contacted yet.

    Raises:
        SettingsInvalid: an address cannot be used; says why and how it is written.

    """
    anchors = tuple(_anchor_of(address, settings) for address in settings.anchors)
    names = [anchor.name for anchor in anchors]
    if len(set(names)) < len(names):
        raise _invalid("two have one name", "Name each folder, bucket, mail server and witness once")
    return anchors


def _anchor_of(address: str, settings: Settings) -> Anchor:
    kind, colon, _ = address.partition(":")
    make = _KINDS.get(kind) if colon else None
    if make is None:
        raise _invalid("there is no such kind of anchor", f"Use {', '.join(f'{each}:' for each in sorted(_KINDS))}")
    before, _, fragment = address.partition("#")
    place, _, query = before.partition("?")
    options = dict(parse_qsl(query, strict_parsing=bool(query)))
    anchor = make(f"{place}#{fragment}" if fragment else place, options, settings)
    if options:
        raise _invalid(f"{kind}: takes no such option", "See docs/guides/anchors.md")
    return anchor


def _directory(place: str, options: Options, settings: Settings) -> Anchor:
    folder = Path(unquote(place.removeprefix("dir:"))).expanduser()
    if not folder.is_absolute():
        raise _invalid("a folder's path is relative", "Use dir:/path")
    if folder.resolve().is_relative_to(settings.home.resolve()):
        raise _invalid("a folder lies in the home", "A restore of the home would bring it along: name one elsewhere")
    return DirectoryAnchor(folder, _every(options, _AT_ONCE))


def _object_store(place: str, options: Options, settings: Settings) -> Anchor:  # noqa: ARG001 - one signature for all kinds
    parts = urlsplit(place)
    lock, days = options.pop("lock", "governance"), options.pop("days", "3650")
    if not parts.netloc or lock not in _LOCKS or not days.isdecimal() or not 0 < int(days) <= 36500:  # noqa: PLR2004 - a century
        raise _invalid("a bucket's address is malformed", "Use s3://BUCKET/PREFIX?lock=compliance&days=3650")
    bucket = Bucket(
        name=parts.netloc,
        prefix=parts.path.strip("/"),
        region=options.pop("region", None),
        endpoint=options.pop("endpoint", None),
        lock=lock,
        days=int(days),
    )
    return ObjectStoreAnchor(bucket, _every(options, _AT_ONCE))


def _mail(place: str, options: Options, settings: Settings) -> Anchor:
    recipient = unquote(place.removeprefix("mailto:"))
    host, port, sender = options.pop("host", ""), options.pop("port", "587"), options.pop("from", recipient)
    if not host or not port.isdecimal() or "@" not in recipient or "@" not in sender:
        raise _invalid("a mail address is malformed", "Use mailto:dpo@example.org?host=smtp.example.org")
    user, password = settings.smtp_login or (None, None)
    server = MailServer(host=host, port=int(port), user=user, password=password)
    return MailAnchor(recipient=recipient, sender=sender, server=server, every=_every(options, _DAILY))


def _witness(place: str, options: Options, settings: Settings) -> Anchor:  # noqa: ARG001 - one signature for all kinds
    url, _, vkey = place.removeprefix("witness:").partition("#")
    try:
        key = verifier_key_of(vkey)
    except ProofRejected:
        raise _invalid(
            "a witness's key is malformed", "Use witness:https://HOST#VKEY, VKEY as it publishes it"
        ) from None
    return WitnessAnchor(url, key, _every(options, _AT_ONCE))


_KINDS: Final[Mapping[str, Callable[[str, Options, Settings], Anchor]]] = {
    "dir": _directory,
    "s3": _object_store,
    "mailto": _mail,
    "witness": _witness,
}


def _every(options: Options, default: timedelta) -> timedelta:
    written = options.pop("every", None)
    if written is None:
        return default
    found = _EVERY.fullmatch(written)
    if found is None:
        raise _invalid("`every` is malformed", "Use a number and s, m, h or d, such as every=10m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _invalid(why: str, remedy: str) -> SettingsInvalid:
    return SettingsInvalid("anchors", why, remedy)
