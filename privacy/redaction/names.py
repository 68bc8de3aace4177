r"""Names: gazetteers, capitals and the words around them.

A capitalised word in the lists is a name; a name that is also a word ("Per", "Mark") or a town needs a neighbour or a
context. Greetings, sign-offs, titles and introductions ("Hei Kari", "Mvh\nola", "Herr Müller", "ich heiße") make a
name of a word in no list. Lower-case names are taken after an introduction or sign-off and as a listed pair.
What a context makes a name is one; what lists and capitals make likely is weighed with its neighbours by
`name_model`, which also finds names in no list.
"""

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Final, NamedTuple

from privacy.redaction.addresses import UPPER
from privacy.redaction.folding import folded
from privacy.redaction.gazetteer import Trust, trust_by_name
from privacy.redaction.name_context import INTRODUCTIONS, NOT_NAME_STARTS, NOT_NAMES, PARTICLES, TITLES, Context
from privacy.redaction.placeholder import Kind, Span
from privacy.redaction.surname import looks_like_surname

_CAPITALISED: Final = rf"(?:[{UPPER}]\.|[{UPPER}]\w*(?:['-]\w+)*)"
_SEQUENCE: Final = re.compile(rf"(?<![\w\x01]){_CAPITALISED}(?: (?:(?:{'|'.join(PARTICLES)}) ){{0,2}}{_CAPITALISED})*")
_WORD: Final = re.compile(r"[^\W\d_]+")
_TAKEN_WORD: Final = r"(?:[^\W\d_]\.|[^\W\d_]+(?:['-][^\W\d_]+)*)"
_TAKEN: Final = re.compile(rf"{_TAKEN_WORD}(?: {_TAKEN_WORD}){{0,3}}")
_COMPANY: Final = re.compile(r" (?:ASA?|AB|GmbH|Ltd|Inc|ApS|Oyj?|A/S|AG|KG|SE|PLC|LLC|Corp|Group)\b")
_SENTENCE_START: Final = re.compile(r"(?:^|[.!?:\n\x00\"»«”“•*>-])[ \"'(»«”“]*$")
_IN_PLACE: Final = frozenset({"i", "in", "nach", "aus", "ved", "at", "på", "the", "im", "am", "zum", "zur"})
_ARTICLES: Final = frozenset(
    {"a", "an", "ein", "eine", "ei", "et", "ett"}
)  # "a Christian" believes, "Christian" is called so
_SHOUTED: Final = 5  # so many words in capitals are shouting, not a name
_STRETCH: Final = 1  # unlisted words that may follow a given name; more would eat German nouns
_LINE_WORDS: Final = 4  # a sign-off line longer than this is a sentence
_SHORTEST_LOWER: Final = 3
_MAKES_A_NAME: Final = frozenset({Context.NAMED, Context.TITLE, Context.GREETING, Context.SIGN_OFF})


class Named(NamedTuple):
    """What the rules take for names: `sure` by a context that makes one, `likely` by lists and capitals."""

    sure: list[Span]
    likely: list[Span]


def named(view: str) -> Named:
    """Find names of people in a viewed text."""
    found = Named([], [span for match in _SEQUENCE.finditer(view) for span in _in_sequence(view, match)])
    for match in _WORD.finditer(view):
        low = match.group().lower()
        if low in INTRODUCTIONS:
            for span, context in _introduced(view, match.start(), match.end(), low):
                (found.sure if context in _MAKES_A_NAME else found.likely).append(span)
        elif trust_by_name().get(folded(low)) is Trust.GIVEN and match.group()[0].islower():
            found.sure.extend(_lower_pair(view, match))
    return found


def trust_of(word: str) -> Trust:
    """Return what the lists say of one word, genitive and hyphens allowed for."""
    table = trust_by_name()
    low = folded(word.rstrip("."))
    found = table.get(low)
    if found is None and low.endswith("s"):
        found = table.get(low[:-1].rstrip("'"))
    if found is None and "-" in low:
        found = min(table.get(part, Trust.NONE) for part in low.split("-") if part not in PARTICLES)
    if found is None:
        return Trust.WORD_GIVEN if looks_like_surname(low) and word[0].isupper() else Trust.NONE
    return found


def _in_sequence(view: str, match: re.Match[str]) -> Iterator[Span]:
    words = [(found.start() + match.start(), found.group()) for found in re.finditer(r"\S+", match.group())]
    if len(words) >= _SHOUTED and match.group().isupper():
        words = [word for word in words if trust_of(word[1]) >= Trust.FAMILY and word[1].lower() not in NOT_NAMES]
    place = 0
    while place < len(words):
        length = _name_length(view, words, place)
        if length:
            last_start, last = words[place + length - 1]
            yield Span(words[place][0], last_start + len(last.rstrip(".")), Kind.NAME)
        place += max(1, length)


def _name_length(view: str, words: list[tuple[int, str]], place: int) -> int:
    """Count the words of the name that starts at a place; 0 where none does."""
    start, word = words[place]
    if word.lower() in NOT_NAMES:
        return 0
    trust = trust_of(word)
    length = 1 + _tail(words, place + 1)
    anchored = any(trust_of(w) >= Trust.FAMILY for _, w in words[place + 1 : place + length])
    if length == 1 and _after(view, start) in _ARTICLES:
        return 0
    if trust is Trust.GIVEN or (trust is not Trust.NONE and anchored):
        return length
    if trust is Trust.FAMILY:
        return (
            0
            if _COMPANY.match(view, start + len(word)) or (length == 1 and _after(view, start) in _IN_PLACE)
            else length
        )
    if trust is Trust.WORD_GIVEN:
        return length if length > 1 or not (_starts_sentence(view, start) or _after(view, start) in _IN_PLACE) else 0
    # A word in no list before a listed family name ("Wijtze Hansen") or behind an initial.
    unlisted = len(words) > place + 1 and trust is Trust.NONE and not _starts_sentence(view, start)
    if unlisted and trust_of(words[place + 1][1]) is Trust.FAMILY and words[place + 1][1].lower() not in NOT_NAMES:
        return length
    return 0


def _tail(words: list[tuple[int, str]], place: int) -> int:
    """Count the words that may belong to a name begun before `place`: listed ones, particles, a few unlisted."""
    count, stretch = 0, 0
    for _, word in words[place:]:
        low = word.lower()
        if low in NOT_NAMES:
            break
        if low not in PARTICLES and trust_of(word) is Trust.NONE and len(low.rstrip(".")) > 1:
            stretch += 1
        if stretch > _STRETCH:
            break
        count += 1
    while count and words[place + count - 1][1] in PARTICLES:
        count -= 1
    return count


def _starts_sentence(view: str, start: int) -> bool:
    return _SENTENCE_START.search(view, max(0, start - 6), start) is not None


def _after(view: str, start: int) -> str:
    """Return the word before a place on the same line, in lower case."""
    return view[max(0, start - 8) : start].rstrip(" ").rpartition(" ")[2].lower()


def _introduced(view: str, start: int, end: int, trigger: str) -> Iterator[tuple[Span, Context]]:
    before = view[max(0, start - 24) : start].lower()
    for rule in INTRODUCTIONS[trigger]:
        if before.endswith(rule.before) and (rule.before or not before[-1:].isalpha()):
            gap = rule.gap.match(view, end)
            taken = _TAKEN.match(view, gap.end()) if gap else None
            if taken is not None:
                yield from ((span, rule.context) for span in _taken(view, taken, rule.context))
            return


def _taken(view: str, taken: re.Match[str], context: Context) -> Iterator[Span]:
    words = [(found.start() + taken.start(), found.group()) for found in re.finditer(r"\S+", taken.group())]
    limit = _LINE_WORDS if context is Context.SIGN_OFF else 3
    kept = len(list(takewhile(lambda word: _may_be_name(word[1], context), words[:limit])))
    if context is Context.SIGN_OFF and words[0][1][0].islower() and not _ends_line(view, taken.end()):
        kept = 0
    if kept:
        last_start, last = words[kept - 1]
        yield Span(words[0][0], last_start + len(last.rstrip(".")), Kind.NAME)


def _may_be_name(word: str, context: Context) -> bool:
    low = word.lower().rstrip(".")
    if low in TITLES or low in NOT_NAMES or low.startswith(NOT_NAME_STARTS):
        return False
    trust = trust_of(word)
    if word[0].isupper() or low in PARTICLES:
        listed = trust >= Trust.WORD_FAMILY
        return listed if context is Context.WEAK else context is not Context.ROLE or trust is not Trust.PLACE
    if context in {Context.WEAK, Context.TITLE, Context.ROLE} or len(low) < _SHORTEST_LOWER:
        return context is Context.TITLE and trust is Trust.GIVEN
    return (
        trust in {Trust.GIVEN, Trust.FAMILY}
        or (context is not Context.GREETING and trust is not Trust.NONE)
        or (context in {Context.SIGN_OFF, Context.NAMED})
    )


def _ends_line(view: str, end: int) -> bool:
    return view[end : end + 3].lstrip(" ,.!")[:1] in {"", "\n", "\x00"}


def _lower_pair(view: str, match: re.Match[str]) -> Iterator[Span]:
    """Take "kari nordmann" where both are listed and neither is a word."""
    following = _WORD.match(view, match.end() + 1) if view[match.end() : match.end() + 1] == " " else None
    if following is None or match.group() in NOT_NAMES or following.group().lower() in NOT_NAMES:
        return
    if trust_of(following.group()) is Trust.FAMILY:
        yield Span(match.start(), following.end(), Kind.NAME)
