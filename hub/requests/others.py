"""Taking other people out of what was written about one (Art. 15(4)): their names, addresses and numbers go.

What is the person's own stays: it is found by their own details, which the caller has opened for the same act. As
everywhere in this house a name can be missed; what is handed over by a colleague is looked at first.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from privacy.redaction.folding import viewed
from privacy.redaction.own import Attribute, attributes_of, own_spans
from privacy.redaction.redactor import find_spans

GONE: Final = "[…]"


def without_others(value: Any, own: Sequence[str]) -> Any:  # noqa: ANN401 - JSON's own types
    """Return a text, or every text within a JSON value, without what points to people other than the one given."""
    return _without(value, attributes_of(own))


def _without(value: Any, own: tuple[Attribute, ...]) -> Any:  # noqa: ANN401 - as above
    if isinstance(value, Mapping):
        return {key: _without(each, own) for key, each in value.items()}
    if isinstance(value, list):
        return [_without(each, own) for each in value]
    return _masked(value, own) if isinstance(value, str) else value


def _masked(text: str, own: tuple[Attribute, ...]) -> str:
    mine = [False] * len(text)
    for span in own_spans(viewed(text), own):
        mine[span.start : span.end] = [True] * (span.end - span.start)
    parts, at = [], 0
    for start, end in _foreign(text, mine):
        parts += [text[at:start], GONE]
        at = end
    return "".join([*parts, text[at:]])


def _foreign(text: str, mine: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield the ranges of what points to somebody and is not the person's own; two names side by side part here."""
    for span in find_spans(text):
        for own, run in groupby(range(span.start, span.end), key=mine.__getitem__):
            places = list(run)
            if not own and any(text[place].isalnum() for place in places):
                yield places[0], places[-1] + 1
