"""Names: recall and precision at each threshold, every sentence judged by a model that did not learn from its part.

    python -m tests.benchmarks.bench_name_curve

Each set is cut into five parts in its order, so that a document is hardly ever on both sides. A person counts as found
if any word of the name is taken (or a rule is sure of it); a run of taken words counts as right if it touches a person.
So a place, a firm or a noun that is hidden costs precision, and so does a person that the corpus calls something else.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from privacy.redaction.folding import viewed
from privacy.redaction.language import language_of
from privacy.redaction.name_context import NOT_NAMES, PARTICLES
from privacy.redaction.name_features import TraitsOfBatch
from privacy.redaction.name_model import NameModel, described, texts_with_rules
from privacy.redaction.names import named
from privacy.redaction.place_phrases import within_places
from tests.benchmarks.make_name_model import FIFTHS, SETS, fitted, learned_from, rows_of, world
from tests.redaction_sets import CORPORA, Gold, named_people

THRESHOLDS: Final = (0.03, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)


class Judged(NamedTuple):
    """One sentence: its people, what rules are sure of, and each candidate's place, extent and likelihood."""

    people: list[tuple[int, int]]
    sure: list[tuple[int, int]]
    words: list[str]
    likely: list[tuple[int, int, int, float]]

    def found(self, threshold: float) -> int:
        spans = [*self.sure, *((start, end) for _, start, end, p in self.likely if p >= threshold)]
        return sum(any(start < b and end > a for start, end in spans) for a, b in self.people)

    def taken(self, threshold: float) -> list[tuple[int, int]]:
        """Return what would be taken out: runs of words, with particles between them, and what rules are sure of."""
        chosen = [each for each in self.likely if each[3] >= threshold]
        spans = [(start, end) for _, start, end, _ in chosen]
        spans += [
            (left[1], right[2])
            for left, right in pairwise(chosen)
            if all(word in PARTICLES for word in self.words[left[0] + 1 : right[0]])
        ]
        merged: list[tuple[int, int]] = []
        for start, end in sorted([*spans, *self.sure]):
            if merged and start <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged


def judged(rows: list[Gold], model: NameModel) -> Iterator[Judged]:
    traits = TraitsOfBatch()
    for text, people in rows:
        view = viewed(text)
        sure = [(span.start, span.end) for span in named(view).sure]
        for tokens, ruled in texts_with_rules(view):
            found = list(described(tokens, ruled, traits, language_of(tokens.words)))
            places = within_places(tokens.words, [each.place for each in found])
            likely = [
                (each.place, each.start, each.end, model.likelihood(each.features))
                for each in found
                if each.place not in places and tokens.words[each.place].lower() not in NOT_NAMES
            ]
            yield Judged(people, sure, tokens.words, likely)


def main() -> None:
    seen: dict[str, list[Judged]] = {file: [] for file in SETS}
    for part in range(FIFTHS):
        weights, bias = fitted(list(rows_of(learned_from(world(), held_out=part))))
        model = NameModel(weights, bias, {"-": 0.0})
        for file in SETS:
            rows = list(named_people(CORPORA / file))
            mine = rows[len(rows) * part // FIFTHS : len(rows) * (part + 1) // FIFTHS]
            seen[file] += judged(mine, model)
    for file, sentences in seen.items():
        people = sum(len(each.people) for each in sentences)
        print(f"{file}: {people} people")
        for threshold in THRESHOLDS:
            hit = sum(each.found(threshold) for each in sentences)
            taken = [(each, span) for each in sentences for span in each.taken(threshold)]
            right = sum(any(a < end and b > start for a, b in each.people) for each, (start, end) in taken)
            print(f"  {threshold:.2f}: recall {hit / people:.3f}, precision {right / max(1, len(taken)):.3f}")


if __name__ == "__main__":
    main()
