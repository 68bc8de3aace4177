"""Which standardiser made a value: stored with every blind index, because a changed form looks up nothing."""

from typing import Final

STANDARDISER_VERSION: Final = 2
"""Version 2 reads more numbers of organisations than version 1 (`register`), and all that version 1 read alike: a
value has one token in both, so look-ups find rows of either. A change of a result that was there would need both
tokens looked up, and a version beside these."""
