"""A company's own themes and competitors, beside ours: a file that is looked at before anything is read.

```yaml
competitors: [Fjellro Data]
themes:
  - name: parking          # small letters, digits and _
    kind: category         # critical, unless (leaving, safety, legal), mention (price, competitor, request), price
    priority: high         # a category's alone: low_medium, medium, medium_high, high
    words: {nb: "parkering*, bot", sv: "parkering*", en: "parking", de: "parken*"}
```

A theme of ours that is named again gets more words, and its new priority; any other is added. `nn` is read with `nb`.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from predict.errors import RuleRefused
from predict.satisfaction.themes import KINDS, MENTIONS, PRICES, PRIORITIES, Theme, Themes
from predict.satisfaction.threats import CRITICAL

LANGUAGES: Final = ("nb", "sv", "en", "de")
MOST: Final = 200  # themes, and names of competitors
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "critical": CRITICAL,
    "unless": CRITICAL,
    "mention": MENTIONS,
    "price": PRICES,
}
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PHRASE: Final = re.compile(r"[^\W\d_][\w'’.&-]*(?: [\w'’.&-]+){0,3}\*?")
_LETTERS: Final = 3  # fewer begin half of all words
_KEYS: Final = frozenset({"name", "kind", "words"})


def own_themes(written: Mapping[str, Any]) -> Themes:
    """Read what a company wrote; each theme may tell the `line` it stands on.

    Raises:
        RuleRefused: an entry does not make sense; names line, entry and rule.
    """
    if unknown := set(written) - {"competitors", "themes"}:
        raise RuleRefused(min(unknown), "is no part of the file", "write competitors and themes")
    themes, rivals = written.get("themes") or [], written.get("competitors") or []
    if not isinstance(themes, list) or not isinstance(rivals, list) or max(len(themes), len(rivals)) > MOST:
        raise RuleRefused("the file", f"has no lists of at most {MOST}", "write a list of names and one of themes")
    lines = [_theme(each) for each in themes]
    keys = [(line.kind, line.name) for line in lines]
    for place, key in enumerate(keys):
        if key in keys[:place]:
            raise RuleRefused(_entry(themes[place]), "stands there twice", "put all its words into one entry")
    return Themes(tuple(lines), tuple(_rival(each) for each in rivals))


def beside(shipped: Themes, own: Themes) -> Themes:
    """Add a company's themes to ours: words of the same theme together, its own priority, its competitors."""
    mine = {(line.kind, line.name): line for line in own.lines}
    known = [_joined(line, mine.pop((line.kind, line.name), None)) for line in shipped.lines]
    return Themes((*known, *mine.values()), own.competitors)


def _joined(shipped: Theme, own: Theme | None) -> Theme:
    if own is None:
        return shipped
    words = tuple(", ".join(filter(None, both)) for both in zip(shipped.words, own.words, strict=True))
    return Theme(shipped.kind, shipped.name, own.priority, words)


def _theme(written: object) -> Theme:
    one: Mapping[str, Any] = written if isinstance(written, Mapping) else {}
    where, kind, name = _entry(one), one.get("kind"), one.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise RuleRefused(where, "has no name of small letters, digits and _", "name it, as in late_parcels")
    if kind not in KINDS:
        raise RuleRefused(where, "is of no known kind", f"one of {', '.join(KINDS)}")
    wanted = _KEYS | ({"priority"} if kind == "category" else set())
    if set(one) - {"line"} != wanted:
        raise RuleRefused(where, f"needs exactly {', '.join(sorted(wanted))}", "compare it with the guide")
    if kind == "category" and one["priority"] not in PRIORITIES:
        raise RuleRefused(where, "has no known priority", f"one of {', '.join(PRIORITIES)}")
    if kind in _NAMES and name not in _NAMES[kind]:
        raise RuleRefused(where, f"is no {kind} that is looked for", f"one of {', '.join(_NAMES[kind])}")
    return Theme(str(kind), name, str(one.get("priority", "-")), _words(where, one["words"]))


def _words(where: str, written: object) -> tuple[str, ...]:
    if not isinstance(written, Mapping) or not written or not set(written) <= set(LANGUAGES):
        raise RuleRefused(where, "has no words by language", f"write words for some of {', '.join(LANGUAGES)}")
    for language, words in written.items():
        if not isinstance(words, str):
            raise RuleRefused(where, f"has no text for {language}", "write words with commas between them")
        for phrase in (each.strip() for each in words.split(",")):
            if not _PHRASE.fullmatch(phrase) or len(phrase.rstrip("*")) < _LETTERS:
                rule = f"has words in {language} that cannot be looked for"
                raise RuleRefused(where, rule, "one to four words of three letters or more together; * at the end")
    return tuple(str(written.get(language, "")) for language in LANGUAGES)


def _rival(written: object) -> str:
    if not isinstance(written, str) or not _PHRASE.fullmatch(written) or len(written) < _LETTERS:
        raise RuleRefused("competitors", "a name cannot be looked for", "one to four words, three letters or more")
    return written


def _entry(one: object) -> str:
    """Name an entry by its line and name, so that whoever wrote it finds it."""
    told: Mapping[str, Any] = one if isinstance(one, Mapping) else {}
    line = f"line {told['line']}" if "line" in told else "a theme"
    return f"{line}, {told['name']}" if isinstance(told.get("name"), str) else line
