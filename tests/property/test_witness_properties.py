"""Whatever is sent in whatever order, a witness's cosigned heads are consistent with one another."""

import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hub.witness.record import trust
from hub.witness.rules import SubmissionRefused
from hub.witness.witness import make_witness
from privacy.merkle import consistency_proof
from privacy.verifier import TreeHead, verify_consistency
from tests.builders import NOON
from tests.builders_log import ALog

LOG = ALog()
SIZES = st.integers(0, 24)
BRANCHES = st.builds(LOG.fork, st.integers(0, 24), st.integers(0, 3))
STEPS = st.lists(st.tuples(BRANCHES, SIZES, SIZES, st.booleans()), max_size=30)


@given(STEPS)
def test_cosigned_heads_are_one_history(steps: list[tuple[ALog, int, int, bool]]) -> None:
    cosigned: list[tuple[ALog, TreeHead]] = []
    with tempfile.TemporaryDirectory() as folder:
        witness = make_witness(Path(folder) / "witness", "witness.example/w1")
        trust(witness.folder, LOG.vkey)
        for log, old, new, honest in steps:
            last = cosigned[-1][1].size if honest and cosigned else old
            try:
                witness.add_checkpoint(log.body(last, new), at=NOON)
            except SubmissionRefused:
                continue
            cosigned.append((log, log.head(new)))
    for (_, older), (log, newer) in pairwise(cosigned):
        leaves = log.leaves(newer.size)
        verify_consistency(older, newer, consistency_proof(leaves, older.size))


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_not_crashed_on(body: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        witness = make_witness(Path(folder) / "witness", "witness.example/w1")
        trust(witness.folder, LOG.vkey)
        try:
            witness.add_checkpoint(body, at=NOON)
        except SubmissionRefused:
            return
    raise AssertionError("random bytes were cosigned")
