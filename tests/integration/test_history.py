"""The checker of histories: small ones by hand, and many against a twin that tries every way."""

from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.history import Chose, Read, Written, check

OUT, IN = False, True


def chose(present: bool, start: int, end: int, epoch: int | None = None, *, answered: bool = True) -> Chose:  # noqa: FBT001 - the word IN or OUT
    return Chose(0, present, start, end, epoch, answered)


def unanswered(present: bool, start: int, end: int) -> Chose:  # noqa: FBT001 - the word IN or OUT
    return chose(present, start, end, answered=False)


def ledger(*states: bool) -> list[Written]:
    return [Written(0, present, epoch) for epoch, present in enumerate(states, 1)]


def read(start: int, end: int, *, seen: bool) -> Read:
    return Read(start, end, frozenset({0} if seen else ()))


CASES = {
    "out, then seen": ([chose(OUT, 1, 2, 1)], [read(3, 4, seen=True)], ledger(OUT), ["stale"]),
    "out, then absent": ([chose(OUT, 1, 2, 1)], [read(3, 4, seen=False)], ledger(OUT), []),
    "while it is said both are right": (
        [chose(OUT, 2, 5, 1)],
        [read(1, 3, seen=True), read(4, 6, seen=False), read(1, 9, seen=True)],
        ledger(OUT),
        [],
    ),
    "absent, and later seen": (
        [chose(OUT, 2, 9, 1)],
        [read(3, 4, seen=False), read(5, 6, seen=True)],
        ledger(OUT),
        ["stale"],
    ),
    "out and back": (
        [chose(OUT, 1, 2, 1), chose(IN, 3, 6, 2)],
        [read(4, 5, seen=True), read(4, 5, seen=False)],
        ledger(OUT, IN),
        [],
    ),
    "back, then absent": (
        [chose(OUT, 1, 2, 1), chose(IN, 3, 4, 2)],
        [read(5, 6, seen=False)],
        ledger(OUT, IN),
        ["lost"],
    ),
    "never out, and absent": ([], [read(1, 2, seen=False)], [], ["lost"]),
    "no answer, and nothing written": ([unanswered(OUT, 1, 2)], [read(3, 4, seen=True)], [], []),
    "no answer, nothing written, and absent": ([unanswered(OUT, 1, 2)], [read(3, 4, seen=False)], [], ["lost"]),
    "no answer, and written": (
        [unanswered(OUT, 1, 2)],
        [read(3, 4, seen=True), read(5, 6, seen=False)],
        ledger(OUT),
        [],
    ),
    "no answer, written late": (
        [unanswered(IN, 1, 2), chose(OUT, 3, 4, 1)],
        [read(5, 6, seen=False), read(7, 8, seen=True)],
        ledger(OUT, IN),
        [],
    ),
    "it stands already, then seen": (
        [chose(OUT, 1, 2, 1), chose(OUT, 3, 4)],
        [read(5, 6, seen=True)],
        ledger(OUT),
        ["stale"],
    ),
    "it stands already, which is not so": ([chose(OUT, 1, 2)], [], [], ["lost"]),
    "smaller epoch, though later": (
        [chose(OUT, 1, 2, 2), chose(IN, 3, 4, 1)],
        [],
        ledger(IN, OUT),
        ["reordered"],
    ),
    "smaller epoch, beside": ([chose(OUT, 1, 4, 2), chose(IN, 2, 5, 1)], [], ledger(IN, OUT), []),
    "one epoch for two": ([chose(OUT, 1, 4, 1), chose(OUT, 2, 5, 1)], [], ledger(OUT), ["doubled"]),
    "told and gone": ([chose(OUT, 1, 2, 1)], [], [], ["forgotten"]),
    "told otherwise": ([chose(OUT, 1, 2, 1)], [], ledger(IN), ["forgotten"]),
    "nobody asked": ([], [], ledger(OUT), ["unasked"]),
    "asked once, written twice": ([unanswered(OUT, 1, 2)], [], ledger(OUT, OUT), ["unasked"]),
}


@pytest.mark.parametrize("case", CASES)
def test_checker_on_small_histories(case: str) -> None:
    choices, reads, written, kinds = CASES[case]
    assert [violation.kind for violation in check(choices, reads, written, 1).violations] == kinds


def test_one_person_is_not_held_against_another() -> None:
    choices = [Chose(0, OUT, 1, 2, 1), Chose(1, OUT, 3, 4, 2)]
    written = [Written(0, OUT, 1), Written(1, OUT, 2)]
    verdict = check(choices, [Read(5, 6, frozenset({1, 2}))], written, 3)
    assert [(each.kind, each.person) for each in verdict.violations] == [("stale", 1)]
    assert (verdict.operations, verdict.pairs, verdict.certain) == (3, 3, 3)


def explained(choices: list[Chose], reads: list[Read], written: list[Written]) -> bool:
    """Try every version for every read: does any way agree with what was certain, possible, and seen before?"""
    told = {choice.epoch: choice for choice in choices}
    states = [IN, *(one.present for one in written)]

    def fits(seen: Read, version: int) -> bool:
        later = [told[one.epoch] for one in written[version:]]
        sooner = [told[one.epoch] for one in written[:version]]
        return (
            states[version] is (0 in seen.seen)
            and all(choice.ended >= seen.started for choice in later)
            and all(choice.started < seen.ended for choice in sooner)
        )

    ways = product(*([v for v in range(len(states)) if fits(one, v)] for one in reads))
    return any(
        all(not reads[a].ended < reads[b].started or way[a] <= way[b] for a in range(len(way)) for b in range(len(way)))
        for way in ways
    )


@given(st.randoms(use_true_random=False))
def test_checker_agrees_with_trying_every_way(rng: Random) -> None:
    choices, at = [], 0
    for epoch in range(1, rng.randint(1, 5)):
        at += rng.randint(1, 4)  # each took effect at `at`, somewhere within its own time
        choices.append(chose(rng.random() < 0.5, at - rng.randint(1, 6), at + rng.randint(0, 6), epoch))
    reads = [
        read(start := rng.randint(-4, at + 4), start + rng.randint(1, 6), seen=rng.random() < 0.5)
        for _ in range(rng.randint(1, 4))
    ]
    written = ledger(*(choice.present for choice in choices))
    verdict = check(choices, reads, written, 1)
    assert (not verdict.violations) is explained(choices, reads, written)
