"""A company's library of approved answers: which there are, and when each may be suggested.

```yaml
version: 3
answers:
  - name: late_parcel           # small letters, digits and _
    topic: delivery             # a category of `predict.satisfaction.themes`
    language: en                # nb, nn, sv, en, de
    tone: any                   # calm, annoyed or any: how the customer writes
    history: first              # first, again (the second time) or any; from the third time on a person answers
    words: "parcel*, tracking"  # may be left out: at least one must stand in the message
    channels: [email]           # may be left out: all
    text: We have asked the carrier where your parcel is, and write again tomorrow before noon.
```
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from predict.errors import RuleRefused
from predict.text.words import LANGUAGES

ANY: Final = "any"
CALM, ANNOYED = "calm", "annoyed"
FIRST, AGAIN = "first", "again"
TONES: Final = (CALM, ANNOYED, ANY)
HISTORIES: Final = (FIRST, AGAIN, ANY)
MOST: Final = 500
LONGEST: Final = 4_000  # characters of an answer
NAME: Final = re.compile(r"(?!.*\d{7})[a-z][a-z0-9_]{0,39}")
"""What an answer may be called: seven digits in a row could be somebody's number."""
_PHRASE: Final = re.compile(r"[^\W\d_][\w'’.&-]*(?: [\w'’.&-]+){0,3}\*?")
_NEEDED: Final = frozenset({"name", "topic", "language", "tone", "history", "text"})
_ALLOWED: Final = _NEEDED | {"words", "channels", "line"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """One approved answer and its conditions; no `words` or no `channels`: any."""

    name: str
    topic: str
    language: str
    tone: str
    history: str
    text: str
    words: str = ""
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A version of a company's answers."""

    version: int
    answers: tuple[Approved, ...]


def library_of(written: Mapping[str, Any], topics: Sequence[str]) -> Library:
    """Read a library; `topics` are the categories that there are, each answer may tell the `line` it stands on.

    Raises:
        RuleRefused: an entry does not make sense; names line, entry and rule.
    """
    if set(written) != {"version", "answers"}:
        raise RuleRefused("the file", "needs exactly version and answers", "compare it with `varde voice library`")
    version, answers = written["version"], written["answers"]
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise RuleRefused("version", "is no number from 1 on", "count it up with each change")
    if not isinstance(answers, list) or not 1 <= len(answers) <= MOST:
        raise RuleRefused("answers", f"is no list of 1 to {MOST}", "write one entry an answer")
    found = [_approved(each, topics) for each in answers]
    for place, one in enumerate(found):
        if one.name in {other.name for other in found[:place]}:
            raise RuleRefused(_entry(answers[place]), "two answers have this name", "give each a name of its own")
    return Library(version=version, answers=tuple(found))


def _approved(written: object, topics: Sequence[str]) -> Approved:
    one: Mapping[str, Any] = written if isinstance(written, Mapping) else {}
    where = _entry(one)
    if not _NEEDED <= set(one) <= _ALLOWED:
        rule = f"needs {', '.join(sorted(_NEEDED))} and may have words and channels"
        raise RuleRefused(where, rule, "compare it with `varde voice library`")
    name, text = one["name"], one["text"]
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise RuleRefused(where, "has no name of small letters, digits and _", "name it, as in late_parcel")
    closed = {"topic": topics, "language": LANGUAGES, "tone": TONES, "history": HISTORIES}
    for key, values in closed.items():
        if one[key] not in values:
            raise RuleRefused(where, f"has no known {key}", f"one of {', '.join(values)}")
    if not isinstance(text, str) or not 0 < len(text.strip()) <= LONGEST:
        raise RuleRefused(where, f"has no text of 1 to {LONGEST} characters", "write what a colleague may start from")
    return Approved(
        name=name,
        text=text.strip(),
        words=_words(where, one.get("words", "")),
        channels=_channels(where, one.get("channels", [])),
        **{key: str(one[key]) for key in closed},
    )


def _words(where: str, written: object) -> str:
    if not isinstance(written, str) or (
        written and not all(_PHRASE.fullmatch(each.strip()) for each in written.split(","))
    ):
        raise RuleRefused(where, "has words that cannot be looked for", "one to four words each, * at the end, commas")
    return written


def _channels(where: str, written: object) -> tuple[str, ...]:
    if not isinstance(written, list) or not all(isinstance(each, str) and each.strip() for each in written):
        raise RuleRefused(where, "has no list of channels", "write them as the messages have them, as in [email, chat]")
    return tuple(written)


def _entry(one: object) -> str:
    """Name an entry by its line and name, so that whoever wrote it finds it."""
    told: Mapping[str, Any] = one if isinstance(one, Mapping) else {}
    line = f"line {told['line']}" if "line" in told else "an answer"
    return f"{line}, {told['name']}" if isinstance(told.get("name"), str) else line
