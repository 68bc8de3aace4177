"""Templates: texts that one person wrote and another approved; the only code that touches their table.

The newest approved text of a name, language, tone and role band is used. Nothing in a template is about a customer.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, update
from sqlmodel import Session, col

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.winback.looks import APPROVED, Look, decide, note_look
from hub.winback.tables import WinbackTemplate
from predict.winback.letters import NAMES, letter
from predict.winback.sequence import Plan
from predict.winback.template import Band, Template, Tone
from privacy.audit import AuditFields
from privacy.purposes import LANGUAGES
from privacy.store.frozen import frozen
from privacy.store.principal import Principal
from privacy.terms import PersonId, random_id

_ACT: Final = "winback.template"
OWN_FACTS: Final = frozenset({"last_month"})
"""What a letter states of its customer; everything else is said to everybody and given with the campaign."""
_ONLY: Final = 1  # a text of a template never changes: another text is another template


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTemplate:
    """A text as it was written, and who approved it."""

    template_id: bytes
    name: str
    language: str
    tone: str
    band: str
    subject: str
    body: str
    written_by: bytes
    written_at: datetime
    approved_by: bytes | None = None
    approved_at: datetime | None = None

    @property
    def text_id(self) -> bytes:
        """Name it among all texts that are shown."""
        return self.template_id

    @property
    def commitment(self) -> bytes:
        """Name these very words; a template holds nothing about anybody, so they may be guessed."""
        return hashlib.sha256(f"{self.subject}\x00{self.body}".encode()).digest()

    def opened(self) -> Template:
        """Return it as `predict` uses it: checked anew, for the list of words may have grown.

        Raises:
            TextRefused: a rule of templates is not kept any more.

        """
        style = (Tone(self.tone), Band(self.band))
        return Template(
            name=self.name, language=self.language, tone=style[0], band=style[1], subject=self.subject, body=self.body
        )


def first_letters() -> list[Template]:
    """Return the texts to begin with: every name in every language, warm, for consumers."""
    return [letter(name, language) for name in NAMES for language in LANGUAGES]


def submit(hub: Hub, templates: Iterable[Template], by: Principal) -> list[bytes]:
    """Keep texts that wait for somebody else's approval; return their ids."""
    texts = list(templates)
    ids = [random_id() for _ in texts]
    rows = [
        {
            "template_id": template_id,
            "name": one.name,
            "language": one.language,
            "tone": one.tone.value,
            "band": one.band.value,
            "subject": one.subject,
            "body": one.body,
            "written_by": by.person_id,
            "written_at": hub.clock(),
        }
        for template_id, one in zip(ids, texts, strict=True)
    ]
    with hub.unit_of_work() as session:
        session.execute(insert(WinbackTemplate), rows)
        hub.audit(session, _ACT, by.principal_id, AuditFields(rows=len(rows), outcome="submitted"))
    return ids


def show(hub: Hub, named: str, by: Principal) -> list[KeptTemplate]:
    """Return the texts of a name that wait, or the one whose id begins like that, and note that they were shown.

    Raises:
        AccessRefused: there is none, or several ids begin so.

    """
    with hub.unit_of_work() as session:
        texts = listed(session)
        found = [one for one in texts if one.name == named and one.approved_at is None]
        found = found or [one for one in texts if one.template_id.hex().startswith(named)]
        if not found or (len(found) > 1 and found[0].name != named):
            raise _no_such()
        for one in found:  # a name's languages
            look = Look(
                letter_id=one.text_id,
                revision=_ONLY,
                person_id=by.person_id,
                commitment=one.commitment,
                characters=len(one.subject) + len(one.body),
                edited=False,
                shown_at=hub.clock(),
            )
            note_look(session, look, waits=False)
    return found


def approve(hub: Hub, named: str, by: Principal) -> list[KeptTemplate]:
    """Approve waiting texts: the one whose id begins like that, or all of a template's name; return them.

    Raises:
        AccessRefused: none waits, several ids begin so, or the approver wrote one of them or was not shown it.

    """
    with hub.unit_of_work() as session:
        waiting = [one for one in listed(session) if one.approved_at is None]
        found = [one for one in waiting if one.name == named]
        found = found or [one for one in waiting if one.template_id.hex().startswith(named)]
        if not found or (len(found) > 1 and found[0].name != named):
            raise _no_such()
        if any(PersonId(one.written_by) == by.person_id for one in found):
            raise AccessRefused("own_eyes", "Who wrote a template cannot approve it; another person must")
        if not all(decide(session, one, by, APPROVED, at=hub.clock()) for one in found):
            raise AccessRefused("not_shown", "Read each text first: `varde winback template show NAME`")
        chosen = [one.template_id for one in found]
        said = {"approved_by": by.person_id, "approved_at": hub.clock()}
        session.execute(update(WinbackTemplate).where(col(WinbackTemplate.template_id).in_(chosen)).values(**said))
        hub.audit(session, _ACT, by.principal_id, AuditFields(rows=len(found), outcome="approved"))
    return found


def listed(session: Session) -> list[KeptTemplate]:
    """List every text, newest first."""
    query = select(WinbackTemplate).order_by(col(WinbackTemplate.written_at).desc(), col(WinbackTemplate.name))
    return [frozen(KeptTemplate, row) for row in session.execute(query).scalars()]


def facts_missing(hub: Hub, plans: Sequence[Plan], given: Collection[str]) -> dict[str, list[str]]:
    """Name by template of some sequences the facts that it asks for and nobody gave: no letter is written from it.

    Templates are those kept, else those to begin with; what a letter knows by itself is not asked of anybody.
    """
    with hub.reading() as session:
        kept = [one.opened() for one in listed(session)]
    named = {step.template for plan in plans for step in plan.steps}
    known = {one.partition(".")[0] for one in given} | OWN_FACTS
    asked = {name: {fact for one in kept or first_letters() if one.name == name for fact in one.asks} for name in named}
    return {name: sorted(facts - known) for name, facts in sorted(asked.items()) if facts - known}


def in_use(session: Session, tone: Tone, band: Band) -> dict[tuple[str, str], KeptTemplate]:
    """Return the approved texts of a style that are used now, by name and language."""
    mine = [one for one in listed(session) if one.approved_at is not None and (one.tone, one.band) == (tone, band)]
    return {(one.name, one.language): one for one in reversed(mine)}


def _no_such() -> AccessRefused:
    return AccessRefused("no_such_template", "`varde winback template list` names the texts and those that wait")
