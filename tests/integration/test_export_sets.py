"""What was worked out of a set of records is told of the set that somebody is today, and of no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import FixedClock
from tests.integration.test_export import put
from tests.request_builders import Office, copied, of_the_present_set


@pytest.fixture
def small(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    with copied(tmp_path, clock) as found:
        yield found


@pytest.mark.parametrize("name", ["scores", "snapshots"])
def test_what_was_worked_out_of_another_set_of_records_is_not_told(small: Office, name: str) -> None:
    now = of_the_present_set(small, "shop:k3", name)["crosswalk_revision"]
    put(small, name, person=bytes(small.record("shop:k3")), crosswalk_revision=now - 1)
    assert name not in small.told("shop:k3")["lake"]
