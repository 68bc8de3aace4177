"""Automatic replies: a machine's words in a person's mailbox.

Rules kept:
- a first line that names itself ("Automatic reply:", "Autosvar", "Undeliverable:") is enough;
- else two things must be said within 800 characters: that somebody is away, and who answers instead or when; or that a
  message has arrived, and that nobody wrote this. "I am away next week, can you come on Monday?" is a customer's.
"""

from typing import Final

import polars as pl

_MOST: Final = 800
_CALLED: Final = (
    r"(?i)\A(?:(?:subject|emne|ämne|betreff|re|sv|aw): *)*\[?(?:automatic (?:reply|response)|auto-?reply|auto-?response"
    r"|out of (?:the )?office|autosvar|automatisk(?:t)? (?:svar|svarmelding|e-?post)|fraværsmelding|fråværsmelding"
    r"|ute av kontoret|frånvaromeddelande|automatische (?:antwort|abwesenheit\w*)|abwesenheits(?:notiz|meldung)"
    r"|undeliverable:|undelivered mail|delivery status notification|mail delivery (?:failed|system)|returned mail"
    r"|unzustellbar:|(?:meldingen|e-posten) kunne ikke leveres|(?:meddelandet|mejlet) kunde inte levereras)"
)
_AWAY: Final = (
    r"(?i)\b(?:i am|i'm|i will be) (?:currently |now )?(?:away|out of (?:the )?office|on (?:annual |sick )?leave"
    r"|on (?:parental leave|vacation|holiday))\b|\b(?:jeg|eg) (?:er|har) (?:for tiden |no |nå )?(?:ute av kontoret"
    r"|ikke på kontoret"
    r"|ikkje på kontoret|fraværende|fråverande|på ferie|bortreist|permisjon|ferie)\b"
    r"|\bjag (?:är|har) (?:för närvarande |nu )?(?:inte på kontoret|på semester|semester|bortrest|frånvarande"
    r"|tjänstledig|föräldraledig)\b"
    r"|\bich bin (?:derzeit |zurzeit |aktuell |bis \S+ |momentan )?(?:nicht im (?:büro|hause)|abwesend|im urlaub"
    r"|außer haus|in elternzeit)\b"
)
_RECEIVED: Final = (
    r"(?i)\b(?:thank you for (?:your (?:e-?mail|message|enquiry|inquiry|request)|contacting)"
    r"|(?:we have|has been) received|takk for (?:din |di )?(?:henvendelse|e-?post|melding|førespurnad)\w*"
    r"|(?:vi har|er) (?:mottatt|motteke|mottatt)|tack för (?:ditt |din )?(?:mejl|e-?post|meddelande|förfrågan)\w*"
    r"|vi har (?:mottagit|tagit emot)|vielen dank für (?:ihre|deine) (?:nachricht|anfrage|e-?mail)"
    r"|(?:wir haben|ist) [^\n.]{0,40}(?:erhalten|eingegangen))\b"
)
_LATER: Final = (
    r"(?i)\b(?:(?:will|shall) (?:reply|respond|answer|get back|be back|read)|as soon as i(?: a|')m back|upon my return"
    r"|when i (?:return|am back)|(?:urgent|in my absence)[^\n.]{0,60}(?:contact|call|e-?mail)|limited access to"
    r"|svarer (?:deg |på \S+ )?(?:når|så snart)|svarar (?:deg |dig |på \S+ )?(?:når|när|så snart)"
    r"|er tilbake (?:på|den|mandag|igjen)|(?:haster|hastesaker|ved behov)[^\n.]{0,40}(?:kontakt|ring)"
    r"|tillbaka (?:den|på|måndag|igen)"
    r"|(?:brådskande|akut)[^\n.]{0,40}(?:kontakta|ring)|melde mich|werde (?:ich )?(?:mich|ihre|deine)[^\n.]{0,60}"
    r"|(?:dringend\w*)[^\n.]{0,60}(?:wenden|kontaktieren|erreichen)|nach meiner rückkehr|wieder (?:erreichbar|im büro)"
    r")"
)
_BY_ITSELF: Final = (
    r"(?i)\b(?:(?:this is an? |dette er (?:en|ei|eit|et) |detta är (?:ett|en) |dies(?:es)? ist eine )auto\w*"
    r"|(?:automatically generated|automatisk generert|automatiskt genererat|automatisch (?:erstellt|generiert))"
    r"|do not reply to this|ikke svar på denne|ikkje svar på denne|svara inte på detta|bitte antworten sie nicht)"
)


def is_automatic(text: pl.Expr) -> pl.Expr:
    """Say of cleaned texts whether a machine wrote them (Boolean, false for null)."""
    short = text.str.len_chars() <= _MOST
    by_itself = text.str.contains(_BY_ITSELF)
    away = text.str.contains(_AWAY) & (by_itself | text.str.contains(_LATER))
    received = text.str.contains(_RECEIVED) & by_itself
    return (text.str.contains(_CALLED) | (short & (away | received))).fill_null(value=False)
