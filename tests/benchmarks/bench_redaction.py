"""Redaction: recall by kind with a 95 % interval, precision of names, what is taken out in vain, texts a second.

    python -m tests.benchmarks.bench_redaction [--rows 1000000]

People: on what `make_name_model` never learned from (the last fifth of each set, and the held-out half of our own
templates); partial matches count. Values: seeded Faker in own sentences, and those of presidio-research.
`--rows` redacts so many short texts in a process of its own and reports its peak memory; 0 leaves that out.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Final

import polars as pl
from faker import Faker
from scipy.stats import beta

from privacy.redaction.redactor import find_spans, redact
from tests.benchmarks.make_name_model import SETS, SHARE, filled, world
from tests.redaction_sets import (
    CORPORA,
    Gold,
    is_held_out,
    name_templates,
    named_people,
    presidio_people,
    special_sentences,
)

VALUES: Final = {
    "EMAIL": ("email", ("no_NO", "sv_SE", "en_GB", "de_DE")),
    "IBAN": ("iban", ("no_NO", "sv_SE", "en_GB", "de_DE", "fi_FI")),
    "CARD": ("credit_card_number", ("no_NO", "en_US")),
    "ID": ("ssn", ("no_NO", "sv_SE", "fi_FI", "da_DK", "en_GB")),
    "PHONE": ("phone_number", ("no_NO", "sv_SE", "en_GB", "de_DE", "da_DK", "fi_FI")),
    "ADDRESS": ("street_address", ("no_NO", "sv_SE", "en_GB", "de_DE", "da_DK")),
}
SENTENCES: Final = (
    "Hei, det gjelder {}. Takk!",
    "Please use {} from now on.",
    "Jag skrev {} i formuläret",
    "Bitte {} notieren, danke.",
    "{}",
)
PRESIDIO: Final = {
    "ADDRESS": "ADDRESS",
    "STREET_ADDRESS": "ADDRESS",
    "PHONE_NUMBER": "PHONE",
    "CREDIT_CARD": "CARD",
    "IBAN_CODE": "IBAN",
    "EMAIL_ADDRESS": "EMAIL",
    "US_SSN": "ID",
}
EACH: Final = 300
SEED: Final = 11


def share(hit: int, of: int) -> str:
    """Format a share with its Clopper-Pearson interval."""
    low = 0.0 if hit == 0 else float(beta.ppf(0.025, hit, of - hit + 1))
    high = 1.0 if hit == of else float(beta.ppf(0.975, hit + 1, of - hit))
    return f"{hit / max(1, of):.3f} ({low:.3f} to {high:.3f}, n={of})"


def people(name: str, rows: Iterable[Gold]) -> None:
    of = hit = taken = right = 0
    for text, gold in rows:
        spans = find_spans(text)
        of, hit = of + len(gold), hit + sum(any(s.start < b and s.end > a for s in spans) for a, b in gold)
        names = [s for s in spans if s.kind == "NAME"]
        taken, right = taken + len(names), right + sum(any(s.start < b and s.end > a for a, b in gold) for s in names)
    print(f"names {name}: recall {share(hit, of)}, precision {share(right, taken)}")


def held_out_people() -> Iterator[tuple[str, list[Gold]]]:
    for file in SETS:
        if (CORPORA / file).exists():
            rows = list(named_people(CORPORA / file))
            yield file, rows[int(len(rows) * SHARE) :]
    if (CORPORA / "presidio_research").exists():
        rows = presidio_people(CORPORA)
        yield "presidio_research", rows[int(len(rows) * SHARE) :]
    names = world()._replace(dice=random.Random(SEED))  # noqa: S311 - a sample
    for language in ("nb", "nn", "sv", "en", "de"):
        own = [t for found, t in name_templates() if found == language and is_held_out(t)]
        yield f"own templates {language}", [filled(t, names) for t in own for _ in range(10)]


def values() -> None:
    for kind, (provider, locales) in VALUES.items():
        hit = of = 0
        for locale in locales:
            maker = Faker(locale)
            maker.seed_instance(SEED)
            for number in range(EACH):
                value = str(getattr(maker, provider)())
                text = SENTENCES[number % len(SENTENCES)].format(value)
                start = text.index(value)
                inside = [max(0, min(s.end, start + len(value)) - max(s.start, start)) for s in find_spans(text)]
                hit, of = hit + (sum(inside) > len(value) - 4), of + 1
        print(f"{kind} own values: recall {share(hit, of)}")


def presidio_values() -> None:
    path = CORPORA / "presidio_research" / "generated_small.json"
    seen: dict[str, list[int]] = {}
    for row in json.loads(path.read_text("utf-8")) if path.exists() else ():
        spans = find_spans(row["full_text"])
        for gold in row["spans"]:
            if (kind := PRESIDIO.get(gold["entity_type"])) is not None:
                a, b = gold["start_position"], gold["end_position"]
                seen.setdefault(kind, []).append(any(s.start < b and s.end > a for s in spans))
    for kind, found in sorted(seen.items()):
        print(f"{kind} presidio: recall {share(sum(found), len(found))}")


def special() -> None:
    for part in ("development", "held_out"):
        rows = [row for row in special_sentences() if row.part == part]
        found = redact([row.text for row in rows], own=None).frame["withheld"].to_list()
        speaking = [row.category != "none" for row in rows]
        both = sum(a and b for a, b in zip(found, speaking, strict=True))
        print(f"special categories {part}: recall {share(both, sum(speaking))}, precision {share(both, sum(found))}")


def in_vain() -> None:
    """Say how often a text with nothing personal loses something."""
    own = [t for _, t in name_templates() if "{" not in t]
    lost = sum(bool(find_spans(text)) for text in own)
    print(f"own sentences that name nobody, with something taken out: {share(lost, len(own))}")


def short_texts(rows: int) -> pl.Series:
    """Make short customer texts: own templates filled with names, some with a number or an address behind."""
    names, maker = world()._replace(dice=random.Random(SEED)), Faker("no_NO")  # noqa: S311 - a sample
    maker.seed_instance(SEED)
    some = [filled(t, names)[0] for _, t in name_templates() for _ in range(60)]
    some = [f"{t} {maker.phone_number()}" if n % 7 == 0 else t for n, t in enumerate(some)]
    return pl.Series([some[n % len(some)] for n in range(rows)])


def pace(rows: int) -> None:
    texts = short_texts(rows)
    redact(texts[:1000], own=None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time(), time.perf_counter()
    redact(texts, own=None)
    cpu, wall = time.process_time() - started[0], time.perf_counter() - started[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    speed = f"{rows / wall:.0f} a second, {rows / cpu:.0f} a second of CPU"
    print(f"{rows} texts: {speed}; peak {peak / 1024:.0f} MB, {before / 1024:.0f} MB before with the texts")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure redaction.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only-pace", action="store_true")
    told = parser.parse_args()
    if told.only_pace:
        pace(told.rows)
        return
    for name, rows in held_out_people():
        people(name, rows)
    values()
    presidio_values()
    special()
    in_vain()
    for rows in filter(None, (20_000, told.rows)):
        subprocess.run([sys.executable, "-m", __spec__.name, "--only-pace", "--rows", str(rows)], check=True)


if __name__ == "__main__":
    main()
