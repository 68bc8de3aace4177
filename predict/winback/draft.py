"""A letter before it is sent: its template and facts, who wrote and changed it, who approved exactly this text.

Nothing is sent without an approval by a person who neither made nor changed it; an approval holds for one text, by its
SHA-256, and everything is looked at again at the moment of sending (`sendable`). A draft holds no name and no address:
`[[name]]` and `[[unsubscribe]]` are put in by whoever sends it.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from predict.errors import TextRefused
from predict.winback.said import NAME, PLACEHOLDER, UNSUBSCRIBE, verify_said
from predict.winback.template import Template

APPROVAL_HOLDS = timedelta(days=14)
_OURS = frozenset({NAME, UNSUBSCRIBE})

Rewriter = Callable[[str], str]
"""A language model on the same machine, as a function of text. There is none unless the hub is given one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Subject and body, the template they come from, the facts in them, and everybody who wrote them, in order."""

    template: str
    language: str
    subject: str
    body: str
    facts: Mapping[str, str]
    authors: tuple[str, ...]
    changed_at: datetime

    @property
    def digest(self) -> str:
        """Name this very text: SHA-256 over language, subject and body."""
        told = f"{self.language}\x00{self.subject}\x00{self.body}"
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person's yes to one text; `shown_at` is when the text was first shown to them."""

    by: str
    digest: str
    shown_at: datetime
    at: datetime


class Refused(StrEnum):
    """Why a letter is not sent now."""

    NOT_APPROVED = "nobody has approved this text"
    OWN_EYES = "whoever wrote or changed it approved it"
    TOO_OLD = "the approval is older than it holds"
    NOT_PERMITTED = "the customer may not be written to now"
    STOPPED = "the sequence has stopped"
    TEXT = "the text may not go out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What holds at the instant of sending, as the gateway and the sequence answer: unknown is no."""

    permitted: bool = False
    due: bool = False


def drafted(template: Template, facts: Mapping[str, str], *, authors: tuple[str, ...], at: datetime) -> Draft:
    """Fill a template with the facts it asks for, and no others.

    `authors` are all whose words stand in it: of the template, of the facts, and whoever had it written.

    Raises:
        TextRefused: a fact is missing, or a fact's text says what is never said.
    """
    used = {name: facts[name] for name in sorted(template.asks) if name in facts}
    subject, body = template.filled(used)
    return _checked(
        Draft(
            template=template.name,
            language=template.language,
            subject=subject,
            body=body,
            facts=used,
            authors=tuple(dict.fromkeys(authors)),
            changed_at=at,
        )
    )


def edited(draft: Draft, *, subject: str, body: str, author: str, at: datetime) -> Draft:
    """Give the draft as a person changed it: an author more, and no approval of before holds for it.

    Raises:
        TextRefused: the text says what is never said, or cannot be unsubscribed from.
    """
    return _checked(replace(draft, subject=subject, body=body, authors=(*draft.authors, author), changed_at=at))


def rewritten(draft: Draft, rewriter: Rewriter, *, author: str, at: datetime) -> Draft:
    """Let a language model polish the body; it sees the text with every fact taken out.

    Facts are replaced by `[[name of the fact]]` before, and put back after: the model never sees what is known of the
    customer, and cannot change it. What comes back is one more author's text and is checked like it.

    Raises:
        TextRefused: a placeholder was lost, invented or repeated, or the text says what is never said.
    """
    bare = draft.body
    for name, value in sorted(draft.facts.items(), key=lambda one: (-len(one[1]), one[0])):
        bare = bare.replace(value, f"[[{name}]]") if value else bare
    came = rewriter(bare)
    if sorted(PLACEHOLDER.findall(came)) != sorted(PLACEHOLDER.findall(bare)):
        raise TextRefused(draft.template, "the rewritten text has other placeholders", "keep each once, add none")
    body = PLACEHOLDER.sub(lambda found: draft.facts.get(found[1], found[0]), came)
    return edited(draft, subject=draft.subject, body=body, author=author, at=at)


def sendable(draft: Draft, approvals: tuple[Approval, ...], standing: Standing, *, at: datetime) -> Refused | None:
    """Say why the letter may not be sent at this instant; None: it may. The first reason in the order of law wins."""
    if not standing.permitted:
        return Refused.NOT_PERMITTED
    if not standing.due:
        return Refused.STOPPED
    given = [one for one in approvals if one.digest == draft.digest and draft.changed_at <= one.at <= at]
    if not given:
        return Refused.NOT_APPROVED
    strangers = [one for one in given if one.by not in draft.authors]
    if not strangers:
        return Refused.OWN_EYES
    if all(one.at + APPROVAL_HOLDS <= at for one in strangers):
        return Refused.TOO_OLD
    try:
        verify_said(draft.template, f"{draft.subject}\n{draft.body}")
    except TextRefused:  # the list of words may have grown since
        return Refused.TEXT
    return None


def _checked(draft: Draft) -> Draft:
    verify_said(draft.template, f"{draft.subject}\n{draft.body}")
    text = f"{draft.subject}\n{draft.body}"
    unknown = {f"[[{one}]]" for one in PLACEHOLDER.findall(text)} - _OURS
    if unknown or "\n" in draft.subject:
        raise TextRefused(
            draft.template, "it has a placeholder that nobody fills, or a subject of two lines", "mend it"
        )
    if UNSUBSCRIBE in draft.subject:
        raise TextRefused(draft.template, f"{UNSUBSCRIBE} stands in its subject", "put it into the body")
    return draft
