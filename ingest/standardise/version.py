"""Which standardiser made a value: stored with every blind index, because a changed form looks up nothing."""

from typing import Final

STANDARDISER_VERSION: Final = 1
"""Frozen form v1. Any change of a result below `ingest.standardise` is a new version beside this one."""
