"""Purpose pseudonyms of a column of ids against a Python HMAC loop over the same ids, in one run.

    python -m tests.benchmarks.bench_pseudonyms [--ids 10000000] [--runs 3]

Goal: at least 20 times faster at 10 M ids.
"""

import argparse
import hmac
import secrets
import statistics
import time

import polars as pl

from privacy.pseudonym import PseudonymisationDomain, pseudonyms_of
from privacy.terms import DomainName


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ids", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    buffer = secrets.token_bytes(16 * given.ids)
    ids = pl.Series("entity", [buffer[i : i + 16] for i in range(0, len(buffer), 16)], dtype=pl.Binary)
    domain = PseudonymisationDomain(DomainName("bench"), 1, secrets.token_bytes(32))
    ratios = []
    for run in range(given.runs):
        started = time.perf_counter()
        fast = pseudonyms_of(domain, ids)
        permuted = time.perf_counter() - started
        started = time.perf_counter()
        slow = pl.Series([hmac.digest(domain.secret, value, "sha256")[:16] for value in ids.to_list()], dtype=pl.Binary)
        looped = time.perf_counter() - started
        assert fast.len() == slow.len()
        ratios.append(looped / permuted)
        print(f"run {run + 1}: permutation {permuted:.2f} s, HMAC loop {looped:.2f} s, ratio {looped / permuted:.1f}")
    print(f"median ratio {statistics.median(ratios):.1f} (goal 20)")


if __name__ == "__main__":
    main()
