"""Keys by which alone nobody is found: two who share a first name and a town and no other key are two persons.

A key is weak where, of the pairs of the training records that share it and no other, hardly any is likely to be one
person. Pairs that share a weak key alone are not compared: nobody is opened for them. (Choosing comparisons by the keys
in common is the meta-blocking of Papadakis et al. 2014; here the records say themselves what a key is worth.)
"""

from typing import Final

import numpy as np
import polars as pl

from ingest.match.candidates import packed, pairs_of_keys
from ingest.match.keys import keys_of
from ingest.match.spec import Spec

_WORTH_IT: Final = 0.01
"""Likely persons by pair below which a key is weak: a hundred are compared in vain for each that is found."""
_ENOUGH: Final = 1000
"""Pairs that share a key alone from which on they say what it is worth."""


def weak_keys(records: pl.DataFrame, edges: pl.DataFrame, spec: Spec) -> tuple[str, ...]:
    """Name the keys that are weak, in the order of the spec.

    Args:
        records: in comparable form.
        edges: of their candidates, all that are likely: left, right (rows of `records`, left first), probability.
        spec: what they were compared by.

    """
    of_key = dict(pairs_of_keys(records, keys_of(spec)))
    pairs, times = np.unique(np.concatenate(list(of_key.values())), return_counts=True)
    alone = pairs[times == 1]
    ends = (edges[end].to_numpy().astype(np.uint64) for end in ("left", "right"))
    likely, at = packed(*ends), edges["probability"].to_numpy()
    found = []
    for name, mine in of_key.items():
        single = mine[np.isin(mine, alone, assume_unique=True)]
        expected = float(at[np.isin(likely, single)].sum())
        if single.size >= _ENOUGH and expected < _WORTH_IT * single.size:
            found.append(name)
    return tuple(found)
