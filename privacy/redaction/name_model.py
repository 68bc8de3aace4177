"""The learned part of finding names: what a capitalised word and its neighbours are, by public facts of them.

Rules kept:
- the model is our own JSON, weights for each feature, made by `tests.benchmarks.make_name_model`; it holds no word of
  a text but common ones in lower case, and readers can see why a word was taken;
- two judges see the same features: one says whether a word is part of a person's name, one what else it may be (a
  place, a firm, another thing); the mean of what they say goes on, with what the same word is elsewhere in the batch
  (`name_evidence`);
- what a context makes a name (`names.Named.sure`) is one whatever the model says; what lists make likely is a feature;
- the threshold favours the person: a place taken for a person costs a word of the text, a person missed costs more.
Which model was chosen on what figures: docs/adr/0086, 0094, 0103, 0114.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from privacy.redaction.folding import folded
from privacy.redaction.language import language_of
from privacy.redaction.name_context import NOT_NAMES, PARTICLES
from privacy.redaction.name_evidence import Evidence, Numbers, elsewhere, likelihoods
from privacy.redaction.name_features import TextFacts, TraitsOfBatch, candidates, features_of
from privacy.redaction.name_runs import runs_of
from privacy.redaction.names import Named, named
from privacy.redaction.place_phrases import firm_words, within_places
from privacy.redaction.placeholder import Kind, Span
from privacy.redaction.special import special_words, tells_of_special_categories
from privacy.redaction.tokens import SEAM, Tokens, texts_of

KINDS: Final = ("other", "person", "place", "firm", "thing")
"""What a capitalised word may be: the order of a feature's weights, after which comes that of the judge of persons."""
_LEAST: Final = 1e-4
"""Nothing is surer than this."""


class Thresholds(NamedTuple):
    """The probability from which a word is taken: one that is said once, and one that other sentences say, too."""

    alone: float
    familiar: float


class NameModel(NamedTuple):
    """A row of weights for each feature, the weight of every word, and thresholds by language."""

    rows: dict[str, int]
    weights: npt.NDArray[np.float64]
    bias: Numbers
    evidence: Evidence
    thresholds: dict[str, Thresholds]

    def threshold_in(self, language: str) -> Thresholds:
        """Return the thresholds of a language; "-" are those of one that nobody chose any for."""
        return self.thresholds.get(language) or self.thresholds["-"]

    def odds(self, words: Sequence[Sequence[str]]) -> Numbers:
        """Return the log-odds that each word, told by its features, is part of a person's name."""
        row_of, flat, starts = self.rows.get, list[int](), list[int]()
        for features in words:
            starts.append(len(flat))
            flat += [row for each in features if (row := row_of(each)) is not None]
            flat.append(-1)  # the last row is of zeros: no sum is of nothing
        known = self.weights[np.array(flat, dtype=np.int64)]
        return odds_of(np.add.reduceat(known, starts, axis=0) + self.bias if flat else self.bias[:0])


class Candidate(NamedTuple):
    """A capitalised word of one text: its place among the tokens, where it starts and ends, and its features."""

    place: int
    start: int
    end: int
    features: list[str]


class Said(NamedTuple):
    """What one text says that may be names: its tokens, the candidates among them and their log-odds.

    `sure` and `likely` are what the rules say of it (`names.Named`).
    """

    words: list[str]
    language: str
    candidates: list[Candidate]
    odds: Numbers
    rules: Named


def odds_of(scores: Numbers) -> Numbers:
    """Return the log-odds of the mean of both judges; `scores` has a column for each kind, and one of persons."""
    if not len(scores):
        return np.zeros(0)
    kinds = np.exp(scores[:, :-1] - scores[:, :-1].max(axis=1, keepdims=True))
    person = kinds[:, KINDS.index("person")] / kinds.sum(axis=1)
    mean = np.clip((person + 1 / (1 + np.exp(-scores[:, -1]))) / 2, _LEAST, 1 - _LEAST)
    odds: Numbers = np.log(mean / (1 - mean))
    return odds


def said_in(views: Sequence[str], model: NameModel | None = None) -> list[Said]:
    """Weigh the capitalised words of each viewed text by its own sentences; places count from the text's start."""
    starts = list(accumulate((len(view) + len(SEAM) for view in views), initial=0))
    buffer, traits = SEAM.join(views), TraitsOfBatch()
    found = named(buffer)
    found.likely.sort()
    sure, likely = (_by_text(spans, starts) for spans in found)
    texts: list[tuple[list[str], str, list[Candidate]]] = []
    for at, (tokens, ruled) in zip(starts, _with_rules(buffer, found), strict=False):
        language = language_of(tokens.words)
        inner = Tokens(tokens.words, [start - at for start in tokens.starts])
        texts.append((tokens.words, language, list(described(inner, ruled, traits, language))))
    odds = (model or name_model()).odds([each.features for *_, described in texts for each in described])
    ends = np.cumsum([len(each) for *_, each in texts])
    return [
        Said(*text, of_text, Named(sure.get(place, []), likely.get(place, [])))
        for place, (text, of_text) in enumerate(zip(texts, np.split(odds, ends[:-1]), strict=True))
    ]


def name_spans(texts: Sequence[Said], model: NameModel | None = None) -> Iterator[list[Span]]:
    """Find the names of people in texts that came together: one list for each."""
    model = model or name_model()
    odds = np.concatenate([np.zeros(0), *(text.odds for text in texts)])
    words = [text.words[each.place] for text in texts for each in text.candidates]
    others = elsewhere(words, odds, np.repeat(np.arange(len(texts)), [len(text.candidates) for text in texts]))
    likely = likelihoods(model.evidence, odds, others)
    at = 0
    for text in texts:
        part = slice(at, at := at + len(text.candidates))
        least = model.threshold_in(text.language)
        enough = likely[part] >= np.where(others.times[part] == 0, least.alone, least.familiar)
        yield [*text.rules.sure, *_of_text(text, [text.candidates[place] for place in np.flatnonzero(enough)])]


def described(tokens: Tokens, ruled: list[bool], traits: TraitsOfBatch, language: str) -> Iterator[Candidate]:
    """Describe each candidate of one text in a language."""
    text = TextFacts(tokens.words, language, runs_of(tokens.words), firm_words(tokens.words))
    around = [False, *ruled, False]
    for place in candidates(tokens.words):
        start = tokens.starts[place]
        rules = (around[place + 1], around[place], around[place + 2])
        features = features_of(text, place, rules, traits)
        yield Candidate(place, start, start + len(tokens.words[place]), features)


def texts_with_rules(view: str) -> Iterator[tuple[Tokens, list[bool]]]:
    """Yield the tokens of each text, and for each token whether the rules take it for a name."""
    yield from _with_rules(view, named(view))


@cache
def name_model() -> NameModel:
    """Return the model that is shipped."""
    return model_of(json.loads(files("privacy.redaction").joinpath("name_model.json").read_text("utf-8")))


def model_of(told: Mapping[str, Any]) -> NameModel:
    """Read a model from what its JSON says."""
    width = len(KINDS) + 1
    rows = {name: row for row, name in enumerate(told["weights"])}
    weights = np.array([*told["weights"].values(), [0.0] * width])
    thresholds = {language: Thresholds(*pair) for language, pair in told["thresholds"].items()}
    return NameModel(rows, weights, np.array([told["bias"]]), Evidence(**told["evidence"]), thresholds)


def _of_text(text: Said, taken: list[Candidate]) -> Iterator[Span]:
    """Unite the chosen words of one text to names, without those that a list knows for something else."""
    taken = [each for each in taken if text.words[each.place].lower() not in NOT_NAMES]
    places = within_places(text.words, [each.place for each in taken])
    runs = _runs(text.words, [each for each in taken if each.place not in places])
    kept = [run for run, words in runs if not _is_of_the_list(words)]
    yield from kept
    yield from _whole(kept, text.rules.likely)


def _by_text(spans: Iterable[Span], starts: list[int]) -> dict[int, list[Span]]:
    """Give each finding of a buffer back to its text."""
    found: dict[int, list[Span]] = {}
    for span in spans:
        place = bisect_right(starts, span.start) - 1
        at, end = starts[place], starts[place + 1] - len(SEAM)
        found.setdefault(place, []).append(Span(span.start - at, min(span.end, end) - at, span.kind))
    return found


def _with_rules(view: str, found: Named) -> Iterator[tuple[Tokens, list[bool]]]:
    spans = iter(sorted((*found.sure, *found.likely)))
    span = next(spans, None)
    for tokens in texts_of(view):
        ruled = []
        for start in tokens.starts:
            while span is not None and span.end <= start:
                span = next(spans, None)
            ruled.append(span is not None and span.start <= start)
        yield tokens, ruled


def _whole(runs: list[Span], likely: list[Span]) -> Iterator[Span]:
    """Yield what the rules saw as one name with a run in it: "Ludwig van Beethoven", not "Ludwig" alone."""
    for run in runs:
        place = bisect_right(likely, run.start, key=lambda span: span.end)
        while place < len(likely) and likely[place].start < run.end:
            yield likely[place]
            place += 1


def _is_of_the_list(words: str) -> bool:
    """Say whether words speak of a special category: then the text is withheld, which needs the words in their place.

    "Christian Hansen" is a name all the same: the list is asked about the run as a whole, or its only word.
    """
    plain = folded(words)
    return tells_of_special_categories(plain) if " " not in plain else plain in special_words()


def _runs(words: list[str], taken: list[Candidate]) -> Iterator[tuple[Span, str]]:
    """Unite neighbours, also over particles ("Ludwig van Beethoven"), with the words as they are said."""
    run: list[Candidate] = []
    for each in taken:
        if run and not all(word in PARTICLES for word in words[run[-1].place + 1 : each.place]):
            yield _run(words, run)
            run = []
        run.append(each)
    if run:
        yield _run(words, run)


def _run(words: list[str], run: list[Candidate]) -> tuple[Span, str]:
    return Span(run[0].start, run[-1].end, Kind.NAME), " ".join(words[run[0].place : run[-1].place + 1])
