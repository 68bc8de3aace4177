"""Make the model of names that is shipped: privacy/redaction/name_model.json.

    python -m tests.benchmarks.make_name_model --output privacy/redaction/name_model.json

Learns from the first four fifths of NorNE dev (bokmål and nynorsk; a model may be shipped, its texts not), of the
Swedish NER corpus (CC BY 4.0) and of presidio-research (spans), and from our own sentences in five languages
(`tests/vectors/redaction/names`, the half that is not held out). What follows each set's first four fifths is held out:
it is never learned from, and the report that is printed and kept in the file is measured on it.

Each sentence with a person is learned from twice, the second time with other names from name lists of the whole world,
so that the words around a name weigh more than the name; a sentence of NorNE also with its nouns in capitals, as German
has them. Features seen in fewer than four sentences are dropped.
"""

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import product
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Final, NamedTuple, TypeVar

import faker.providers.person as person_providers
import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from privacy.redaction.folding import viewed
from privacy.redaction.language import language_of
from privacy.redaction.name_evidence import WEIGHTS, codes_of, elsewhere, slopes_of
from privacy.redaction.name_features import TraitsOfBatch
from privacy.redaction.name_model import KINDS, NameModel, Said, described, model_of, said_in, texts_with_rules
from tests.redaction_sets import (
    CORPORA,
    Gold,
    Named,
    all_named,
    german_cased,
    is_held_out,
    name_templates,
    presidio_people,
)

SETS: Final = (
    "norne/no_bokmaal-ud-dev.conllu",
    "norne/no_nynorsk-ud-dev.conllu",
    "swedish_ner_corpus/train_corpus.txt",
)
SHARE: Final = 0.8
FIFTHS: Final = 5
SEED: Final = 7
LEAST_SENTENCES: Final = 4
COPIES: Final = 12  # of each own template, with other names
STRENGTH: Final = 0.1  # inverse of the L2 penalty
HELD_OUT: Final = frozenset({FIFTHS - 1})
TOGETHER: Final = (1, 32, 1_024)  # sentences that speak for each other: alone, a thread, a delivery
SCALE: Final = 3  # of log-odds beside facts that are 0 or 1, so that the penalty treats them alike
THRESHOLDS: Final = {
    "nn": (0.06, 0.06),
    "sv": (0.4, 0.45),
    "en": (0.1, 0.2),
    "de": (0.1, 0.2),
    "-": (0.25, 0.3),
}
"""By language, for a word said once and one said more often: recall of .95 before precision, over the folds of
`bench_name_curve`; there are too few sentences of English and German to choose by: theirs are low; "-" is others."""
NO_EVIDENCE: Final = {"weights": [0.0] * WEIGHTS, "slopes": [1.0, 0.0, 0.0], "bias": 0.0}
PERSON: Final = "PER"
KIND_OF: Final = {PERSON: "person", "LOC": "place", "GPE_LOC": "place", "GPE_ORG": "place", "ORG": "firm"}
Lesson = tuple[str | None, Named]  # a language, unless its words tell it, and a sentence with its names
Row = TypeVar("Row")
_NAME: Final = re.compile(r"[A-ZÀ-ÖØ-ÞŁŚŠŽÇ][A-Za-zÀ-ÖØ-öø-žŠ-ž'-]+")


class Judges(NamedTuple):
    """Six weights for each feature, and of every word: one for each of `KINDS`, one of whether it is a person's."""

    weights: dict[str, list[float]]
    bias: list[float]


class Judged(NamedTuple):
    """A sentence: its people, and what it says that may be names, each word by the sentence alone."""

    text: str
    people: list[tuple[int, int]]
    said: Said

    def words(self) -> list[str]:
        """Return the candidates as they are said."""
        return [self.said.words[each.place] for each in self.said.candidates]

    def answers(self) -> list[bool]:
        """Say of each candidate whether it is part of a person's name."""
        return [any(a < each.end and b > each.start for a, b in self.people) for each in self.said.candidates]


class World(NamedTuple):
    """Names of the whole world, and the dice."""

    given: list[str]
    family: list[str]
    dice: random.Random

    def full(self) -> str:
        return f"{self.dice.choice(self.given)} {self.dice.choice(self.family)}"


def world() -> World:
    given, family = set[str](), set[str]()
    for module in iter_modules(person_providers.__path__):
        provider = import_module(f"faker.providers.person.{module.name}").Provider
        for attribute in sorted(dir(provider)):
            kept = given if attribute.startswith("first_names") else family
            if attribute.startswith(("first_names", "last_names")) and isinstance(
                values := getattr(provider, attribute), list | tuple | dict
            ):
                kept.update(name for name in values if isinstance(name, str) and _NAME.fullmatch(name))
    return World(sorted(given), sorted(family), random.Random(SEED))  # noqa: S311 - a sample


def learned_from(names: World, held_out: frozenset[int] = HELD_OUT) -> Iterator[Lesson]:
    """Yield the sentences to learn from, but some fifths of each corpus; those with nouns in capitals as if German."""
    yield from ((None, named) for named in _as_they_are(names, held_out))
    for file in SETS[:2]:
        yield from (("de", named) for named in without(held_out, list(german_cased(CORPORA / file))))


def fifth(rows: list[Row], part: int) -> list[Row]:
    """Return a fifth of sentences that follow each other: no document is in two, but at the cuts."""
    return rows[len(rows) * part // FIFTHS : len(rows) * (part + 1) // FIFTHS]


def without(held_out: frozenset[int], rows: list[Row]) -> list[Row]:
    """Leave out some fifths."""
    return [row for part in range(FIFTHS) if part not in held_out for row in fifth(rows, part)]


def _as_they_are(names: World, held_out: frozenset[int]) -> Iterator[Named]:
    for file in SETS:
        for text, named in without(held_out, list(all_named(CORPORA / file))):
            yield text, named
            if any(kind == PERSON for _, _, kind in named):
                yield renamed(text, named, names)
    rows = presidio_people(CORPORA)
    yield from map(_people_alone, rows[: int(len(rows) * SHARE)])
    for _, template in name_templates():
        if not is_held_out(template):
            yield from (_people_alone(filled(template, names)) for _ in range(COPIES if "{" in template else 1))


def _people_alone(gold: Gold) -> Named:
    text, people = gold
    return text, [(start, end, PERSON) for start, end in people]


def renamed(text: str, named: list[tuple[int, int, str]], names: World) -> Named:
    """Put other people's names into a sentence, as many words each as there were."""
    out, places, at = "", list[tuple[int, int, str]](), 0
    for start, end, kind in sorted(named):
        out += text[at:start]
        name = _other(text[start:end].split(), names) if kind == PERSON else text[start:end]
        places.append((len(out), len(out) + len(name), kind))
        out, at = out + name, end
    return out + text[at:], places


def _other(words: list[str], names: World) -> str:
    single = len(words) == 1
    new = []
    for place, word in enumerate(words):
        last = place == len(words) - 1
        family = last and (not single or names.dice.random() < 0.5)
        keep = not word[0].isupper() or len(word) <= 2
        new.append(word if keep else names.dice.choice(names.family if family else names.given))
    return " ".join(new) + ("s" if words[-1].endswith("s") and names.dice.random() < 0.3 else "")


def filled(template: str, names: World) -> Gold:
    """Fill a template: {G} a given name, {F} a family name, {N} one of both or both."""
    out, places, at = "", list[tuple[int, int]](), 0
    for match in re.finditer(r"\{([GFN])\}(?: \{F\})?", template):
        out += template[at : match.start()]
        given, family = names.dice.choice(names.given), names.dice.choice(names.family)
        both = f"{given} {family}"
        name = (
            both
            if " " in match.group()
            else {"G": given, "F": family, "N": names.dice.choice((both, both, given))}[match[1]]
        )
        places.append((len(out), len(out) + len(name)))
        out, at = out + name, match.end()
    return out + template[at:], places


def kind_of(start: int, end: int, named: list[tuple[int, int, str]]) -> str:
    """Return what a word is part of, as `name_model.KINDS` says it."""
    found = next((kind for a, b, kind in named if start < b and end > a), "")
    return KIND_OF.get(found, "thing") if found else "other"


def rows_of(lessons: Iterable[Lesson]) -> Iterator[tuple[list[str], str]]:
    """Yield the features of each candidate and what it is part of."""
    traits = TraitsOfBatch()
    for language, (text, named) in lessons:
        for tokens, ruled in texts_with_rules(viewed(text)):
            for each in described(tokens, ruled, traits, language or language_of(tokens.words)):
                yield each.features, kind_of(each.start, each.end, named)


def judges(rows: list[tuple[list[str], str]]) -> Judges:
    """Fit both judges of a capitalised word: of what it is, and of whether it is a person's name."""
    seen = Counter(feature for features, _ in rows for feature in set(features))
    names = sorted(name for name, count in seen.items() if count >= LEAST_SENTENCES)
    index = {name: place for place, name in enumerate(names)}
    columns = [[index[each] for each in features if each in index] for features, _ in rows]
    ends = np.cumsum([0, *map(len, columns)])
    flat = np.fromiter((column for each in columns for column in each), dtype=np.int32)
    table = csr_matrix((np.ones(len(flat), dtype=np.float32), flat, ends), shape=(len(rows), len(index)))
    kinds = LogisticRegression(C=STRENGTH, max_iter=200).fit(table, [KINDS.index(kind) for _, kind in rows])
    person = LogisticRegression(C=STRENGTH, max_iter=200).fit(table, [kind == "person" for _, kind in rows])
    weights = np.vstack([kinds.coef_, person.coef_]).T.astype(np.float64).round(2)
    kept = {
        name: [round(float(each), 2) for each in row] for name, row in zip(names, weights, strict=True) if row.any()
    }
    return Judges(kept, [round(float(each), 2) for each in (*kinds.intercept_, *person.intercept_)])


def odds_in(file: str, part: int, model: NameModel) -> Iterator[Judged]:
    """Judge a fifth of a corpus, each sentence by itself."""
    rows = fifth(list(all_named(CORPORA / file)), part)
    said = said_in([viewed(text) for text, _ in rows], model)
    for (text, named), of_text in zip(rows, said, strict=True):
        yield Judged(text, [(start, end) for start, end, kind in named if kind == PERSON], of_text)


def evidence(sentences: Iterable[list[Judged]]) -> dict[str, Any]:
    """Fit what the same word elsewhere says, over runs of one, some and many sentences of each list."""
    codes, slopes, answers = list[Any](), list[Any](), list[bool]()
    for all_in, size in product(list(sentences), TOGETHER):
        for start in range(0, len(all_in), size):
            batch = all_in[start : start + size]
            odds = np.concatenate([np.zeros(0), *(each.said.odds for each in batch)])
            if not len(odds):
                continue
            said = [list(each.words()) for each in batch]
            places = np.repeat(np.arange(len(said)), [len(each) for each in said])
            others = elsewhere([word for each in said for word in each], odds, places)
            heard = others.times > 0  # a word said once is judged by its own sentence
            codes.append(codes_of(odds, others)[heard])
            slopes.append(slopes_of(odds, others)[heard])
            answers += np.array([answer for each in batch for answer in each.answers()])[heard].tolist()
    flat, odd = np.concatenate(codes), np.concatenate(slopes)
    ends = np.arange(0, flat.size + 1, flat.shape[1])
    table = csr_matrix((np.ones(flat.size), flat.ravel(), ends), shape=(len(flat), WEIGHTS))
    model = LogisticRegression(C=STRENGTH, max_iter=500).fit(hstack([table, csr_matrix(odd / SCALE)]).tocsr(), answers)
    told = [float(each) for each in model.coef_[0]]
    return {
        "weights": [round(each, 3) for each in told[:WEIGHTS]],
        "slopes": [round(each / SCALE, 4) for each in told[WEIGHTS:]],
        "bias": round(float(model.intercept_[0]), 3),
    }


def told_of(learned: Judges, of_others: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON of a model."""
    return {
        "bias": learned.bias,
        "weights": learned.weights,
        "evidence": of_others,
        "thresholds": THRESHOLDS,
    }


def in_folds(parts: Iterable[int]) -> dict[int, dict[str, list[Judged]]]:
    """Judge each part of each corpus by judges that did not learn from it, nor from a part that is not named."""
    held_out = frozenset(range(FIFTHS)) - set(parts)
    found: dict[int, dict[str, list[Judged]]] = {}
    for part in sorted(frozenset(range(FIFTHS)) - held_out):
        learned = judges(list(rows_of(learned_from(world(), held_out | {part}))))
        model = model_of(told_of(learned, NO_EVIDENCE))
        found[part] = {file: list(odds_in(file, part, model)) for file in SETS}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the model of names that is shipped.")
    parser.add_argument("--output", type=Path, required=True)
    told = parser.parse_args()
    folds = in_folds(frozenset(range(FIFTHS)) - HELD_OUT)
    of_others = evidence([[each for part in folds for each in folds[part][file]] for file in SETS])
    rows = list(rows_of(learned_from(world())))
    learned = judges(rows)
    kept = {"made_by": "tests.benchmarks.make_name_model", "seed": SEED, "candidates": len(rows)}
    text = json.dumps({**kept, **told_of(learned, of_others)}, ensure_ascii=False, sort_keys=True)
    told.output.write_text(text.replace("], ", "],\n").replace("}, ", "},\n") + "\n", encoding="utf-8")
    print(len(rows), "candidates", len(learned.weights), "features")


if __name__ == "__main__":
    main()
