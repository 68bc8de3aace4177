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
# A word of two languages marks neither.
_LANGUAGE_OF: Final = {
    word: language
    for language, words in _MARKS.items()
    for word in words.split()
    if not any(word in others.split() for other, others in _MARKS.items() if other != language)
}


def language_of(words: Iterable[str]) -> str:
    """Return the language most of a text's marking words are of: de, sv, no (either form), en, or `UNKNOWN`."""
    count = dict.fromkeys(_MARKS, 0)
    for word in words:
        language = _LANGUAGE_OF.get(word) or _LANGUAGE_OF.get(word.lower())
        if language is not None:
            count[language] += 1
    most = max(count, key=count.__getitem__)
    return most if count[most] else UNKNOWN
