"""A proposal as a sentence in nb, nn, sv, en and de: what is seen, never why."""

from collections.abc import Mapping
from typing import Final

from predict.causes.finding import Finding

_SENTENCE: Final[Mapping[str, str]] = {
    "nb": (
        "{place}{since}: {share} % av {texts} tekster er misfornøyde, ellers {elsewhere} % ({low} til "
        "{high} prosentpoeng mer). {customers} kunder; rundt {excess} misfornøyde tekster færre om det var som ellers."
    ),
    "nn": (
        "{place}{since}: {share} % av {texts} tekstar er misnøgde, elles {elsewhere} % ({low} til "
        "{high} prosentpoeng meir). {customers} kundar; om lag {excess} misnøgde tekstar færre om det var som elles."
    ),
    "sv": (
        "{place}{since}: {share} % av {texts} texter är missnöjda, annars {elsewhere} % ({low} till "
        "{high} procentenheter mer). {customers} kunder; omkring {excess} missnöjda texter färre om det var som annars."
    ),
    "en": (
        "{place}{since}: {share} % of {texts} texts are unhappy, elsewhere {elsewhere} % ({low} to "
        "{high} points more). {customers} customers; about {excess} unhappy texts fewer if it were like the rest."
    ),
    "de": (
        "{place}{since}: {share} % von {texts} Texten sind unzufrieden, sonst {elsewhere} % ({low} bis "
        "{high} Prozentpunkte mehr). {customers} Kunden; rund {excess} unzufriedene Texte weniger, "
        "wenn es wie sonst wäre."
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


def sentence_of(finding: Finding, language: str) -> str:
    """Say a proposal in a language of `nb`, `nn`, `sv`, `en`, `de`; levels stand as they were delivered."""
    place = ", ".join(f"{name} {level}" for name, level in finding.levels) or _EVERYTHING[language]
    since = "" if finding.since is None else _SINCE[language].format(day=finding.since.isoformat())
    return _SENTENCE[language].format(
        place=place,
        since=since,
        share=round(100 * finding.share),
        elsewhere=round(100 * finding.elsewhere),
        texts=finding.texts,
        customers=finding.customers,
        low=round(100 * finding.gap.low),
        high=round(100 * finding.gap.high),
        excess=round(finding.excess),
    )
