"""Fixtures of the crash tests."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.ingest_company import memory_folder


@pytest.fixture(scope="module")
def memory_root() -> Iterator[Path]:
    """A folder in memory for a module."""
    with memory_folder() as root:
        yield root


@pytest.fixture
def in_memory(memory_root: Path) -> Iterator[Path]:
    """A folder of its own for one test, gone after it."""
    folder = Path(tempfile.mkdtemp(dir=memory_root))
    yield folder
    shutil.rmtree(folder)
