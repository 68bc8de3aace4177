"""A proposal as a sentence in nb, nn, sv, en and de: what is seen, never why."""

from collections.abc import Mapping
from typing import Final

from predict.causes.finding import Finding
from predict.causes.what import What

_OF: Final[Mapping[str, Mapping[What, tuple[str, str]]]] = {
    "nb": {
        What.TEXTS: ("tekster er misfornøyde", "misfornøyde tekster"),
        What.CASES: ("saker gikk galt", "slike saker"),
    },
    "nn": {What.TEXTS: ("tekstar er misnøgde", "misnøgde tekstar"), What.CASES: ("saker gjekk gale", "slike saker")},
    "sv": {What.TEXTS: ("texter är missnöjda", "missnöjda texter"), What.CASES: ("ärenden gick fel", "sådana ärenden")},
    "en": {What.TEXTS: ("texts are unhappy", "unhappy texts"), What.CASES: ("cases went wrong", "such cases")},
    "de": {
        What.TEXTS: ("Texten sind unzufrieden", "unzufriedene Texte"),
        What.CASES: ("Anfragen liefen schief", "solche Anfragen"),
    },
}
_SENTENCE: Final[Mapping[str, str]] = {
    "nb": (
        "{place}{since}: {share} % av {texts} {went}, ellers {elsewhere} % ({low} til {high} prosentpoeng mer). "
        "{customers} kunder; rundt {excess} {such} færre om det var som ellers."
    ),
    "nn": (
        "{place}{since}: {share} % av {texts} {went}, elles {elsewhere} % ({low} til {high} prosentpoeng meir). "
        "{customers} kundar; om lag {excess} {such} færre om det var som elles."
    ),
    "sv": (
        "{place}{since}: {share} % av {texts} {went}, annars {elsewhere} % ({low} till {high} procentenheter mer). "
        "{customers} kunder; omkring {excess} {such} färre om det var som annars."
    ),
    "en": (
        "{place}{since}: {share} % of {texts} {went}, elsewhere {elsewhere} % ({low} to {high} points more). "
        "{customers} customers; about {excess} {such} fewer if it were like the rest."
    ),
    "de": (
        "{place}{since}: {share} % von {texts} {went}, sonst {elsewhere} % ({low} bis {high} Prozentpunkte mehr). "
        "{customers} Kunden; rund {excess} {such} weniger, wenn es wie sonst wäre."
    ),
}
_SINCE: Final[Mapping[str, str]] = {
    "nb": " siden omkring {day}",
    "nn": " sidan om lag {day}",
    "sv": " sedan omkring {day}",
    "en": " since about {day}",
    "de": " seit etwa {day}",
}
_EVERYTHING: Final[Mapping[str, str]] = {
    "nb": "Alt",
    "nn": "Alt",
    "sv": "Allt",
    "en": "Everything",
    "de": "Alles",
}


NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "nb": {
        "category": "tema",
        "topic": "tema",
        "product": "produkt",
        "step": "steg",
        "channel": "kanal",
        "priority": "prioritet",
    },
    "nn": {
        "category": "tema",
        "topic": "tema",
        "product": "produkt",
        "step": "steg",
        "channel": "kanal",
        "priority": "prioritet",
    },
    "sv": {
        "category": "ämne",
        "topic": "ämne",
        "product": "produkt",
        "step": "steg",
        "channel": "kanal",
        "priority": "prioritet",
    },
    "en": {"category": "topic"},
    "de": {
        "category": "Thema",
        "topic": "Thema",
        "product": "Produkt",
        "step": "Schritt",
        "channel": "Kanal",
        "team": "Team",
        "priority": "Priorität",
    },
}
"""What dimensions are called; one that is not here is called what the view calls it."""


def sentence_of(finding: Finding, language: str) -> str:
    """Say a proposal in a language of `nb`, `nn`, `sv`, `en`, `de`; levels stand as delivered, but for `_`."""
    names = NAMES[language]
    told = (f"{names.get(name, name)} {level.replace('_', ' ')}" for name, level in finding.levels)
    place = ", ".join(told) or _EVERYTHING[language]
    since = "" if finding.since is None else _SINCE[language].format(day=finding.since.isoformat())
    went, such = _OF[language][finding.what]
    return _SENTENCE[language].format(
        place=place[:1].upper() + place[1:],
        went=went,
        such=such,
        since=since,
        share=round(100 * finding.share),
        elsewhere=round(100 * finding.elsewhere),
        texts=finding.texts,
        customers=finding.customers,
        low=round(100 * finding.gap.low),
        high=round(100 * finding.gap.high),
        excess=round(finding.excess),
    )
