"""Saying no without signing in: the one-click link of a message (RFC 8058), and what a browser says (Sec-GPC).

- A link ends the purposes that it was made for; made for all of them (`*`), it ends direct marketing.
- Sec-GPC ends direct marketing of the person whose token comes with it (Article 21(2) and (5): objecting by automated
  means). A consent that the person gave after the signal was first heeded is more specific, and stands (ADR 0046).
- A purpose that rests on consent is withdrawn from, so that a later yes counts again; any other is objected to.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import polars as pl
from sqlmodel import Session

from hub.choices import Choice, Wanted, stops
from hub.compose import Hub
from hub.errors import ChoiceWithoutEffect, SettingsInvalid
from hub.subject_tokens import reach_of, verify_issuer
from hub.suppression.proven import proven_by
from ingest.standardise.column import standardised
from privacy.audit import AuditFields
from privacy.purposes import Policy, Purpose
from privacy.secret import SecretText
from privacy.store.consent import Act, history_of
from privacy.store.principal import Principal
from privacy.store.subject_token import Proven, SubjectScope, SubjectToken, add_subject_tokens
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, LegalBasis, PurposeId, RecordId

ONE_CLICK_PATH: Final = "/u/"
ONE_CLICK: Final = ("List-Unsubscribe", "One-Click")
"""The one field that a POST must hold (RFC 8058 section 3.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """Messages that serve some purposes; their links are valid as long as the messages are."""

    purposes: frozenset[str]
    until: datetime


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is written to, and at which address: everybody who shares it is left alone by one click."""

    record: RecordId
    address: str = field(repr=False)


def one_click_choices(policy: Policy, token: SubjectToken) -> tuple[Choice, ...]:
    """Return what a click on a link says.

    Raises:
        ChoiceWithoutEffect: none of the link's purposes ends by a person's no.

    """
    named = [purpose for purpose in policy.purposes if purpose.id in token.purposes]
    meant = [*filter(_is_marketing, policy.purposes)] if EVERY_PURPOSE in token.purposes else named
    choices = _noes(meant)
    if not choices:
        raise ChoiceWithoutEffect(", ".join(sorted({purpose.legal_basis.value for purpose in named})) or "no purpose")
    return choices


def signal_choices(session: Session, policy: Policy, token: SubjectToken) -> tuple[Choice, ...]:
    """Return what a browser's Sec-GPC says for the holder of a token; nothing where consent was given since."""
    meant = [purpose for purpose in policy.purposes if _is_marketing(purpose) and token.covers(purpose.id)]
    history = history_of(session, reach_of(session, token))
    return _noes(purpose for purpose in meant if not _chosen_since(history, purpose.id))


def unsubscribe_headers(
    hub: Hub, session: Session, mailing: Mailing, to: Sequence[Recipient], by: Principal
) -> list[Mapping[str, str]]:
    """Make the headers of messages about to be sent, in the order of their recipients, in the caller's transaction.

    The message must be signed by DKIM with these headers covered, or mail programs do not offer the click (RFC 8058
    section 4); that is the sender's to do.

    Raises:
        AccessRefused: the role may not issue tokens.
        SettingsInvalid: VARDE_PUBLIC_URL is missing or no https address.
        PurposeUnknown: the policy has no such purpose.

    """
    verify_issuer(by)
    base, policy, at = _base_of(hub), hub.policy(), hub.clock()
    purposes = frozenset(name if name == EVERY_PURPOSE else policy.purpose(name).id for name in mailing.purposes)
    tokens = [SecretText(secrets.token_urlsafe(32)) for _ in to]
    carried = _indexes_of(hub, [each.address for each in to])
    opened = [
        SubjectToken(
            record_id=each.record,
            scope=SubjectScope.OPT_OUT,
            purposes=purposes,
            expires_at=mailing.until,
            proven=proven,
        )
        for each, proven in zip(to, carried, strict=True)
    ]
    add_subject_tokens(session, list(zip(tokens, opened, strict=True)), at=at)
    fields = AuditFields(rows=len(opened), outcome="issued", reason="one_click")
    hub.audit(session, "subject_token.issue_links", by.principal_id, fields)
    return [
        {
            "List-Unsubscribe": f"<{base}{ONE_CLICK_PATH}{token}>",
            "List-Unsubscribe-Post": "=".join(ONE_CLICK),
        }
        for token in tokens
    ]


def _is_marketing(purpose: Purpose) -> bool:
    return purpose.direct_marketing


def _noes(purposes: Iterable[Purpose]) -> tuple[Choice, ...]:
    return tuple(
        Choice(purpose=purpose.id, wanted=wanted) for purpose in purposes if stops(purpose, wanted := _no_to(purpose))
    )


def _no_to(purpose: Purpose) -> Wanted:
    return Wanted.WITHDRAWN if purpose.legal_basis is LegalBasis.CONSENT else Wanted.OBJECTED


def _chosen_since(history: Sequence[Act], purpose: PurposeId) -> bool:
    """Say whether the person's last word is a yes of their own, given after the signal had been heeded."""
    own = [act for act in history if act.purpose == purpose and act.event.channel is not ActChannel.IMPORT]
    heard = [act.event.at for act in own if act.event.channel is ActChannel.GPC]
    given = [act.event.at for act in own if act.event.act is ConsentAct.GIVEN]
    return bool(heard and given) and max(given) > min(heard)


def _indexes_of(hub: Hub, addresses: Sequence[str]) -> list[Proven | None]:
    """Index what messages go to; None for what is no address, which only the record's own person is meant by."""
    comparable = standardised(pl.Series(addresses, dtype=pl.String), "email").to_list()
    known = sorted({each for each in comparable if each is not None})
    proven = dict(zip(known, proven_by(hub, "email", known), strict=True))
    return [proven.get(each) for each in comparable]


def _base_of(hub: Hub) -> str:
    url = hub.settings.public_url or ""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise SettingsInvalid("VARDE_PUBLIC_URL", "links need an https address", "Set it to https://HOST")
    return url.rstrip("/")
