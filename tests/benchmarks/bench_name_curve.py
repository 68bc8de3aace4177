"""Names: recall and precision at each threshold, every sentence judged by a model that did not learn from its part.

    python -m tests.benchmarks.bench_name_curve

Each set is cut into five parts in its order, so that a document is hardly ever on both sides. A person counts as found
if any word of the name is taken; what is taken counts as right if it touches a person. So a place, a firm or a noun
that is hidden costs precision, and so does a person that the corpus calls something else.

Sentences are read one by one, and as they come together: 32 at a time as in a thread, and 1,024 as in a delivery. The
line "shipped" of each is at the thresholds that are shipped; below it stands what the corpus calls that which was taken
and is no person, as a share of all that was taken. The judges of a fold learn from the four others; what the same
word elsewhere says is learned from the judgements of those four, which judges made that did not see them.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from privacy.redaction.name_model import NameModel, Thresholds, model_of, name_spans
from privacy.redaction.placeholder import merged
from tests.benchmarks.make_name_model import (
    FIFTHS,
    PERSON,
    SETS,
    THRESHOLDS,
    TOGETHER,
    Judged,
    Judges,
    evidence,
    fifth,
    in_folds,
    told_of,
)
from tests.redaction_sets import CORPORA, Named, all_named

CURVE: Final = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6)
Folds = dict[int, dict[str, list[Judged]]]
Counted = tuple[int, int, int, int]  # people, found, taken, right


def counted(sentences: list[Judged], model: NameModel, size: int) -> Counted:
    """Count what is found and taken in sentences that come together, `size` at a time."""
    people = found = taken = right = 0
    for start in range(0, len(sentences), size):
        batch = sentences[start : start + size]
        for each, spans in zip(batch, name_spans([one.said for one in batch], model), strict=True):
            names = merged(spans, each.text)
            people += len(each.people)
            found += sum(any(span.start < b and span.end > a for span in names) for a, b in each.people)
            taken += len(names)
            right += sum(any(a < span.end and b > span.start for a, b in each.people) for span in names)
    return people, found, taken, right


def in_vain(sentences: list[Judged], named: list[Named], model: NameModel) -> Counter[str]:
    """Count by the corpus's own kind what is taken in sentences one by one; "word" is what it calls no name."""
    kinds = Counter[str]()
    for each, (_, names) in zip(sentences, named, strict=True):
        (spans,) = name_spans([each.said], model)
        for span in merged(spans, each.text):
            touched = {kind for a, b, kind in names if a < span.end and b > span.start} or {"word"}
            kinds[PERSON if PERSON in touched else min(touched)] += 1
    return kinds


def profile_of(folds: Folds, models: dict[int, NameModel], file: str) -> str:
    """Return the shares of all that is taken, as shipped and one by one, by kind."""
    rows, kinds = list(all_named(CORPORA / file)), Counter[str]()
    shipped = {language: Thresholds(*pair) for language, pair in THRESHOLDS.items()}
    for part, model in models.items():
        kinds += in_vain(folds[part][file], fifth(rows, part), model._replace(thresholds=shipped))
    shares = (f"{kind} {count / kinds.total():.3f} ({count})" for kind, count in kinds.most_common())
    return f"{file}, taken by kind: {', '.join(shares)}"


def models_of(folds: Folds) -> dict[int, NameModel]:
    """Return what decides about each fold, learned from the judgements of the four others."""
    models = {}
    for part in folds:
        others = [[each for other in folds if other != part for each in folds[other][file]] for file in SETS]
        models[part] = model_of(told_of(Judges({}, []), evidence(others)))
    return models


def lines_of(folds: Folds, models: dict[int, NameModel], file: str, size: int) -> Iterator[str]:
    """Yield a line for each threshold, and one for those that are shipped."""
    choices = [(f"{each:.2f}", {"-": Thresholds(each, each)}) for each in CURVE]
    shipped = {language: Thresholds(*pair) for language, pair in THRESHOLDS.items()}
    for name, thresholds in [*choices, ("shipped", shipped)]:
        parts = [counted(folds[part][file], models[part]._replace(thresholds=thresholds), size) for part in folds]
        people, found, taken, right = map(sum, zip(*parts, strict=True))
        yield f"  {name}: recall {found / people:.3f} of {people}, precision {right / max(1, taken):.3f}"


def main() -> None:
    folds = in_folds(range(FIFTHS))
    models = models_of(folds)
    for file in SETS:
        for size in TOGETHER:
            print(f"{file}, {size} at a time", *lines_of(folds, models, file, size), sep="\n", flush=True)
        print(profile_of(folds, models, file), flush=True)


if __name__ == "__main__":
    main()
