"""Canary tokens: words that mean nothing, occur nowhere, and betray every copy of themselves.

How a token is made, and why:
- ASCII letters only, capitalised like a name, so that it survives name standardisation (NFKC, casefold,
  folding of accents, dropping of particles) and comes out as its own lower case, which is a form the scanner
  looks for;
- the same four letters first (`PREFIX`, a run no Nordic, German or English word has), so that a person can
  grep for them;
- twelve letters from a SHA-256 of seed and number: 48 bits, so 10,000 tokens in one home collide with
  probability 2e-7, and no ciphertext ever contains one by chance (16 bytes, 2**-128 an offset);
- reproducible: a test that fails can be run again with the same words.

`accented_token` ends in letters that standardisers, code pages and escapes each treat differently: it is the
one that tells a folded, NFD, Latin-1, URL or JSON copy from a plain one. Plant both kinds.

Values that must pass a check digit or a numbering plan (national ids, phone numbers, organisation numbers)
cannot be made here: pass the plain digits that were planted. They need at least eight; prefer eleven or more,
since eight digits turn up by chance in decimal text (see `tests.canary.scanner`).
"""

import hashlib
from typing import Final

PREFIX: Final = "zqxj"
ACCENTS: Final = "oøå"  # `oø` puts a `/` into base64, `å` has a decomposition, `ø` has none
LETTERS: Final = "bcdfghklmnprstvw"  # sixteen, so that a byte picks without bias; no vowel, so no real word


def token(seed: str, n: int) -> str:
    """Make the n-th word of a seed: sixteen letters, the first one a capital."""
    digest = hashlib.sha256(f"{seed}:{n}".encode()).digest()
    return (PREFIX + "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:12])).capitalize()


def accented_token(seed: str, n: int) -> str:
    """Make the n-th word of a seed with Nordic letters at its end: nineteen letters."""
    return token(seed, n) + ACCENTS
