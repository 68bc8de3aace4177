"""Redaction: free text in, text that names nobody and tells nothing of Art. 9 out, before the lake sees it.

Rules kept:
- order: clean (`ingest.text`), redact, append; a row carries the version that redacted it;
- a finding is a union: whatever one rule calls personal is taken out, whole;
- texts that come together speak for each other: the same word is a name or none in most of them (`name_evidence`); a
  text that shares no capitalised word with another is redacted as if it stood alone;
- a batch is redacted until nothing more is found in any text, so redacting twice changes nothing;
- special categories are looked for in what is left; a hit nulls the text and says only `withheld`;
- neither a value nor its place is kept, logged or cached.

Figures and the trade-offs of each rule stand in the rule's module. A tagger that finds names in no list adds its
spans in `_round` and raises the version.
"""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

import polars as pl

from privacy.redaction.folding import viewed
from privacy.redaction.name_model import Said, name_spans, said_in
from privacy.redaction.numbers import number_spans
from privacy.redaction.own import Attribute, attributes_of, own_spans
from privacy.redaction.placeholder import PLACEHOLDER, Numbers, Span, merged, replaced
from privacy.redaction.shapes import shape_spans
from privacy.redaction.special import speaks_of_special_categories
from privacy.redaction.thread import Threads
from privacy.redaction.tokens import SEAM

REDACTOR_VERSION: Final = 5

_ROWS: Final = 1_024  # texts searched at once: one buffer for the patterns, memory bounded by it
_UNMASKED: Final = re.compile(r"[^\s\x01](?:[^\x01]*[^\s\x01])?")


@dataclass(frozen=True, slots=True)
class Redacted:
    """What redaction made of a batch of texts.

    `frame` has `text_redacted` (String, null where the text was null or is withheld) and `withheld` (Boolean, never
    null), one row per text in order. `counts` is placeholders written, by kind, over the whole batch, texts withheld
    included; `withheld` texts are counted in the frame only.
    """

    frame: pl.DataFrame
    counts: Mapping[str, int]
    version: int = REDACTOR_VERSION


def redact(
    texts: pl.Series | Sequence[str | None],
    *,
    own: Sequence[Sequence[str]] | None,
    threads: Threads | None = None,
) -> Redacted:
    """Take personal data out of texts, and withhold those that speak of special categories.

    `own` holds each text's person's own attributes (names, e-mail, phone, street, ...), opened in memory by the
    caller, one sequence per text; values shorter than 3 characters are not matched. With `threads` the placeholders of
    a value have one number over all messages of a thread.

    Raises:
        ValueError: `own` or `threads` has not one entry per text.
    """
    column = pl.Series("text", texts, dtype=pl.String)
    for name, given in (("own", own), ("threads", threads.ids if threads is not None else None)):
        if given is not None and len(given) != len(column):
            raise ValueError(f"{name} has {len(given)} entries for {len(column)} texts; give one per text")
    counts: Counter[str] = Counter()
    out: list[str | None] = []
    for start in range(0, len(column), _ROWS):
        part = slice(start, start + _ROWS)
        batch = _Batch(
            texts=column[part].to_list(),
            seen={},
            own=_prepared(own[part]) if own is not None else None,
            threads=threads.part(part) if threads is not None else None,
        )
        out += _redacted(batch, counts)
    frame = pl.DataFrame({"text_redacted": pl.Series(out, dtype=pl.String)})
    withheld = speaks_of_special_categories(pl.col("text_redacted")).fill_null(value=False)
    frame = frame.with_columns(withheld=withheld)
    text = pl.when(~pl.col("withheld")).then(pl.col("text_redacted"))
    return Redacted(frame.with_columns(text_redacted=text), dict(sorted(counts.items())))


def find_spans(text: str, *, own: Sequence[str] = ()) -> list[Span]:
    """Return what a first round would take out of one text, for showing it to the person who may see the text."""
    view = _guarded(text)
    (names,) = name_spans(said_in([view]))
    return merged([*_plain_spans(view), *names, *own_spans(view, attributes_of(own))], view)


class _Seen(NamedTuple):
    """A text as it was last looked at: its view, and what it says that may be names."""

    view: str
    said: Said


@dataclass(frozen=True, slots=True)
class _Batch:
    """Texts that are redacted at once; `texts` changes as rounds go by, and `seen` with it."""

    texts: list[str | None]
    seen: dict[int, _Seen]
    own: Sequence[tuple[Attribute, ...]] | None
    threads: Threads | None

    def numbers_of(self, row: int, text: str) -> Numbers:
        """Return the numbers that the placeholders of a text have."""
        own = self.own[row] if self.own is not None else ()
        return Numbers(text) if self.threads is None else self.threads.numbers_of(row, text, own)


def _redacted(batch: _Batch, counts: Counter[str]) -> list[str | None]:
    """Redact a batch, going round again over the texts that changed: a new neighbour may be a new context.

    Each round that finds anything turns characters into placeholders, which are never searched: it ends.
    """
    rows = [row for row, text in enumerate(batch.texts) if text]
    while rows:
        rows = _round(batch, rows, counts)
    return batch.texts


def _round(batch: _Batch, rows: list[int], counts: Counter[str]) -> list[int]:
    """Look at the given rows anew, replace what is found and return the rows that changed.

    A row that was not looked at anew may still change: another's change may say what one of its words is.
    A Python loop over findings, not over characters or rows: no Polars expression gives the places of matches, and
    numbering within a text needs them in order. Own attributes differ by row, hence a look per row.
    """
    changed = []
    for row, spans in sorted(_found(batch, rows).items()):
        view, text = batch.seen[row].view, batch.texts[row] or ""
        whole = merged(_outside_placeholders(spans, view), view)
        if whole:
            batch.texts[row] = replaced(text, whole, counts, batch.numbers_of(row, text))
            changed.append(row)
    return changed


def _found(batch: _Batch, rows: list[int]) -> defaultdict[int, list[Span]]:
    """Return what is found, by row: numbers, shapes and own attributes of the given rows, names of all."""
    views = [_guarded(batch.texts[row] or "") for row in rows]
    found: defaultdict[int, list[Span]] = defaultdict(list)
    for place, spans in _by_text(views).items():
        found[rows[place]].extend(spans)
    for row, view, said in zip(rows, views, said_in(views), strict=True):
        batch.seen[row] = _Seen(view, said)
        if batch.own is not None:
            found[row].extend(own_spans(view, batch.own[row]))
    names = name_spans([seen.said for seen in batch.seen.values()])
    for row, spans in zip(batch.seen, names, strict=True):
        found[row].extend(spans)
    return found


def _prepared(own: Sequence[Sequence[str]]) -> list[tuple[Attribute, ...]]:
    """Prepare each person of a batch once; the forms live no longer than the batch."""
    people = {values: attributes_of(values) for values in set(map(tuple, own))}
    return [people[tuple(values)] for values in own]


def _outside_placeholders(spans: Iterable[Span], view: str) -> Iterator[Span]:
    """Cut findings at placeholders of an earlier round, leaving those out."""
    for span in spans:
        if "\x01" not in view[span.start : span.end]:
            yield span
            continue
        for piece in _UNMASKED.finditer(view, span.start, span.end):
            yield Span(*piece.span(), span.kind)


def _by_text(views: list[str]) -> defaultdict[int, list[Span]]:
    """Search all texts as one buffer and give each finding back to its text."""
    starts = list(accumulate((len(view) + len(SEAM) for view in views), initial=0))
    found: defaultdict[int, list[Span]] = defaultdict(list)
    for span in _plain_spans(SEAM.join(views)):
        place = bisect_right(starts, span.start) - 1
        at = starts[place]
        found[place].append(Span(span.start - at, min(span.end - at, len(views[place])), span.kind))
    return found


def _plain_spans(view: str) -> Iterator[Span]:
    """Yield what numbers and shapes tell of a text, or of a buffer of texts."""
    yield from shape_spans(view)
    yield from number_spans(view)


def _guarded(text: str) -> str:
    """Return the text's view with placeholders masked, so that no rule sees into them."""
    view = viewed(text)
    return PLACEHOLDER.sub(lambda match: "\x01" * len(match.group()), view) if "[" in view else view
