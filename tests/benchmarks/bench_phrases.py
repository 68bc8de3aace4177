"""Planted phrases found, and phrases blamed where nothing was planted: `python -m tests.benchmarks.bench_phrases`.

Companies of 3,000 cases in four languages, with and without the plant; two phrases a language are planted.
"""

import argparse

from predict.writing.exchange import mails, readable
from predict.writing.phrases import phrases
from tests.exchanges import exchanges

LANGUAGES = ("nb", "sv", "en", "de")
CASES = 3000
PLANTED = {
    "nb": ("følger saken selv til den er løst", "vilkårene du har godtatt"),
    "sv": ("följer ärendet själv tills det är löst", "villkoren som du har godkänt"),
    "en": ("i will follow this myself until it is solved", "this is stated in the terms you accepted"),
    "de": ("ich kümmere mich selbst darum", "das steht in den bedingungen"),
}


def main() -> None:
    """Print what is found in each company."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--companies", type=int, default=8)
    companies = range(1, asked.parse_args().companies + 1)
    for planted in (1.0, 0.0):
        right = other = 0
        for seed in companies:
            ours = mails(readable(exchanges(seed, CASES, planted=planted, languages=LANGUAGES)))
            for one in phrases(ours, seed=7)["found"]:
                better, worse = PLANTED[one["language"]]
                meant = better if one["gap"]["figure"] > 0 else worse
                hit = planted > 0 and _alike(one["phrase"], meant)
                right, other = right + hit, other + (not hit)
                print(f"{planted:.0f} {seed} {one['language']} {one['gap']['figure']:+.2f} {one['phrase']}")
        print(f"planted {planted:.0f}: {right} planted phrases found, {other} others, {len(companies)} companies")


def _alike(found: str, meant: str) -> bool:
    """Say whether three words of it or more, all but one at an edge, are the planted ones in their order."""
    words = found.split()
    pieces = (words, words[1:], words[:-1])
    return any(len(piece) > 2 and " ".join(piece) in meant for piece in pieces)


if __name__ == "__main__":
    main()
