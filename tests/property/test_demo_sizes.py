from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.demo.company import generate
from hub.demo.exports import write_exports

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6), people=st.integers(1, 30), organisations=st.integers(0, 6))
@example(seed=0, people=1, organisations=0)
@example(seed=1, people=1, organisations=0)  # nobody reads the newsletter
def test_a_company_of_any_size_is_whole(seed: int, people: int, organisations: int) -> None:
    company = generate(seed, people, organisations=organisations, until=UNTIL)
    truth = company.truth
    assert truth.people.height == people
    assert truth.organisations.height == organisations
    for events in (truth.orders, truth.usage, truth.tickets, truth.journeys, truth.outcomes, truth.feedback):
        assert events.filter((events["at"] >= UNTIL) | (events["at"] < UNTIL - timedelta(days=790))).is_empty()
    with TemporaryDirectory() as folder:
        exports = write_exports(company, Path(folder))
        headed = [export.file_path for export in exports if export.file_path.suffix != ".ndjson"]
        assert all(path.stat().st_size for path in headed)  # an NDJSON without rows is an empty file
        assert len({export.file_path for export in exports}) == len(exports) - 1  # one file is read twice
