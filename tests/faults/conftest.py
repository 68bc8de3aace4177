"""Fixtures of the crash tests."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def memory_root() -> Iterator[Path]:
    """A folder in memory where there is one: kill -9 cannot tell it from a disk, and fsync costs nothing there."""
    root = Path(tempfile.mkdtemp(dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
    yield root
    shutil.rmtree(root)


@pytest.fixture
def in_memory(memory_root: Path) -> Iterator[Path]:
    """A folder of its own for one test, gone after it."""
    folder = Path(tempfile.mkdtemp(dir=memory_root))
    yield folder
    shutil.rmtree(folder)
