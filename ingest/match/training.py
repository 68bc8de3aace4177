"""Learning a model from the records themselves, without a label: expectation maximisation over patterns of agreement.

The model is Fellegi and Sunter's (1969) with its shares learned as Winkler (1988) does, over candidate pairs *and* a
random sample, in one run, with two changes:

- Candidates are chosen by agreement, so among them strangers agree more than strangers do. u is therefore learned from
  the random sample alone (weighted by what is no match there), m and the shares of the classes from the candidates, and
  the odds are always those among *all* pairs: whether a pair is a candidate follows from its pattern, so it says
  nothing more about it.
- Beside "one person" and "two strangers" there are *confounders*: a household shares name, address, telephone and
  mailbox and nothing else; namesakes share a name and what is made of it. Without them a family is what most
  resembles a person, and training on a surname takes relatives for matches (measured: F1 .62 instead of .88).

Starting shares of the spec count as some pairs seen, so that little data stays near them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.match.candidates import candidate_pairs, random_pairs
from ingest.match.model import LookAlike, Model
from ingest.match.scorer import levels_of
from ingest.match.spec import Comparison, Confounder, Shares, Spec

_RANDOM_PAIRS: Final = 500_000
_ROUNDS: Final = 200
_STILL: Final = 1e-4
"""Relative change of the share of matches below which training has ended."""
_PSEUDO_PAIRS: Final = 10.0
_PSEUDO_STRANGERS: Final = 1000.0
"""Strangers are drawn by the hundred thousand where there are records enough."""
_FEWER: Final = 0.1
"""Look-alikes to begin with, for each match: where there is little to learn from they must not take its place."""
_MATCHES_A_RECORD: Final = 0.3
"""Matching pairs a record to begin with: any value from .05 to 1 ends at the same place on records in plenty."""
_LEAST: Final = 1e-15
_MOST: Final = 0.3
"""Share of all pairs that a class may have: of two records both of one person something has to be left to strangers."""

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Patterns:
    """Different patterns of agreement, and how many pairs show each."""

    levels: Mapping[str, npt.NDArray[np.int8]]
    pairs: Counts

    def shares(self, comparison: Comparison, of: Counts, prior: Counts) -> Shares:
        """Return the shares of a comparison's levels among pairs by `of` and `prior`, where it is not absent."""
        numbers = self.levels[comparison.name]
        told = numbers >= 0
        seen = np.bincount(numbers[told], weights=(self.pairs * of)[told], minlength=comparison.size)
        counts = seen + prior
        return np.asarray(counts / counts.sum(), dtype=np.float64)


def patterns_of(levels: pl.DataFrame, comparisons: tuple[Comparison, ...]) -> Patterns:
    """Count the patterns of pairs."""
    columns = [f"level_{each.name}" for each in comparisons]
    counted = levels.group_by(columns).len().sort(columns)
    numbers = {each.name: counted[f"level_{each.name}"].to_numpy() for each in comparisons}
    return Patterns(numbers, counted["len"].cast(pl.Float64).to_numpy())


def train(frame: pl.DataFrame, spec: Spec) -> tuple[Model, dict[str, Any]]:
    """Train a model on records in comparable form; return it with its report."""
    comparisons = comparisons_in(frame, spec)
    candidates = levels_of(frame, candidate_pairs(frame, spec.candidates), comparisons)
    drawn = min(_RANDOM_PAIRS, frame.height * max(frame.height - 1, 0) // 2)
    sample = levels_of(frame, random_pairs(frame.height, drawn), comparisons)
    return fit(frame.height, spec, patterns_of(candidates, comparisons), patterns_of(sample, comparisons))


def comparisons_in(frame: pl.DataFrame, spec: Spec) -> tuple[Comparison, ...]:
    """Return the comparisons for which at least two records have something; of none all."""
    enough = {name for name in frame.columns if frame.height - frame[name].null_count() > 1}
    found = tuple(each for each in spec.comparisons if any(f"{column}_l" in each.absent for column in enough))
    return found or spec.comparisons


def fit(records: int, spec: Spec, candidates: Patterns, sample: Patterns) -> tuple[Model, dict[str, Any]]:
    """Learn from counted patterns."""
    mixture = _Mixture(
        comparisons=tuple(each for each in spec.comparisons if each.name in candidates.levels),
        confounders=spec.confounders,
        all_pairs=max(records * (records - 1) / 2, 1.0),
        start=_MATCHES_A_RECORD * max(records, 1),
    )
    rounds = mixture.run(candidates, sample)
    compared, drawn = int(candidates.pairs.sum()), int(sample.pairs.sum())
    return mixture.model(records, spec), {"rounds": rounds, "pairs_compared": compared, "pairs_drawn": drawn}


_MATCH: Final = "match"
_STRANGER: Final = "stranger"


class _Mixture:
    """Classes of pairs: matches, strangers, and each confounder."""

    def __init__(
        self,
        comparisons: tuple[Comparison, ...],
        confounders: tuple[Confounder, ...],
        *,
        all_pairs: float,
        start: float,
    ) -> None:
        self.comparisons = comparisons
        self.confounders = confounders
        self.all_pairs = all_pairs
        share = min(start / all_pairs, 0.1)
        self.share = {_MATCH: share} | dict.fromkeys([each.name for each in confounders], share * _FEWER)
        self.levels: dict[str, dict[str, Shares]] = {
            _MATCH: {each.name: each.m for each in comparisons},
            _STRANGER: {each.name: each.u for each in comparisons},
        }
        for confounder in confounders:
            self.levels[confounder.name] = {
                each.name: each.m if each.name in confounder.shares else each.u for each in comparisons
            }

    def run(self, candidates: Patterns, sample: Patterns) -> int:
        """Learn until nothing changes; return how many rounds it took."""
        for done in range(_ROUNDS):
            before = self.share[_MATCH]
            self.step(candidates, sample)
            if abs(self.share[_MATCH] / before - 1) < _STILL:
                return done + 1
        return _ROUNDS

    def step(self, candidates: Patterns, sample: Patterns) -> None:
        """Expect classes of pairs, then maximise shares."""
        among, drawn = self.expected(candidates), self.expected(sample)
        for each in self.comparisons:
            match = candidates.shares(each, among[_MATCH], each.m * _PSEUDO_PAIRS)
            stranger = sample.shares(each, drawn[_STRANGER], each.u * _PSEUDO_STRANGERS)
            self.levels[_MATCH][each.name], self.levels[_STRANGER][each.name] = match, stranger
            for confounder in self.confounders:
                of = candidates.shares(each, among[confounder.name], each.m * _PSEUDO_PAIRS)
                self.levels[confounder.name][each.name] = _shared(confounder.shares.get(each.name), of, stranger)
        for name in self.share:
            found = float((candidates.pairs * among[name]).sum()) / self.all_pairs
            self.share[name] = min(max(found, _LEAST), _MOST)

    def expected(self, patterns: Patterns) -> dict[str, Counts]:
        """Return how likely each pattern is of each class."""
        share = self.share | {_STRANGER: max(1 - sum(self.share.values()), _LEAST)}
        logs = {name: np.log(share[name]) + self._log_likelihood(name, patterns) for name in self.levels}
        highest = np.max(np.stack(list(logs.values())), axis=0)
        likely = {name: np.exp(values - highest) for name, values in logs.items()}
        total = np.sum(np.stack(list(likely.values())), axis=0)
        return {name: values / total for name, values in likely.items()}

    def _log_likelihood(self, name: str, patterns: Patterns) -> Counts:
        found = np.zeros(patterns.pairs.size)
        for each in self.comparisons:
            # Absent is level -1, the last place: it says nothing.
            found += np.append(np.log(self.levels[name][each.name]), 0.0)[patterns.levels[each.name]]
        return found

    def model(self, records: int, spec: Spec) -> Model:
        """Return what was learned."""
        look_alikes = tuple(
            LookAlike(
                each.name,
                self.share[each.name],
                {name: self.levels[each.name][name] for name in self.levels[_MATCH] if name in each.shares},
                each.by_frequency,
            )
            for each in self.confounders
        )
        return Model(
            kind=spec.kind,
            spec_version=spec.version,
            records=records,
            match_share=self.share[_MATCH],
            m=dict(self.levels[_MATCH]),
            u=dict(self.levels[_STRANGER]),
            look_alikes=look_alikes,
        )


def _shared(how: str | None, of: Shares, stranger: Shares) -> Shares:
    """Return a confounder's shares: its own, strangers' at the top only, or strangers' altogether."""
    if how is None:
        return stranger
    if how == "same":
        return of
    below = of[:-1] / of[:-1].sum() * (1 - stranger[-1])
    return np.append(below, stranger[-1])
