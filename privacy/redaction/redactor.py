"""Redaction: free text in, text that names nobody and tells nothing of Art. 9 out, before the lake sees it.

Rules kept:
- order: clean (`ingest.text`), redact, append; a row carries the version that redacted it;
- a finding is a union: whatever one rule calls personal is taken out, whole;
- a text is redacted until nothing more is found, so redacting twice changes nothing;
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
from typing import Final

import polars as pl

from privacy.redaction.folding import viewed
from privacy.redaction.name_model import name_spans
from privacy.redaction.numbers import number_spans
from privacy.redaction.own import Attribute, attributes_of, own_spans
from privacy.redaction.placeholder import PLACEHOLDER, Numbers, Span, merged, replaced
from privacy.redaction.shapes import shape_spans
from privacy.redaction.special import speaks_of_special_categories
from privacy.redaction.thread import Threads

REDACTOR_VERSION: Final = 3

_ROWS: Final = 1_024  # texts searched at once: one buffer for the patterns, memory bounded by it
_UNMASKED: Final = re.compile(r"[^\s\x01](?:[^\x01]*[^\s\x01])?")
_SEAM: Final = "\n\x00\n"  # between texts of a buffer: no pattern matches across NUL


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
            own=_prepared(own[part]) if own is not None else None,
            threads=Threads(threads.ids[part], threads.tokens) if threads is not None else None,
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
    return merged([*_shared_spans(view), *own_spans(view, attributes_of(own))], view)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Texts that are redacted at once; `texts` changes as rounds go by."""

    texts: list[str | None]
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
    """Replace what is found in the given rows and return the rows that changed.

    A Python loop over findings, not over characters or rows: no Polars expression gives the places of matches, and
    numbering within a text needs them in order. Own attributes differ by row, hence a look per row.
    """
    views = [_guarded(batch.texts[row] or "") for row in rows]
    found = _by_row(views)
    if batch.own is not None:
        for place, row in enumerate(rows):
            found[place].extend(own_spans(views[place], batch.own[row]))
    changed = []
    for place, spans in found.items():
        row = rows[place]
        whole = merged(_outside_placeholders(spans, views[place]), views[place])
        if whole:
            text = batch.texts[row] or ""
            batch.texts[row] = replaced(text, whole, counts, batch.numbers_of(row, text))
            changed.append(row)
    return changed


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


def _by_row(views: list[str]) -> defaultdict[int, list[Span]]:
    """Search all texts as one buffer and give each finding back to its text."""
    starts = list(accumulate((len(view) + len(_SEAM) for view in views), initial=0))
    found: defaultdict[int, list[Span]] = defaultdict(list)
    for span in _shared_spans(_SEAM.join(views)):
        place = bisect_right(starts, span.start) - 1
        at = starts[place]
        found[place].append(Span(span.start - at, min(span.end - at, len(views[place])), span.kind))
    return found


def _shared_spans(view: str) -> Iterator[Span]:
    for rule in (shape_spans, number_spans, name_spans):
        spans: Iterable[Span] = rule(view)
        yield from spans


def _guarded(text: str) -> str:
    """Return the text's view with placeholders masked, so that no rule sees into them."""
    view = viewed(text)
    return PLACEHOLDER.sub(lambda match: "\x01" * len(match.group()), view) if "[" in view else view
