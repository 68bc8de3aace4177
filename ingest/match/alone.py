"""With how many carriers a key finds somebody alone: two who share a common name and no other key are two persons.

The more records share a key, the fewer of their pairs are one person: of those who share a first and a family name and
nothing else one in five is if two do, and one in five hundred if thirty do. So of the pairs of the training records
that share a key and no other, those of the most crowded blocks are looked at first, and less crowded ones as long as
hardly any is likely to be one person. What is left is with how many carriers the key counts alone; a key that finds
nobody even where two share it never does. Pairs that share more carriers' key and no other are not compared: nobody is
opened for them. (Choosing comparisons by the keys in common is the meta-blocking of Papadakis et al. 2014; here the
records say themselves what a key is worth.)
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.match.candidates import LARGEST_BLOCK, Carriers, packed, pairs_of_keys
from ingest.match.keys import keys_of
from ingest.match.spec import Spec

_WORTH_IT: Final = 0.01
"""Likely persons by pair below which a key is in vain: a hundred are compared for each that is found."""
_ENOUGH: Final = 1000
"""Pairs that share a key alone from which on they say what it is worth."""


def most_alone(records: pl.DataFrame, edges: pl.DataFrame, spec: Spec) -> dict[str, int]:
    """Say with how many carriers at most each key counts alone, 0 for never; keys that always do are left out.

    Args:
        records: in comparable form.
        edges: of their candidates, all that are likely: left, right (rows of `records`, left first), probability.
        spec: what they were compared by.

    """
    of_key = {name: (pairs, carriers) for name, pairs, carriers in pairs_of_keys(records, keys_of(spec))}
    pairs, times = np.unique(np.concatenate([pairs for pairs, _ in of_key.values()]), return_counts=True)
    alone = pairs[times == 1]
    ends = (edges[end].to_numpy().astype(np.uint64) for end in ("left", "right"))
    likely = pl.DataFrame({"pair": packed(*ends), "probability": edges["probability"]})
    found: dict[str, int] = {}
    for name, (mine, carriers) in of_key.items():
        single = np.isin(mine, alone, assume_unique=True)
        told = pl.DataFrame({"pair": mine[single]}).join(likely, on="pair", how="left", maintain_order="left")
        most = _most(carriers[single], told["probability"].fill_null(0.0).to_numpy())
        found |= {} if most == LARGEST_BLOCK else {name: most}
    return found


def _most(carriers: Carriers, probability: npt.NDArray[np.float64]) -> int:
    """Return with how many carriers the pairs of one key are worth comparing: 0 if all of them together are not.

    Else they are judged from the most carriers down, blocks of as many together with the next smaller ones until there
    are enough.
    """
    pairs = np.bincount(carriers, minlength=LARGEST_BLOCK + 1)
    persons = np.bincount(carriers, weights=probability, minlength=LARGEST_BLOCK + 1)
    if _in_vain(pairs.sum(), persons.sum()):
        return 0
    bound = size = LARGEST_BLOCK
    while size > 1:
        size -= 1
        some = slice(size + 1, bound + 1)
        if _in_vain(pairs[some].sum(), persons[some].sum()):
            bound = size
        elif pairs[some].sum() >= _ENOUGH:
            break
    return bound


def _in_vain(pairs: int, persons: float) -> bool:
    """Say that pairs are enough to tell, and that hardly any is one person."""
    return pairs >= _ENOUGH and persons < _WORTH_IT * pairs
