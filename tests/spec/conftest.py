"""What the articles on requests are tried with: an office with people, copied for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import FixedClock
from tests.request_builders import Office, copied


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    with copied(tmp_path, clock) as found:
        yield found
