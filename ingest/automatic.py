"""Automatic replies: a machine's words in a person's mailbox.

Rules kept:
- a first line that is its name ("Automatic reply: ...", "Autosvar", "Undeliverable: ...") is enough; one that goes on
  is a sentence ("Autosvar fra dere hver gang");
- else two things must be said within 800 characters, and nothing asked: at the beginning that somebody is away, and
  who answers instead or that they will; or that a message has arrived, and that nobody wrote this.

The text goes for good, so a customer's words count for more than a machine's: who says when they are back ("deliver it
when I am back"), or that it is urgent, may be a customer, and stays.
"""

from typing import Final

import polars as pl

_MOST: Final = 800
_CALLED: Final = (
    r"(?i)\A(?:(?:subject|emne|ämne|betreff|re|sv|aw): *)*\[?(?:automatic (?:reply|response)|auto-?reply|auto-?response"
    r"|out of (?:the )?office|autosvar|automatisk(?:t)? (?:svar|svarmelding|e-?post)|fraværsmelding|fråværsmelding"
    r"|ute av kontoret|frånvaromeddelande|automatische (?:antwort|abwesenheit\w*)|abwesenheits(?:notiz|meldung)"
    r"|undeliverable|undelivered mail(?: returned to sender)?|delivery status notification"
    r"|mail delivery (?:failed|system)|returned mail|unzustellbar|(?:meldingen|e-posten) kunne ikke leveres"
    r"|(?:meddelandet|mejlet) kunde inte levereras)"
    r" *(?:[:.\])(–—-]|\n|\z)"
)
_BEGINS: Final = r"(?s)\A.{0,120}?"
_AWAY: Final = (
    rf"{_BEGINS}(?i:\b(?:i am|i'm|i will be) (?:currently |now )?(?:away|out of (?:the )?office"
    r"|on (?:annual |sick )?leave|on (?:parental leave|vacation|holiday))\b"
    r"|\b(?:jeg|eg) (?:er|har) (?:for tiden |no |nå )?(?:ute av kontoret"
    r"|ikke på kontoret"
    r"|ikkje på kontoret|fraværende|fråverande|på ferie|bortreist|permisjon|ferie)\b"
    r"|\bjag (?:är|har) (?:för närvarande |nu )?(?:inte på kontoret|på semester|semester|bortrest|frånvarande"
    r"|tjänstledig|föräldraledig)\b"
    r"|\bich bin (?:derzeit |zurzeit |aktuell |bis \S+ |momentan )?(?:nicht im (?:büro|hause)|abwesend|im urlaub"
    r"|außer haus|in elternzeit)\b)"
)
_RECEIVED: Final = (
    r"(?i)\b(?:thank you for (?:your (?:e-?mail|message|enquiry|inquiry|request)|contacting)"
    r"|(?:we have|has been) received|takk for (?:din |di )?(?:henvendelse|e-?post|melding|førespurnad)\w*"
    r"|(?:vi har|er) (?:mottatt|motteke|mottatt)|tack för (?:ditt |din )?(?:mejl|e-?post|meddelande|förfrågan)\w*"
    r"|vi har (?:mottagit|tagit emot)|vielen dank für (?:ihre|deine) (?:nachricht|anfrage|e-?mail)"
    r"|(?:wir haben|ist) [^\n.]{0,40}(?:erhalten|eingegangen))\b"
)
_LATER: Final = (
    r"(?i)(?:\b(?:i|we|and)(?:'ll| will| shall) (?:reply|respond|answer|read|get back to you)"
    r"|\b(?:(?:if|for|in) [^\n.]{0,20}urgent|in my absence)[^\n.]{0,60}(?:contact|call|e-?mail)"
    r"|\blimited access to (?:my )?(?:e-?mail|inbox|messages)"
    r"|(?:\A|[.!\n] ?|\b(?:jeg|eg|jag|vi|og|och) )svar(?:er|ar) (?:deg |dig |på \S+ )?(?:når|när|så snart)"
    r"|\b(?:(?:hvis|dersom|viss) det hast[ea]r|haster det|(?:ved|for) (?:haste\w*|behov))[^\n.]{0,40}(?:kontakt|ring)"
    r"|\b(?:vid|i|om det är) (?:brådskande|akuta?)\b[^\n.]{0,40}(?:kontakta|ring)"
    r"|\bmelde mich (?:nach|sobald|umgehend)|\bwerde (?:ich )?(?:mich|ihre|deine)[^\n.]{0,60}"
    r"|\b(?:in|bei) dringend\w*[^\n.]{0,60}(?:wenden|kontaktieren|erreichen)"
    r"|\bbin [^\n.]{0,40}wieder (?:erreichbar|im büro))"
)
_BY_ITSELF: Final = (
    r"(?i)\b(?:(?:this is an? |dette er (?:en|ei|eit|et) |detta är (?:ett|en) |dies(?:es)? ist eine )auto\w*"
    r"|(?:automatically generated|automatisk generert|automatiskt genererat|automatisch (?:erstellt|generiert))"
    r"|do not reply to this|ikke svar på denne|ikkje svar på denne|svara inte på detta|bitte antworten sie nicht)"
)


def is_automatic(text: pl.Expr) -> pl.Expr:
    """Say of cleaned texts whether a machine wrote them (Boolean, false for null)."""
    short = (text.str.len_chars() <= _MOST) & ~text.str.contains("?", literal=True)
    by_itself = text.str.contains(_BY_ITSELF)
    away = text.str.contains(_AWAY) & (by_itself | text.str.contains(_LATER))
    received = text.str.contains(_RECEIVED) & by_itself
    return (text.str.contains(_CALLED) | (short & (away | received))).fill_null(value=False)
