"""The learned part of finding names: a logistic model over public facts of a capitalised word and its neighbours.

Rules kept:
- the model is our own JSON, a weight for each feature, made by `tests.benchmarks.make_name_model`; it holds no word of
  a text but common ones in lower case, and readers can see why a word was taken;
- what a context makes a name (`names.Named.sure`) is one whatever the model says; what lists make likely is a feature;
- the threshold favours the person: a place taken for a person costs a word of the text, a person missed costs more.
Which model was chosen on what figures: docs/adr/0086.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from math import exp
from typing import Final, NamedTuple

from privacy.redaction.folding import folded
from privacy.redaction.language import language_of
from privacy.redaction.name_context import NOT_NAMES, PARTICLES
from privacy.redaction.name_features import TextFacts, TraitsOfBatch, candidates, features_of
from privacy.redaction.names import Named, named
from privacy.redaction.place_phrases import within_places
from privacy.redaction.placeholder import Kind, Span
from privacy.redaction.special import special_words, tells_of_special_categories
from privacy.redaction.tokens import Tokens, texts_of

_SURELY: Final = 0.8
"""From this probability on a word is a name wherever its text says it."""


class NameModel(NamedTuple):
    """Weights by feature, the weight of every word, and by language the probability from which a word is taken."""

    weights: dict[str, float]
    bias: float
    thresholds: dict[str, float]

    def threshold_in(self, language: str) -> float:
        """Return the threshold of a language; one that nobody chose a threshold for has the lowest."""
        return self.thresholds.get(language) or min(self.thresholds.values())

    def likelihood(self, features: list[str]) -> float:
        """Return the probability that a word is (part of) a person's name."""
        weights = self.weights
        return 1 / (1 + exp(-self.bias - sum(weights[each] for each in features if each in weights)))


class Candidate(NamedTuple):
    """A capitalised word of one text: its place among the tokens, where it starts and ends, and its features."""

    place: int
    start: int
    end: int
    features: list[str]


def name_spans(view: str) -> Iterator[Span]:
    """Find names of people in a viewed text or a buffer of texts."""
    found = named(view)
    found.likely.sort()
    yield from found.sure
    model, traits = name_model(), TraitsOfBatch()
    for tokens, ruled in _with_rules(view, found):
        language = language_of(tokens.words)
        taken = _taken(tokens, described(tokens, ruled, traits, language), model, language)
        runs = [run for run in _runs(tokens.words, taken) if not _is_of_the_list(view[run.start : run.end])]
        yield from runs
        yield from _whole(runs, found.likely)


def described(tokens: Tokens, ruled: list[bool], traits: TraitsOfBatch, language: str) -> Iterator[Candidate]:
    """Describe each candidate of one text in a language."""
    text = TextFacts(tokens.words, language)
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
    told = json.loads(files("privacy.redaction").joinpath("name_model.json").read_text("utf-8"))
    return NameModel(told["weights"], told["bias"], told["thresholds"])


def _taken(tokens: Tokens, described: Iterable[Candidate], model: NameModel, language: str) -> list[Candidate]:
    """Choose the words that are names; one that surely is a name once is one wherever its text says it."""
    words, threshold = tokens.words, model.threshold_in(language)
    likely = [(model.likelihood(each.features), each) for each in described]
    likely = [pair for pair in likely if words[pair[1].place].lower() not in NOT_NAMES]
    surely = {_bare(words[each.place]) for likelihood, each in likely if likelihood >= _SURELY}
    taken = [each for likelihood, each in likely if likelihood >= threshold or _bare(words[each.place]) in surely]
    places = within_places(words, [each.place for each in taken])
    return [each for each in taken if each.place not in places] if places else taken


def _bare(word: str) -> str:
    return word.removesuffix("s")


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


def _runs(words: list[str], taken: list[Candidate]) -> Iterator[Span]:
    """Unite neighbours, also over particles ("Ludwig van Beethoven")."""
    run: list[Candidate] = []
    for each in taken:
        if run and not all(word in PARTICLES for word in words[run[-1].place + 1 : each.place]):
            yield Span(run[0].start, run[-1].end, Kind.NAME)
            run = []
        run.append(each)
    if run:
        yield Span(run[0].start, run[-1].end, Kind.NAME)
