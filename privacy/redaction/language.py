"""Which language a text seems to be in, by words that one of them has and its neighbours have not.

Good for one thing: how capitals are used (German nouns), and how often each kind of word is a name. A text without such
a word is of no language.
"""

from collections.abc import Iterable
from typing import Final

UNKNOWN: Final = "-"
_MARKS: Final = {
    "de": """das und nicht ist ich sie wir für auf die eine einen einer zu dem im bei auch habe bitte haben wurde sind
        mein meine kein keine des wie es ihr ihre aus nach sich hat kann noch nur war""",
    "sv": """och att är inte som jag från av med på vid eller också har hade det där när ska kan ett den han hon de vi
        mig dig sig något nu än blir blev efter mot om sin mycket flera vara men dem en ni kunde bara sade säger""",
    "no": """og å ikke ikkje jeg eg fra frå av som er en ein et eit på ved eller også har hadde det der når skal kan den
        han hun ho de dei vi meg deg seg noe noko nå enn blir ble blei etter mot om sin mye mykje flere være vere men
        dem kunne bare berre sa sier seier hva kva med til""",
    "en": "the and is was are with my you of this that have not it your be from were",
}
_NYNORSK: Final = frozenset(
    """eg ikkje frå ein eit ei dei noko berre mykje fleire vere blei seier kva kven kvar korleis kvifor no eigen
    eigne òg sjølv meir difor desse dykk dykkar heile gjer kjem veit nokon nokre vart vorte gjekk sidan saman vidare
    kjøpa me""".split()  # noqa: SIM905 - words are read as words
)
_BOKMAL: Final = frozenset(
    """jeg ikke fra en et de noe bare mye flere være ble sier hva hvem hvor hvordan hvorfor nå egen også selv mer
    derfor disse dere deres hele gjør kommer vet noen blir gikk siden sammen videre kjøpe hun
    """.split()  # noqa: SIM905 - words are read as words
)
"""Words that one written form of Norwegian has and the other has not."""
# A word of two languages marks neither.
_LANGUAGE_OF: Final = {
    word: language
    for language, words in _MARKS.items()
    for word in words.split()
    if not any(word in others.split() for other, others in _MARKS.items() if other != language)
}


def language_of(words: Iterable[str]) -> str:
    """Return the language most marking words of a text are of: de, sv, no (bokmål or either), nn, en, or `UNKNOWN`."""
    count = dict.fromkeys(_MARKS, 0)
    lower = [word.lower() for word in words]
    for word in lower:
        language = _LANGUAGE_OF.get(word)
        if language is not None:
            count[language] += 1
    most = max(count, key=count.__getitem__)
    if most == "no" and count[most]:
        nynorsk, bokmal = (sum(word in form for word in lower) for form in (_NYNORSK, _BOKMAL))
        return "nn" if nynorsk > bokmal else "no"
    return most if count[most] else UNKNOWN
