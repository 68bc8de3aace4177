"""Writing drafts for whom a step is due: from approved templates, sealed at once, sent by nobody yet.

A draft holds no name and no address; its facts are those of the campaign and the month of the last sign of life. It is
sealed under the key of the record that the address was found in, so that erasing the person closes it in every copy.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.views.gateway import PSEUDONYM
from hub.views.intent import Reader
from hub.winback.addressee import Addressee, addressees, content_of, letter_cell
from hub.winback.campaigns import Campaign
from hub.winback.due import Due, due
from hub.winback.letters import OPEN, LetterState, SealedLetter, add_letters, find_letters, forget_letters
from hub.winback.months import month_in_words
from hub.winback.people import PURPOSE, named_now, people_of
from hub.winback.templates import KeptTemplate, in_use
from predict.errors import TextRefused
from predict.winback.draft import Draft, drafted
from predict.winback.template import Band, Tone
from privacy.audit import AuditFields
from privacy.sealing import seal
from privacy.store.principal import person_of
from privacy.terms import ContactChannel, PersonId, PrincipalId, RecordId, random_id

MOST_AT_ONCE: Final = 500
EMAIL: Final = ContactChannel.EMAIL.value
OTHER_CHANNEL, NOT_REACHABLE, NO_ADDRESS = "another channel than e-mail", "may not be reached now", "no e-mail address"
NO_TEMPLATE, NO_FACT = "no approved template in the language", "a fact is missing or may not be said"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How letters sound, and in which language where a person's own is not known or has no template."""

    tone: Tone = Tone.WARM
    band: Band = Band.CONSUMER
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Written:
    """How many drafts were written, and for how many none was, by the reason."""

    letters: int
    without: Mapping[str, int]


def write(hub: Hub, who: Reader, campaign: Campaign, style: Style) -> Written:
    """Write a draft for everybody who is due a letter now and has none that waits, a few hundred at a time.

    Raises:
        AccessRefused: the gate said no, or nobody has approved a template yet.

    """
    with hub.unit_of_work() as session:
        forget_letters(session, at=hub.clock())
        templates = in_use(session, style.tone, style.band)
        teller = person_of(session, PrincipalId(campaign.drawn_by))
    if not templates:
        raise AccessRefused("no_approved_template", "`varde winback template first`, then somebody else approves them")
    asked = due(hub, who, campaign)
    steps, without = _to_write(hub, asked)
    hands = tuple(one.hex() for one in (teller, who.principal.person_id) if one is not None)
    people = addressees(hub, [RecordId(one) for one in steps["record"]], who.principal, why="winback_draft")
    letters = []
    for row in steps.iter_rows(named=True):  # a letter each
        person = people.get(RecordId(row["record"]))
        made = NO_ADDRESS if person is None else _written(row, asked, (templates, style), hands)
        if person is None or isinstance(made, str):
            without[str(made)] += 1
        else:
            letters.append(_sealed(hub, row, person, made, campaign))
    if letters:
        with hub.unit_of_work() as session:
            add_letters(session, letters)
            fields = AuditFields(act_id=campaign.campaign_id, purpose=PURPOSE, rows=len(letters))
            hub.audit(session, "winback.write", who.principal.principal_id, fields)
    return Written(len(letters), dict(without))


def _to_write(hub: Hub, asked: Due) -> tuple[pl.DataFrame, Counter[str]]:
    """Leave out who is not reached by e-mail now, and who has a letter that waits; add everybody's record."""
    steps, without = asked.steps, Counter[str]()
    mail = steps.filter(pl.col("channel") == EMAIL)
    reachable = mail.filter("reachable").head(MOST_AT_ONCE)
    without[OTHER_CHANNEL] = steps.height - mail.height
    without[NOT_REACHABLE] = mail.filter(~pl.col("reachable")).height
    with hub.reading() as session:
        waiting = pl.DataFrame(
            {"record": [one.record_id for one in find_letters(session, OPEN)]}, schema={"record": pl.Binary}
        )
        named = named_now(hub, session, waiting)
        people = people_of(hub, session, reachable[PSEUDONYM]).drop("entity")
    return reachable.join(named, on=PSEUDONYM, how="anti").join(people, on=PSEUDONYM), +without


def _written(
    row: Mapping[str, Any],
    asked: Due,
    by: tuple[Mapping[tuple[str, str], KeptTemplate], Style],
    hands: tuple[str, ...],
) -> Draft | str:
    """Fill the template in the person's language, else in the usual one; a word says why there is no draft.

    Its authors are who wrote the template and the `hands` that gave its facts and had it written: none may approve it.
    """
    templates, style = by
    wanted = [(row["template"], one) for one in (row["language"], style.language) if one is not None]
    template = next((templates[one] for one in wanted if one in templates), None)
    if template is None:
        return NO_TEMPLATE
    facts = facts_for(asked.campaign, template.language, asked.at - timedelta(days=row["silent_days"] or 0))
    try:
        return drafted(template.opened(), facts, authors=(PersonId(template.written_by).hex(), *hands), at=asked.at)
    except TextRefused:
        return NO_FACT


def facts_for(campaign: Campaign, language: str, last: datetime) -> dict[str, str]:
    """Give the facts that a letter in a language may state: NAME.LANGUAGE stands before NAME."""
    said = campaign.said
    plain = {name: text for name, text in said.items() if "." not in name}
    own = {name.partition(".")[0]: text for name, text in said.items() if name.endswith(f".{language}")}
    return {"last_month": month_in_words(last.date(), language), **plain, **own}


def _sealed(hub: Hub, row: Mapping[str, Any], person: Addressee, draft: Draft, campaign: Campaign) -> SealedLetter:
    letter_id, at = random_id(), hub.clock()
    content = {
        "campaign": campaign.campaign_id.hex(),
        **{name: row[name] for name in ("plan", "step", "channel", "reason", "value_minor")},
        **content_of(draft),
    }
    return SealedLetter(
        letter_id=letter_id,
        record_id=person.record,
        language=draft.language,
        key_id=person.key.key_id,
        sealed=seal(json.dumps(content).encode(), key=person.key, cell=letter_cell(hub, letter_id, 1)),
        revision=1,
        state=LetterState.DRAFT.value,
        created_at=at,
        due_at=at,
    )
