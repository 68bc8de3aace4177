"""Make the model of letters that is shipped: privacy/redaction/letter_model.json.

    python -m tests.benchmarks.make_letter_model --output privacy/redaction/letter_model.json

Learns from the lists in `privacy/redaction/gazetteer` alone, each word of one kind: a common word is no name, a family
name no place. A sixth of them also in the genitive. Runs of letters in fewer than 25 words are dropped.
"""

import argparse
import json
import warnings
from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from privacy.redaction.folding import folded
from privacy.redaction.gazetteer import listed
from privacy.redaction.letters import Likeness, runs_of
from privacy.redaction.word_classes import classes

LEAST_WORDS: Final = 25
STRENGTH: Final = 0.1  # inverse of the L2 penalty
ROUNDS: Final = 60
_SHORTEST_WORD: Final = 4


def words_by_kind() -> list[tuple[str, int]]:
    """Return each listed word with its kind, in the order of `Likeness`."""
    vocabulary = {folded(word) for word in classes() if word.islower()}
    words = {word for word in vocabulary | listed("common_words.txt") if len(word) >= _SHORTEST_WORD}
    given = listed("given_names.txt") | listed("given_names_by_hand.txt")
    family = listed("family_names.txt") | listed("family_names_by_hand.txt")
    near = listed("places.txt") | listed("places_by_hand.txt") | listed("nordic_places.txt")
    far = (listed("cities.txt") | listed("countries.txt")) - family - given
    kinds = (words, given - words, family - words - near, (near - words - family) | set(sorted(far - words)[::3]))
    rows = [(word, kind) for kind, found in enumerate(kinds) for word in sorted(found)]
    return rows + [(f"{word}s", kind) for word, kind in rows[::6] if not word.endswith("s")]


def fitted(rows: list[tuple[str, int]]) -> tuple[dict[str, list[float]], list[float]]:
    seen = Counter(run for word, _ in rows for run in runs_of(word))
    index = {run: n for n, run in enumerate(sorted(run for run, count in seen.items() if count >= LEAST_WORDS))}
    columns = [sorted(index[run] for run in runs_of(word) if run in index) for word, _ in rows]
    ends = np.cumsum([0, *map(len, columns)])
    flat = np.fromiter((column for each in columns for column in each), dtype=np.int32)
    table = csr_matrix((np.ones(len(flat), dtype=np.float32), flat, ends), shape=(len(rows), len(index)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is stopped early on purpose
        model = LogisticRegression(C=STRENGTH, max_iter=ROUNDS).fit(table, [kind for _, kind in rows])
    weights = {run: [round(float(each), 2) for each in model.coef_[:, n]] for run, n in index.items()}
    return weights, [round(float(each), 2) for each in model.intercept_]


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the model of letters that is shipped.")
    parser.add_argument("--output", type=Path, required=True)
    told = parser.parse_args()
    rows = words_by_kind()
    weights, bias = fitted(rows)
    lines = ",\n".join(f"{json.dumps(run, ensure_ascii=False)}:{json.dumps(of)}" for run, of in weights.items())
    kinds = json.dumps(list(Likeness._fields))
    told.output.write_text(f'{{"kinds":{kinds},"bias":{json.dumps(bias)},"weights":{{\n{lines}}}}}\n', "utf-8")
    print(len(rows), "words", len(weights), "runs of letters")


if __name__ == "__main__":
    main()
