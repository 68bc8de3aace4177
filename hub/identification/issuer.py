"""Who else may say who a customer is: issuers of ID tokens, as `[[issuer]]` in varde.toml names them.

| name | meaning | default |
|---|---|---|
| issuer, audience | exactly what `iss` and `aud` of a token must be | none |
| jwks | where its public keys are: `https://...` or `file:/path` | none |
| algorithms | the signatures that are taken; public-key ones only | ["RS256", "ES256"] |
| claim | which claim names the person | "email" |
| attribute | what that is here: `email`, or `key:SOURCE` for a source's own key | "email" |

An e-mail address counts only where `email_verified` is true: else an issuer at which everybody may enter any address
would open everybody's data.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from hub.errors import SettingsInvalid

ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"}
)
"""Public-key signatures (RFC 7518 section 3.1, RFC 8037, RFC 9864): `none` proves nothing, and with HS256 whoever knows
the public key could sign."""

EMAIL: Final = "email"
EMAIL_VERIFIED: Final = "email_verified"
_KEY: Final = re.compile(r"key:([a-z][a-z0-9_]{0,47})")
_KNOWN: Final = frozenset({"issuer", "audience", "jwks", "algorithms", "claim", "attribute"})
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """One issuer whose word is taken, for one audience and one claim."""

    issuer: str
    audience: str
    jwks: str
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    claim: str = EMAIL
    attribute: str = EMAIL

    @property
    def source(self) -> str | None:
        """The source whose key the claim is, None where it is an address."""
        found = _KEY.fullmatch(self.attribute)
        return None if found is None else found[1]


def issuers_of(tables: tuple[Mapping[str, Any], ...]) -> tuple[Issuer, ...]:
    """Read the configured issuers.

    Raises:
        SettingsInvalid: one cannot be used; says what is wrong and how it is mended.

    """
    issuers = tuple(map(_issuer_of, tables))
    if len({each.issuer for each in issuers}) < len(issuers):
        raise _invalid("two have one name", "Name each issuer once")
    return issuers


def _issuer_of(table: Mapping[str, Any]) -> Issuer:
    if unknown := set(table) - _KNOWN:
        raise _invalid(f"it has {len(unknown)} unknown names", f"Known are {', '.join(sorted(_KNOWN))}")
    algorithms = table.get("algorithms", ["RS256", "ES256"])
    texts = {name: table.get(name, default) for name, default in _DEFAULTS.items()}
    if not all(isinstance(text, str) and text for text in texts.values()):
        raise _invalid("issuer, audience and jwks are needed", "Give each as text")
    if not isinstance(algorithms, list) or not algorithms or not ALGORITHMS.issuperset(map(str, algorithms)):
        raise _invalid("an algorithm is not on the list", f"Use some of {', '.join(sorted(ALGORITHMS))}")
    issuer = Issuer(**texts, algorithms=tuple(map(str, algorithms)))
    if issuer.attribute != EMAIL and issuer.source is None:
        raise _invalid("the attribute is none", "Use email or key:SOURCE")
    if issuer.source is not None and issuer.claim == EMAIL:
        raise _invalid("an e-mail address is no source's key", "Name the claim that holds the key")
    _verify_place(issuer.jwks)
    return issuer


_DEFAULTS: Final = {"issuer": "", "audience": "", "jwks": "", "claim": EMAIL, "attribute": EMAIL}


def _verify_place(jwks: str) -> None:
    """Keys that came in clear from elsewhere could be anybody's."""
    parts = urlsplit(jwks)
    encrypted = parts.scheme == "https" and parts.hostname
    if not encrypted and not (parts.scheme == "http" and parts.hostname in _LOOPBACK) and parts.scheme != "file":
        raise _invalid("its keys are nowhere, or come in clear", "Give jwks as https://... or file:/path")


def _invalid(why: str, remedy: str) -> SettingsInvalid:
    return SettingsInvalid("issuer", why, f"{remedy} (docs/guides/customer-identity.md)")
